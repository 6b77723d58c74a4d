# Sourced by ./quickstart and ./check: a Python, the system packages, and a virtual environment.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

die() { # what, why, fix
  say "$1"
  [ -n "${2:-}" ] && say "  why:   $2"
  [ -n "${3:-}" ] && say "  fix:   $3"
  exit 3
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo -n "$@"; else return 1; fi
}

# Install what is missing: PROGRAM:PACKAGE ...
need_programs() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ ${#missing[@]} = 0 ] && return 0
  say "installing ${missing[*]}"
  command -v apt-get >/dev/null ||
    die "missing: ${missing[*]}" "this is no Debian or Ubuntu, so they cannot be installed here" "install them, then run this again"
  if ! { as_root apt-get -qq update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >&2; then
    die "missing: ${missing[*]}" "apt-get could not install them" "apt-get install -y ${missing[*]}"
  fi
}

find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

# make_venv DIRECTORY STAMP-FILE... -- PIP-ARGUMENTS...: made again when a stamp file changes.
make_venv() {
  local venv=$1 key files=() python
  shift
  while [ "$1" != -- ]; do files+=("$1"); shift; done
  shift
  python=$(find_python) || {
    need_programs python3.11:python3
    python=$(find_python) || die "no Python of at least 3.11" "xnnkit is written for it" "apt-get install -y python3.11 python3.11-venv"
  }
  key=$({ "$python" --version; pwd; cat "${files[@]}"; } | sha256sum)
  [ -f "$venv/stamp" ] && [ "$(cat "$venv/stamp")" = "$key" ] && return 0
  say "setting up Python packages in ${venv#"$PWD"/}"
  rm -rf "$venv"
  if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
    # Debian keeps venv in a package of its own.
    as_root apt-get -qq install -y python3-venv >&2 || true
    "$python" -m venv "$venv" >&2 || die "no virtual environment can be made" "python's venv module is missing" "apt-get install -y python3-venv"
  fi
  "$venv/bin/python" -m pip install -q --disable-pip-version-check "$@" >&2 ||
    die "Python packages could not be installed" "pip failed, see above" "check pip's index configuration, then run this again"
  printf '%s' "$key" >"$venv/stamp"
}
