#!/bin/sh
# Set up or repair .venv and node_modules; at once when nothing changed. PYTHON=… and NODE=… choose the interpreters.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${PYTHON-}${NODE-}" ] && [ -x .venv/bin/python ] && .venv/bin/python -I tools/setup.py --check 2>/dev/null; then
    exit 0
fi
python=$(sh tools/find.sh python)
node=$(sh tools/find.sh node)
exec "$python" -I tools/setup.py --node "$node"
