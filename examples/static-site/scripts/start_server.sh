#!/bin/sh
# Starts the web server in the background and leaves its process id for stop_server.sh.
set -eu
. "$(dirname "$0")/site.sh"
nohup node "$SITE/server.mjs" >"$SITE.log" 2>&1 </dev/null &
echo $! >"$PID_FILE"
echo "Started on $URL"
