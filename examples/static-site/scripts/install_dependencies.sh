#!/bin/sh
# The site needs Node and nothing else.
set -eu
command -v node >/dev/null || { echo "node is not installed on this host" >&2; exit 1; }
echo "Node $(node --version) is there"
