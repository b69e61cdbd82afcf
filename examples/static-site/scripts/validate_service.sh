#!/bin/sh
# The deployment succeeds once the page is served.
set -eu
. "$(dirname "$0")/site.sh"
i=0
while [ $i -lt 50 ]; do
  if node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$URL"; then
    echo "$URL answers"
    exit 0
  fi
  i=$((i + 1))
  sleep 0.2
done
echo "$URL does not answer; the server's log:" >&2
cat "$SITE.log" >&2
exit 1
