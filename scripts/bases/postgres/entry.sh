#!/bin/sh
# Makes the cluster on the first start, then becomes the server (exec: PID 1 gets the stop signal).
set -eu
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
cluster=$PGDATA/cluster
if [ ! -d "$cluster" ]; then
  # Made aside and renamed whole: a first start that is cut short leaves nothing that the next one would take for a cluster.
  rm -rf "$PGDATA/.making"
  printf '%s\n' "${POSTGRES_PASSWORD:-postgres}" >/tmp/password
  initdb -D "$PGDATA/.making" -U "$user" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 \
    -E UTF8 --locale=C --no-sync >/dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/.making/pg_hba.conf"
  if [ "$database" != postgres ]; then
    echo "CREATE DATABASE \"$database\"" | postgres --single -D "$PGDATA/.making" postgres >/dev/null
  fi
  mv "$PGDATA/.making" "$cluster"
fi
exec postgres -D "$cluster" -c listen_addresses='*' -c unix_socket_directories=/tmp -c jit=off "$@"
