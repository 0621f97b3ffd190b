#!/bin/sh
# Prints the folder of the Python environment: .venv in the checkout, or, when root works in a folder that other users may not
# enter, one under /var/lib: the embedded PostgreSQL refuses to run as root, and its own user must reach the programs.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$here
if [ "$(id -u)" = 0 ]; then
    while [ "$folder" != / ]; do
        case $(stat -c %A "$folder") in
            *[xt]) ;;
            *) echo "/var/lib/cuntong/venv-$(printf %s "$here" | cksum | cut -d' ' -f1)"; exit 0 ;;
        esac
        folder=$(dirname "$folder")
    done
fi
echo .venv
