"""Kernels of other libraries give what ours give.

torchvision's wheel cannot be imported beside every torch, so its kernel is also played by its documented sum.
"""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from torch import Tensor

from archscape.spaces import Network, Row
from archscape.spaces.codegen.kernels import use_torchvision


def network(*, modulated: bool, groups: int = 1) -> Network:
    row = Row("deform", width=4, stride=2, modulated=modulated, groups=groups)
    return Network(name="net", input=(2, 9, 8), layers=(row,))


def documented(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    mask: Tensor | None = None,
) -> Tensor:
    """torchvision.ops.deform_conv2d, point by point: offsets are (down, right) for each point in turn."""
    n, _, height, width = offset.shape
    out, per_group, kh, kw = weight.shape
    groups = x.shape[1] // per_group
    result = torch.zeros(n, out, height, width, dtype=x.dtype)
    for b in range(n):
        for i in range(height):
            for j in range(width):
                for point in range(kh * kw):
                    row = i * stride[0] - padding[0] + point // kw * dilation[0]
                    column = j * stride[1] - padding[1] + point % kw * dilation[1]
                    value = at(
                        x[b], row + offset[b, 2 * point, i, j], column + offset[b, 2 * point + 1, i, j]
                    )
                    if mask is not None:
                        value = value * mask[b, point, i, j]
                    taps = weight[:, :, point // kw, point % kw].view(groups, out // groups, per_group)
                    result[b, :, i, j] += torch.einsum("goc,gc->go", taps, value.view(groups, -1)).flatten()
    return result if bias is None else result + bias[:, None, None]


def at(x: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """A map's values at a place, bilinearly; beyond the map it is 0."""
    total = torch.zeros(x.shape[0], dtype=x.dtype)
    for r in (row.floor(), row.floor() + 1):
        for c in (column.floor(), column.floor() + 1):
            if 0 <= r < x.shape[1] and 0 <= c < x.shape[2]:
                total += x[:, int(r), int(c)] * (1 - (row - r).abs()) * (1 - (column - c).abs())
    return total


@pytest.mark.parametrize(("modulated", "groups"), [(False, 1), (True, 1), (True, 2)])
def test_the_kernel_reads_offsets_and_weights_as_ours_does(
    modulated: bool, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = ModuleType("torchvision.ops")
    operators.deform_conv2d = documented  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.ops", operators)
    compare(modulated, groups, expected=1)


def test_the_real_kernel_gives_the_same() -> None:
    try:
        import torchvision.ops  # noqa: F401
    except (ImportError, RuntimeError):
        pytest.skip("torchvision cannot be imported beside this torch")
    compare(modulated=True, groups=1, expected=1)


def test_without_torchvision_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    compare(modulated=True, groups=1, expected=0)


def compare(modulated: bool, groups: int, expected: int) -> None:
    module = network(modulated=modulated, groups=groups).build().double().eval()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(parameter.numel()))
    x = torch.randn(2, 2, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    names = list(module.state_dict())
    with torch.no_grad():
        ours = module(x)
        assert use_torchvision(module) == expected
        theirs = module(x)
    assert list(module.state_dict()) == names
    torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-6)
