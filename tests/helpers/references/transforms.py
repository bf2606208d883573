"""Images changed one after the other with Pillow, in the steps that torchvision's transforms take.

Its own cannot be imported beside the CPU build of torch. Each function takes and returns one image, or from
`to_tensor` on one tensor (C, height, width); random numbers come from torch, drawn one by one, as there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps

Transform = Callable[[Any], Any]


def compose(*transforms: Transform) -> Transform:
    """Return what does one after the other (`Compose`)."""

    def apply(image: Any) -> Any:
        for transform in transforms:
            image = transform(image)
        return image

    return apply


def flip(image: Image.Image) -> Image.Image:
    """Mirror it, or not (`RandomHorizontalFlip`)."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if torch.rand(1) < 0.5 else image


def crop(size: int, padding: int) -> Transform:
    """Return what cuts a window out of the padded image (`RandomCrop`)."""

    def apply(image: Image.Image) -> Image.Image:
        image = ImageOps.expand(image, border=padding, fill=0)
        room = image.width - size + 1
        top, left = (int(torch.randint(0, room, size=(1,)).item()) for _ in range(2))
        return image.crop((left, top, left + size, top + size))

    return apply


def affine(degrees: float, *, shift: float = 0, scale: float = 1, shear: float = 0) -> Transform:
    """Return what turns, moves, rescales and slants an image by one sampling (`RandomAffine`)."""

    def apply(image: Image.Image) -> Image.Image:
        middle, size = [image.width / 2, image.height / 2], image.width
        angle = math.radians(_uniform(-degrees, degrees))
        moved = [round(_uniform(-shift * size, shift * size)) if shift else 0 for _ in range(2)]
        factor = _uniform(1 / scale, scale) if scale != 1 else 1.0
        slant = math.radians(_uniform(-shear, shear)) if shear else 0.0
        a, c = math.cos(angle), math.sin(angle)
        b, d = -a * math.tan(slant) - c, -c * math.tan(slant) + a
        rows = [[d / factor, -b / factor], [-c / factor, a / factor]]
        matrix = []
        for i, (first, second) in enumerate(rows):
            offset = first * (-middle[0] - moved[0]) + second * (-middle[1] - moved[1]) + middle[i]
            matrix += [first, second, offset]
        return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)

    return apply


def colours(reach: float) -> Transform:
    """Return what changes brightness, contrast and saturation, in any order (`ColorJitter`)."""
    enhancers = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)

    def apply(image: Image.Image) -> Image.Image:
        factors = [_uniform(1 - reach, 1 + reach) for _ in enhancers]
        for i in torch.randperm(len(enhancers)):
            image = enhancers[i](image).enhance(factors[i])
        return image

    return apply


def to_tensor(image: Image.Image) -> torch.Tensor:
    """Return numbers from 0 to 1 (`ToTensor`)."""
    pixels = torch.from_numpy(np.array(image, np.uint8, copy=True))
    planes = pixels.view(image.height, image.width, -1).permute(2, 0, 1).contiguous()
    return planes.to(dtype=torch.float32).div(255)


def normalize(mean: list[float], std: list[float]) -> Transform:
    """Return what standardises a tensor (`Normalize`)."""

    def apply(tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.clone()
        centre, spread = torch.as_tensor(mean), torch.as_tensor(std)
        if (spread == 0).any():
            raise ValueError("a deviation is zero")
        return tensor.sub_(centre.view(-1, 1, 1)).div_(spread.view(-1, 1, 1))

    return apply


def noise(deviation: float) -> Transform:
    """Return what adds white noise to a tensor (`v2.GaussianNoise`)."""
    return lambda tensor: tensor + deviation * torch.randn_like(tensor)


def cutout(size: int) -> Transform:
    """Return what hides a box of a tensor under zeros (DeVries and Taylor 2017)."""

    def apply(tensor: torch.Tensor) -> torch.Tensor:
        corners = [int(torch.randint(0, side, size=(1,)).item()) - size // 2 for side in tensor.shape[1:]]
        top, left = (max(0, corner) for corner in corners)
        tensor[:, top : corners[0] + size, left : corners[1] + size] = 0
        return tensor

    return apply


def _uniform(low: float, high: float) -> float:
    return float(torch.empty(1).uniform_(low, high).item())
