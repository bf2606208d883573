"""A search from Python: four networks, one epoch each. `python examples/search.py`."""

from dataclasses import replace
from pathlib import Path

from archscape.search import read_job, run

job = read_job(Path(__file__).with_name("digits.yaml"))
job = replace(job, search="four", trials=4, workers=1, recipe=replace(job.recipe, epochs=1))

results = run(job, out=Path("runs", "four"))
print(results.trials[["number", "status", "accuracy", "params", "macs"]].to_string(index=False))
