#!/bin/sh
# Recompile the hashed requirement files from pyproject.toml. Needs uv (pip install uv). No address of a registry is written.
#   scripts/lock.sh [--upgrade]
set -eu
cd "$(dirname "$0")/.."
lock() {
    out=$1; shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
        --no-header --no-annotate pyproject.toml "$@" -o "$out"
}
lock requirements.txt --extra fast --group build "$@"
lock requirements-dev.txt --extra fast --group build --group dev --constraint requirements.txt "$@"
