# What every script here needs to know; edit, and export ARCHSCAPE_STORAGE to override.
# The password stays out of it: libpq, which psycopg uses, reads it from ~/.pgpass (chmod 600),
#   HOST:5432:searches:archscape:PASSWORD
STUDY=digits-cluster
STORAGE=${ARCHSCAPE_STORAGE:-postgresql://archscape@HOST:5432/searches}
# On a file system that all machines share, a trial goes on elsewhere from the checkpoint it had.
OUT=${ARCHSCAPE_OUT:-$HOME/runs/$STUDY}
