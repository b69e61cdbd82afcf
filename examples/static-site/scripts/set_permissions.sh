#!/bin/sh
# Anyone may read the pages; only the owner may change them.
set -eu
. "$(dirname "$0")/site.sh"
chmod -R go+rX,go-w "$SITE"
echo "Installed revision $(cat "$SITE/revision.txt")"
