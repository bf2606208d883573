"""The texture network of the catalog against the module that its paper describes, written by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.spaces import Network, load_network
from archscape.spaces.testing import check_export, check_graph, check_tracing, images

SCALES = 5
"""Resolutions of the noise (Ulyanov et al. 2016, section 4.2)."""


class ConvBlock(nn.Sequential):
    """Convolutions 3x3, 3x3 and 1x1, each with batch norm and leaky ReLU; borders wrap around."""

    def __init__(self, inputs: int, width: int) -> None:
        layers: list[nn.Module] = []
        for kernel in (3, 3, 1):
            mode = "circular" if kernel == 3 else "zeros"
            conv = nn.Conv2d(inputs, width, kernel, padding=kernel // 2, padding_mode=mode)
            layers += [conv, nn.BatchNorm2d(width), nn.LeakyReLU(0.01)]
            inputs = width
        super().__init__(*layers)


class Join(nn.Module):
    """The coarser map, enlarged, and a noise tensor side by side, each with batch norm; then a block."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.coarse = nn.BatchNorm2d(inputs)
        self.noise = ConvBlock(3, 8)
        self.fine = nn.BatchNorm2d(8)
        self.block = ConvBlock(inputs + 8, inputs + 8)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        coarse = self.coarse(F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.block(torch.cat([self.fine(self.noise(z)), coarse], 1))  # type: ignore[no-any-return]


class TextureNetwork(nn.Module):
    """The generator: 8 channels at the coarsest resolution, 8 more at each that follows."""

    def __init__(self) -> None:
        super().__init__()
        self.start = ConvBlock(3, 8)
        self.joins = nn.ModuleList([Join(8 * scale) for scale in range(1, SCALES)])
        self.image = nn.Conv2d(8 * SCALES, 3, 1)

    def forward(self, *noise: Tensor) -> Tensor:
        x = self.start(noise[0])
        for join, z in zip(self.joins, noise[1:], strict=True):
            x = join(x, z)
        return self.image(x)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network("texture-network")


@pytest.fixture(scope="module")
def small(network: Network) -> Network:
    return network.at(input={name: (3, n // 4, n // 4) for name, (_, n, _) in network.inputs.items()})


def test_it_reads_noise_at_five_resolutions_and_gives_an_image(network: Network) -> None:
    assert network.input_shapes == tuple((3, 16 * 2**scale, 16 * 2**scale) for scale in range(SCALES))
    assert network.body.shape == (3, 256, 256)
    assert network.totals.params == sum(p.numel() for p in TextureNetwork().parameters()) == 71_659


def test_it_computes_what_the_paper_describes(small: Network) -> None:
    ours, theirs = small.build().eval(), TextureNetwork().eval()
    state = {name: torch.rand_like(value) for name, value in ours.state_dict().items() if value.ndim}
    ours.load_state_dict(state, strict=False)
    keys = [name for name, value in theirs.state_dict().items() if value.ndim]
    theirs.load_state_dict(dict(zip(keys, state.values(), strict=True)), strict=False)
    noise = images(small, batch=2)
    torch.testing.assert_close(ours(*noise), theirs(*noise))


def test_its_texture_wraps_around(small: Network) -> None:
    module, noise = small.build().eval(), images(small)
    rolled = [z.roll(z.shape[-1] // 4, -1) for z in noise]
    torch.testing.assert_close(module(*rolled), module(*noise).roll(16, -1))


def test_tools_take_it(small: Network) -> None:
    for law in (check_graph, check_export, check_tracing):
        law(small)
