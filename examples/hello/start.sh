#!/bin/sh
# One page that says which change runs in which stage. Sluice gives PORT and HOST, and the SLUICE_… variables.
set -eu
mkdir -p /tmp/www
sed -e "s/@STAGE@/$SLUICE_STAGE/g" -e "s/@CHANGE@/$SLUICE_CHANGE/g" -e "s/@COMMIT@/$SLUICE_COMMIT/g" page.html >/tmp/www/index.html
echo "hello from $SLUICE_STAGE, change $SLUICE_CHANGE"
exec busybox httpd -f -p "$HOST:$PORT" -h /tmp/www
