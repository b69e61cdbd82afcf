#!/bin/sh
# Ends the web server that an earlier deployment started.
set -eu
. "$(dirname "$0")/site.sh"

if [ -f "$PID_FILE" ]; then
  pid=$(cat "$PID_FILE")
  kill "$pid" 2>/dev/null || true
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  rm -f "$PID_FILE"
fi
echo "Stopped"
