#!/bin/sh
# Start a Python module with locked packages.
# Usage: python_command.sh LOCK FOLDER/MODULE/__init__.py MODULE [ARGUMENT...]
#
# The virtual environment is made once for each lock file and Python, in xnnkit's cache. pip takes
# only what the lock's hashes allow, and only wheels: no code of a package runs while it is set up.
# What is there already is run only when nobody but its user can have put it there.
set -eu
lock=$1 main=$2 module=$3
shift 3

refuse() {
    printf '%s\n' "$1" >&2
    [ -z "$2" ] || printf '  why:   %s\n' "$2" >&2
    printf '  fix:   %s\n' "$3" >&2
    exit 3
}

usable() {
    "$1" -I -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Belongs to the user, and not everybody may write there.
trusted() {
    case $(stat -L -c '%u %A' -- "$1") in
        "$(id -u) "????????-?) ;;
        *) refuse "the Python packages in $1 are not trusted" \
            "it belongs to somebody else, or everybody may write there; what it holds would be run" \
            "XNNKIT_CACHE=/a/folder/of/yours, or chown and chmod o-w that one" ;;
    esac
}

python=
for name in "${XNNKIT_PYTHON:-}" python3.13 python3.12 python3.11 python3; do
    if [ -n "$name" ] && usable "$name"; then
        python=$name
        break
    fi
done
[ -n "$python" ] || refuse "no Python of at least 3.11 with its module venv" \
    "the command is written for it; nothing that is built needs it" \
    "apt-get install -y python3-venv, or XNNKIT_PYTHON=/path/to/python3"

base=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
cache=${XNNKIT_CACHE:-${base:+$base/xnnkit}}
[ -n "$cache" ] || refuse "no folder for Python packages" \
    "neither HOME nor XNNKIT_CACHE is set; a folder that others can write to is not run from" \
    "HOME=/your/home, or XNNKIT_CACHE=/a/folder/of/yours"
key=$({ cat "$lock"; "$python" -I -c 'import sys; print(sys.version, sys.executable)'; } | sha256sum)
venv=$cache/python/${key%% *}

(umask go-w && mkdir -p "$cache/python") ||
    refuse "no folder for Python packages" "$cache/python cannot be made, see above" \
        "XNNKIT_CACHE=/a/folder/of/yours"
trusted "$cache/python"

if [ ! -f "$venv/READY" ]; then
    new=$(mktemp -d "$cache/python/.new.XXXXXX")
    trap 'rm -rf "$new"' EXIT INT TERM
    printf 'setting up Python packages in %s\n' "$venv" >&2
    "$python" -I -m venv "$new" >&2 ||
        refuse "no virtual environment can be made" "python's venv failed, see above" \
            "apt-get install -y python3-venv"
    "$new/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: -r "$lock" >&2 ||
        refuse "Python packages could not be installed" \
            "pip failed, see above; it asks the index that pip's own configuration names" \
            "check the network and pip config list, then type the same again"
    : >"$new/READY"
    # Whoever comes second finds the other's, which is the same.
    mv -T "$new" "$venv" 2>/dev/null || [ -f "$venv/READY" ] ||
        refuse "the Python packages cannot be put in place" "$venv is in the way" "rm -r '$venv'"
    trap - EXIT INT TERM
    rm -rf "$new"
fi
trusted "$venv"

[ -z "${BUILD_WORKING_DIRECTORY:-}" ] || cd "$BUILD_WORKING_DIRECTORY"

# Isolated: no PYTHONPATH, no user's packages, nothing of the directory it is started in.
exec "$venv/bin/python" -I -X "pycache_prefix=$venv/pycache" -c '
import os, runpy, sys
main, module = sys.argv[1:3]
sys.argv[:] = [module, *sys.argv[3:]]
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(main))))
runpy.run_module(module, run_name="__main__", alter_sys=True)
' "$main" "$module" "$@"
