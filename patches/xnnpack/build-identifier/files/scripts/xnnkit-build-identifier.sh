#!/bin/sh
# Usage: xnnkit-build-identifier.sh LIST OUTPUT
# LIST names the sources, one a line; OUTPUT is C that defines their fingerprint: the sha256 of the
# sorted sha256 of every source. Names do not count, so the place of the sources does not either.
set -eu

digest=$(xargs sha256sum <"$1" | cut -d' ' -f1 | LC_ALL=C sort | sha256sum | cut -d' ' -f1)
bytes=$(printf '%s' "$digest" | sed 's/../0x&, /g')

cat >"$2" <<EOF
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const uint8_t fingerprint[] = {$bytes};

size_t xnn_experimental_get_build_identifier_size(void) { return sizeof(fingerprint); }

const void* xnn_experimental_get_build_identifier_data(void) { return fingerprint; }

bool xnn_experimental_check_build_identifier(const void* data, size_t size) {
  return size == sizeof(fingerprint) && memcmp(data, fingerprint, size) == 0;
}
EOF
