"""Kernels of other libraries for built modules: the same results, faster, where the library is at hand."""

from __future__ import annotations

from types import MethodType

from torch import Tensor, nn


def use_torchvision(module: nn.Module) -> int:
    """Let the deformable convolutions of a built module run on torchvision's kernel, if it can be imported.

    Parameters, their names and results stay; only rounding differs. Without torchvision nothing changes.

    Args:
        module: What `Network.build` returned.

    Returns:
        The number of convolutions that now use the kernel.
    """
    try:
        from torchvision.ops import deform_conv2d  # noqa: F401 - only whether it is there
    except (ImportError, RuntimeError):
        # Its wheel fails with a RuntimeError beside a torch that it was not built for.
        return 0
    found = [layer for layer in module.modules() if type(layer).__name__ == "Deformable"]
    for layer in found:
        layer.forward = MethodType(_deform, layer)
    return len(found)


def _deform(layer: nn.Module, x: Tensor, offsets: Tensor) -> Tensor:
    """Run a `Deformable` of `runtime` on torchvision: per point down, right, and with modulation a weight."""
    from torchvision.ops import deform_conv2d

    conv = layer.conv
    assert isinstance(conv, nn.Conv2d)
    n, channels, height, width = offsets.shape
    count = conv.kernel_size[0] * conv.kernel_size[1]
    numbers = offsets.view(n, count, channels // count, height, width)
    result: Tensor = deform_conv2d(
        x,
        numbers[:, :, :2].reshape(n, 2 * count, height, width),
        conv.weight,
        conv.bias,
        stride=conv.stride,
        padding=conv.padding,
        dilation=conv.dilation,
        mask=numbers[:, :, 2].sigmoid() if numbers.shape[2] == 3 else None,
    )
    return result
