# Where the site lives and listens. Sourced by the hooks.
# A host may place absolute paths under a root of its own and give the site an address; on a machine of its own neither is set.
SITE="${SLIPWAY_HOST_ROOT:-}/var/www/static-site"
PID_FILE="$SITE.pid"
export ADDRESS="${SLIPWAY_HOST_ADDRESS:-0.0.0.0}"
export PORT="${SLIPWAY_HOST_PORT:-8080}"
URL="http://${SLIPWAY_HOST_ADDRESS:-127.0.0.1}:$PORT/"
