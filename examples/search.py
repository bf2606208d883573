"""A search from Python: four networks, one epoch each. `python examples/search.py`."""

from archscape.search import run

results = run(
    search="four",
    space="digits",
    data="cluttered-digits",
    recipe={"epochs": 1},
    objectives={"accuracy": "maximize", "macs": "minimize"},
    within={"params": "..200k"},
    trials=4,
)
print(results.frame()[["number", "status", "accuracy", "params", "macs"]].to_string(index=False))
print(results.closing)
