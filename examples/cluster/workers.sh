#!/bin/bash
# Workers on machines that can be reached with ssh, some on each:  ./workers.sh HOST...
# Each loop ends when the study is done, or was stopped with `archscape study stop`.
set -eu
cd "$(dirname "$0")"
. ./settings.sh
PER_HOST=${PER_HOST:-2}

command="archscape worker --study $STUDY --storage $STORAGE --out $OUT"
# A worker that dies is started again after a pause; 0 is the end of the study, 2 a mistake in the command.
loop="while :; do $command; case \$? in 0|2) break;; esac; sleep 10; done"

for host in "$@"; do
  for i in $(seq "$PER_HOST"); do
    ssh -n "$host" "mkdir -p '$OUT' && nohup setsid bash -lc '$loop' >> '$OUT/$host-$i.out' 2>&1 &"
  done
done
