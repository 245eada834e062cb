#!/bin/sh
# Print the path of a fitting interpreter: `find.sh python` (CPython 3.13 with venv) or `find.sh node` (20 or newer, with npm).
# Every candidate is run, since a version manager's shim can exist and still fail. Only shell built-ins are used, so an
# empty PATH is no obstacle. TUNEDROP_SYSROOT is put before the fixed places (for the tests).
set -u
home=${HOME:-/nonexistent}
root=${TUNEDROP_SYSROOT-}
near_miss=

# What the probes print is compared, not their exit status: some shims exit 0 after printing an error.
PYTHON_PROBE='
import sys, sysconfig
fits = sys.version_info[:2] == (3, 13) and sys.implementation.name == "cpython"
if fits and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    try:
        import ensurepip, venv
        print("fits")
    except ImportError:
        print("no venv")
'

try_python() {
    [ -f "$1" ] && [ -x "$1" ] || return 1
    case $("$1" -I -c "$PYTHON_PROBE" </dev/null 2>/dev/null) in
        fits) printf '%s\n' "$1"; exit 0 ;;
        'no venv') near_miss="$1 is Python 3.13 without venv (on Debian and Ubuntu: apt install python3.13-venv)" ;;
    esac
    return 1
}

try_node() {
    [ -f "$1" ] && [ -x "$1" ] || return 1
    major=$("$1" -p 'process.versions.node.split(".")[0]' </dev/null 2>/dev/null) || return 1
    case $major in '' | *[!0-9]*) return 1 ;; esac
    [ "$major" -ge 20 ] || return 1
    if [ -x "${1%/*}/npm" ]; then printf '%s\n' "$1"; exit 0; fi
    near_miss="$1 is Node $major without npm beside it"
    return 1
}

# Call $1 with each NAME in each folder of PATH; $2… are the names, best first.
search_path() {
    try=$1
    shift
    for name in "$@"; do
        old_ifs=$IFS
        IFS=:
        for folder in ${PATH-}; do
            IFS=$old_ifs
            "$try" "${folder:-.}/$name"
        done
        IFS=$old_ifs
    done
}

# Call $1 with each path that follows; a pattern that matched nothing is no file and is passed over.
search_places() {
    try=$1
    shift
    for place in "$@"; do "$try" "$place"; done
}

find_python() {
    if [ -n "${PYTHON-}" ]; then
        chosen=$(command -v "$PYTHON") && try_python "$chosen"
        echo "PYTHON=$PYTHON is not a CPython 3.13 that runs and has venv${near_miss:+: $near_miss}" >&2
        exit 1
    fi
    search_path try_python python3.13 python3 python
    search_places try_python \
        "${PYENV_ROOT:-$home/.pyenv}"/versions/3.13*/bin/python \
        "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$home/.local/share}/uv/python}"/cpython-3.13*/bin/python3.13 \
        "$home"/.asdf/installs/python/3.13*/bin/python \
        "${MISE_DATA_DIR:-$home/.local/share/mise}"/installs/python/3.13*/bin/python \
        "$home/.local/bin/python3.13" \
        "$root/opt/homebrew/opt/python@3.13/bin/python3.13" "$root/usr/local/opt/python@3.13/bin/python3.13" \
        "$root/home/linuxbrew/.linuxbrew/bin/python3.13" "$root/opt/homebrew/bin/python3.13" \
        "$root/usr/local/bin/python3.13" "$root"/opt/*/bin/python3.13 "$root/usr/bin/python3.13" \
        "$root/Library/Frameworks/Python.framework/Versions/3.13/bin/python3.13"
    remedy="install it (for instance: uv python install 3.13) or name it: make setup PYTHON=/path/to/python3.13"
    echo "tunedrop needs Python 3.13: ${near_miss:-none was found}; $remedy" >&2
    exit 1
}

find_node() {
    if [ -n "${NODE-}" ]; then
        chosen=$(command -v "$NODE") && try_node "$chosen"
        echo "NODE=$NODE is not a Node 20 or newer that runs and has npm${near_miss:+: $near_miss}" >&2
        exit 1
    fi
    search_path try_node node nodejs
    search_places try_node \
        "${NVM_DIR:-$home/.nvm}"/versions/node/*/bin/node \
        "${VOLTA_HOME:-$home/.volta}"/tools/image/node/*/bin/node "${VOLTA_HOME:-$home/.volta}/bin/node" \
        "${FNM_DIR:-$home/.local/share/fnm}"/node-versions/*/installation/bin/node \
        "$home"/.asdf/installs/nodejs/*/bin/node \
        "${MISE_DATA_DIR:-$home/.local/share/mise}"/installs/node/*/bin/node \
        "$root/opt/homebrew/bin/node" "$root/home/linuxbrew/.linuxbrew/bin/node" \
        "$root/usr/local/bin/node" "$root"/opt/*/bin/node "$root/usr/bin/node"
    remedy="install it (for instance: nvm install 22) or name it: make setup NODE=/path/to/node"
    echo "tunedrop needs Node 20 or newer with npm: ${near_miss:-none was found}; $remedy" >&2
    exit 1
}

case ${1-} in
    python) find_python ;;
    node) find_node ;;
    *) echo "usage: find.sh python|node" >&2; exit 2 ;;
esac
