#!/bin/sh
# Installs the application from a checkout into PREFIX: what the image does, without an image too.
# usage: deploy/install.sh PREFIX [PYTHON]     needs Python 3.11 to 3.14 with its venv module
set -eu
prefix=${1:?give the folder to install into}
python=${2:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)

mkdir -p "$prefix/app"
for part in audience_impact flows schemas data/facts data/stop pyproject.toml README.md LICENSE; do
    mkdir -p "$prefix/app/$(dirname "$part")"
    cp -R "$here/$part" "$prefix/app/$(dirname "$part")/"
done
"$python" -m venv --clear "$prefix/venv"
pip="$prefix/venv/bin/python -m pip --quiet --disable-pip-version-check --no-input"
$pip install --no-cache-dir --require-hashes --no-deps --requirement "$here/requirements-run.lock"
$pip install --no-deps --no-build-isolation --editable "$prefix/app"
# Nothing is installed later: what only installing needs goes, and modules are compiled now,
# since whoever runs them may not write here.
$pip uninstall --yes hatchling pip
"$prefix/venv/bin/python" -m compileall -q "$prefix/app" "$prefix/venv/lib" >/dev/null || true
