"""A worker whose evaluations take random times: `perturbed.py FOLDER SAMPLER TRIALS SEED [--die NUMBER]`.

It trains nothing: what a network scores follows from its hash. Trials are stopped early by halving. With
`--die`, the first of the folder's workers that starts the trial of that number kills itself.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from archscape.search.pruners.halving import Halving
from archscape.search.samplers import make_sampler
from archscape.search.shutdown import Shutdown
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.evaluator import Context
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.search.workers.worker import Worker
from archscape.spaces import Network, Space

EPOCHS = 9
folder, sampler, trials, seed, *die = sys.argv[1:]
clock = random.Random(seed)


def evaluate(network: Network, context: Context) -> Result:
    if die and context.lease.number == int(die[1]):
        with suppress(FileExistsError):
            Path(folder, "died").touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
    score = int(context.lease.hash, 16) % 1000 / 1000
    for epoch in range(1, EPOCHS + 1):
        time.sleep(clock.choice([0, 0, 0, 0.02]))  # a stand-in for training
        metrics = {"accuracy": score * epoch / EPOCHS, **context.lease.costs}
        if not context.report(epoch, metrics):
            return context.result(status="pruned", metrics=metrics)
    return context.result(status="complete", metrics=metrics)


with Study.open(Path(folder)) as study:
    plan = SearchPlan(
        space=Space.from_yaml(study.settings["space"]),
        sampler=replace(make_sampler(sampler), startup=3),  # type: ignore[call-arg]
        trials=int(trials),
        seed=0,
        pruner=Halving().pruner(study.objectives, EPOCHS),
    )
    logs = Path(folder, "logs")
    logs.mkdir(exist_ok=True)
    source = TrialSource(
        name=f"w{seed}", plan=plan, study=study, logs=logs, notify=lambda event: None, shutdown=Shutdown()
    )
    Worker(source=source, evaluate=evaluate).run()
