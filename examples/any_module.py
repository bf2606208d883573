"""What a PyTorch module of any making costs; or `archscape profile any_module.py:make --input 3x64x64`."""

from __future__ import annotations

from torch import Tensor, nn

import archscape


class Patches(nn.Module):
    """Patches of 8x8 pixels that attend to each other (Dosovitskiy et al. 2021)."""

    def __init__(self, width: int = 64, heads: int = 4, depth: int = 2, classes: int = 10) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, width, 8, stride=8)
        self.blocks = nn.Sequential(
            *(nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True) for _ in range(depth))
        )
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        tokens = self.blocks(self.embed(x).flatten(2).mT)
        logits: Tensor = self.head(tokens.mean(1))
        return logits


def make() -> nn.Module:
    """Return the module that `archscape profile` is to count."""
    return Patches()


if __name__ == "__main__":
    found = archscape.profile(make(), input=(3, 64, 64))
    print(f"{found.params:,} parameters, {found.macs:,} macs; lower bounds: {', '.join(found.lower_bounds)}")
    for layer in sorted(found.layers, key=lambda layer: -layer.macs)[:3]:
        print(f"{layer.name:30} {layer.op:25} {layer.macs:>12,}")
