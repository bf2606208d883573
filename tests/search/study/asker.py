"""A process of its own that asks a study for trials: `asker.py FOLDER TRIALS` prints the numbers that it got.

It asks until the study is full, then waits for its standard input to close while it holds its last trial, or,
with `--die`, kills itself with the first one in its hands.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from archscape.search.samplers.random import RandomSampler
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import Space

folder, trials, *flags = sys.argv[1:]
space = Space.from_yaml(Path(folder, "space.yaml").read_text())
plan = replace(SearchPlan(space=space, sampler=RandomSampler(), trials=0, seed=0), trials=int(trials))
with Study.open(Path(folder)) as study:
    while lease := study.ask_unique(plan.propose, Owner.current(), trials=plan.trials):
        print(lease.number, lease.hash, flush=True)
        if "--die" in flags:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.read()
