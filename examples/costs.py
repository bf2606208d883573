"""What a network costs, and where: `python examples/costs.py`."""

import archscape

costs = archscape.profile(archscape.load("mobilenetv2"))
heaviest = max(costs.layers, key=lambda layer: layer.macs)

print(f"{costs.params:,} parameters, {costs.macs:,} MACs, {costs.activations:,} activations")
print(f"the heaviest layer is {heaviest.name}: {heaviest.macs / costs.macs:.1%} of the MACs")
