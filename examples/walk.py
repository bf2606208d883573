"""A walk of one's own through a space: more parameters within 20 M MACs. `python examples/walk.py`."""

from random import Random

from archscape import load_space

space = load_space("cifar").tighten({"macs": "..20M"})
here = space.sample(Random(0))
print(f"start: {here.totals.params:,} parameters, {here.totals.macs:,} MACs")

while True:
    best = max(space.neighbours(here.decisions), key=lambda sample: sample.totals.params)
    if best.totals.params <= here.totals.params:
        break
    here = best

print(f"end:   {here.totals.params:,} parameters, {here.totals.macs:,} MACs")
print(here.network.to_yaml())
