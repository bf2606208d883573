"""The network in network."""

from __future__ import annotations

from archscape.spaces import Network, Row
from archscape.spaces.codegen.build import build

NIN = """
network: nin
input: 3x32x32
defaults: {norm: none}
layers:
  - mlpconv: {width: 96, kernel: 5, inner: [192, 160]}
  - maxpool: {kernel: 3, stride: 2, padding: ceil}
  - dropout
  - mlpconv: {width: 192, kernel: 5}
  - avgpool: {kernel: 3, stride: 2, padding: ceil}
  - dropout
  - mlpconv: {width: 10, kernel: 3, inner: [192, 192]}
  - avgpool
"""


def test_the_network_of_the_paper() -> None:
    """Lin et al. 2013 on CIFAR-10: 1x1 convolutions as an MLP at each position."""
    totals = Network.from_yaml(NIN).totals
    assert totals.params == 966_986
    assert totals.macs == 222_486_528


def test_inner_widths_are_the_width_unless_given() -> None:
    def hash_of(**args: object) -> str:
        row = Row("mlpconv", width=8, **args)  # type: ignore[arg-type]
        return Network(name="n", input=(3, 8, 8), layers=(row,)).hash()

    assert hash_of() == hash_of(inner=(8, 8))
    assert hash_of() != hash_of(inner=(8, 9))


def test_each_convolution_has_norm_and_activation() -> None:
    net = Network(name="n", input=(3, 8, 8), layers=(Row("mlpconv", width=8, stride=2),))
    names = [name for name, _ in build(net).get_submodule("mlpconv").named_children()]
    assert names == ["conv1", "norm1", "conv2", "norm2", "conv3", "norm3"]
    assert net.body.shape == (8, 4, 4)
