#!/bin/bash
# A PostgreSQL server of your own, without an administrator, on a machine that all workers reach.
#   ./postgres.sh          begins it, or starts it again, and prints the address for --storage
#   pg_ctl -D DATA stop    stops it; workers wait up to 15 minutes for it to come back
# Its programs come with the package postgresql (Debian), or with `conda install postgresql`.
set -eu
DATA=${ARCHSCAPE_DATA:-$HOME/archscape-postgres}  # on a disk of this machine
PORT=${ARCHSCAPE_PORT:-5432}
PASSWORDS=${PGPASSFILE:-$HOME/.pgpass}
PATH="$(pg_config --bindir 2> /dev/null || ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH"

if [ ! -d "$DATA" ]; then
  umask 077
  password=$(head -c 24 /dev/urandom | base64 | tr -d '/+=')
  initdb -D "$DATA" -U archscape -A scram-sha-256 --pwfile=<(echo "$password") -E UTF8 --locale=C > /dev/null
  cat >> "$DATA/postgresql.conf" <<END
listen_addresses = '*'
port = $PORT
unix_socket_directories = '$DATA'
max_connections = 500          # a worker and its head hold up to four
END
  # Everybody who has the password and reaches the machine; narrow `all` to the addresses of your workers.
  echo "host searches archscape all scram-sha-256" >> "$DATA/pg_hba.conf"
  echo "*:$PORT:*:archscape:$password" >> "$PASSWORDS"  # libpq finds the password here; copy it to the workers
  chmod 600 "$PASSWORDS"
fi

pg_ctl status -D "$DATA" > /dev/null || pg_ctl start -w -D "$DATA" -l "$DATA/server.log" > /dev/null
psql="psql -X -q -h $DATA -p $PORT -U archscape"
[ "$($psql -d postgres -tAc "SELECT count(*) FROM pg_database WHERE datname = 'searches'")" = 1 ] ||
  $psql -d postgres -c 'CREATE DATABASE searches'
echo "postgresql://archscape@$(hostname -f):$PORT/searches"
