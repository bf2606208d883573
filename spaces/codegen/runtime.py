"""What generated source needs beyond torch: each definition is copied into the text that uses it.

The code here may use `torch`, `F`, `Tensor`, `nn` and other definitions of this file, nothing else. What
runs in a forward pass is symbolic: it asks no map for a number that Python needs, so that
`torch.fx.symbolic_trace` and `torch.export` with a batch of any size take it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each position (Liu et al. 2022)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def he(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Weights of variance 2 / fan out; in a linear layer 2 / fan in (He et al. 2015)."""
    weight, *_ = layer.parameters()
    inward, outward = fans(layer)
    fan = inward if isinstance(layer, nn.Linear) else outward
    nn.init.normal_(weight, std=(2 / fan) ** 0.5)
    return biased(layer, bias)


def xavier(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Uniform, of variance 2 / (fan in + fan out) (Glorot and Bengio 2010, eq. 16)."""
    weight, *_ = layer.parameters()
    limit = (6 / sum(fans(layer))) ** 0.5
    nn.init.uniform_(weight, -limit, limit)
    return biased(layer, bias)


def lecun(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Weights of variance 1 / fan in (LeCun et al. 1998, eq. 16)."""
    weight, *_ = layer.parameters()
    nn.init.normal_(weight, std=fans(layer)[0] ** -0.5)
    return biased(layer, bias)


def truncated(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Weights of standard deviation 0.02, none beyond two of them (Liu et al. 2022)."""
    weight, *_ = layer.parameters()
    nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04)
    return biased(layer, bias)


def biased(layer: nn.Module, bias: float) -> nn.Module:
    """A layer whose bias, if it has one, starts at a number."""
    for start in list(layer.parameters())[1:]:
        nn.init.constant_(start, bias)
    return layer


def zero(layer: nn.Module) -> nn.Module:
    """A layer that starts as 0; with a norm, its residual branch (Goyal et al. 2017)."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def fans(layer: nn.Module) -> tuple[float, float]:
    """How many inputs each output reads, and how many outputs each input feeds."""
    weight, *_ = layer.parameters()
    inward = weight[0].numel()
    outward = weight[:, 0].numel() / getattr(layer, "groups", 1)
    if getattr(layer, "transposed", False):
        return outward, inward
    return inward, outward


class DropPath(nn.Module):
    """Zero whole samples while training (stochastic depth, Huang et al. 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = F.dropout(x.new_ones(x.shape[0]), self.rate)
        return (x.movedim(0, -1) * kept).movedim(-1, 0)


class Scale(nn.Module):
    """y = gamma x with one factor per channel (layer scale, Touvron et al. 2021)."""

    def __init__(self, channels: int, start: float) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((channels,), start))

    def forward(self, x: Tensor) -> Tensor:
        return (x.movedim(1, -1) * self.gamma).movedim(-1, 1)


class GDN(nn.Module):
    """y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2); the inverse multiplies.

    Ballé et al. 2016. Squares keep beta and gamma positive; at the start beta is 1, and
    gamma 0.1 on its diagonal.
    """

    def __init__(self, channels: int, inverse: bool = False) -> None:
        super().__init__()
        self.inverse = inverse
        self.beta_root = nn.Parameter(torch.ones(channels))
        self.gamma_root = nn.Parameter(torch.full((channels, channels), 2.0**-18))
        nn.init.constant_(self.gamma_root.diagonal(), 0.1**0.5)

    def forward(self, x: Tensor) -> Tensor:
        gamma, beta = self.gamma_root**2, self.beta_root**2 + 1e-6
        energy = F.conv1d((x * x).flatten(2), gamma.unsqueeze(2), beta).reshape(x.shape)
        return x * (energy.sqrt() if self.inverse else energy.rsqrt())


class Reparameterise(nn.Module):
    """mean + eps exp(logvar / 2), eps normal (Kingma and Welling 2014); else the mean."""

    def forward(self, mean: Tensor, logvar: Tensor) -> Tensor:
        if not self.training:
            return mean
        return mean + torch.randn_like(mean) * torch.exp(logvar / 2)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    heads: int,
    scale: float | None = None,
) -> Tensor:
    """softmax(q k^T scale) v over all positions, head by head (Vaswani et al. 2017).

    The scale is 1 / sqrt(d) unless given.
    """
    maps = [y.flatten(2) for y in (query, key, value)]
    q, k, v = (torch.unflatten(y, 1, (heads, -1)).mT for y in maps)
    y = F.scaled_dot_product_attention(q, k, v, scale=scale).mT
    return torch.unflatten(y.flatten(1, 2), 2, query.shape[2:])


def context_pool(x: Tensor, logits: Tensor, axes: int) -> Tensor:
    """The mean of x over its positions, weighted by softmax(logits) (Cao et al. 2019)."""
    weights = logits.flatten(2).softmax(2).transpose(1, 2)
    return torch.unflatten(x.flatten(2) @ weights, 2, (1,) * axes)


class MaskedConv(nn.Module):
    """A convolution that reads only what stands before its centre, line by line.

    Mask A hides the centre too, mask B keeps it (van den Oord et al. 2016).
    """

    def __init__(self, conv: nn.Conv1d | nn.Conv2d | nn.Conv3d, mask: str) -> None:
        super().__init__()
        self.conv = conv
        points = conv.weight[0, 0].numel()
        self.seen = points // 2 + (mask == "B")
        self.hidden = points - self.seen

    def forward(self, x: Tensor) -> Tensor:
        conv, weight = self.conv, self.conv.weight
        seen = F.pad(weight.flatten(2)[..., : self.seen], (0, self.hidden)).view_as(weight)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[len(conv.kernel_size) - 1]
        return convolve(x, seen, conv.bias, padding=conv.padding)


class BlurPool(nn.Module):
    """Every s-th value of a map that a binomial filter has blurred (Zhang 2019).

    The border is mirrored.
    """

    blur: Tensor

    def __init__(self, channels: int, kernel: int, stride: int, rank: int = 2) -> None:
        super().__init__()
        self.channels, self.stride, self.rank = channels, stride, rank
        self.sides = ((kernel - 1) // 2, kernel // 2) * rank
        row = torch.ones(1)
        for _ in range(kernel - 1):
            row = (F.pad(row, (0, 1)) + F.pad(row, (1, 0))) / 2
        blur = row
        for _ in range(rank - 1):
            blur = blur.unsqueeze(-1) * row
        self.register_buffer("blur", blur.repeat(channels, 1, *(1,) * rank))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.sides, mode="reflect")
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.rank - 1]
        return convolve(x, self.blur, stride=self.stride, groups=self.channels)


class GroupConv(nn.Module):
    """Each filter in four orientations: a convolution on the group p4 (Cohen and Welling 2016).

    It reads (N, C, 4, H, W), or lifts (N, C, H, W), and gives (N, M, 4, H, W). Filters turn
    by 90 degrees and move on by one orientation.
    """

    turned: Tensor

    def __init__(self, conv: nn.Conv2d, lifts: bool = False) -> None:
        super().__init__()
        self.conv = conv
        shape = (-1, 1 if lifts else 4, *conv.kernel_size)
        taps = torch.arange(conv.weight[0].numel()).view(shape)
        turned = [taps.roll(r, 1).rot90(r, (2, 3)).flatten() for r in range(4)]
        self.register_buffer("turned", torch.cat(turned), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        conv = self.conv
        filters = conv.weight.flatten(1).index_select(1, self.turned)
        filters = filters.view(-1, conv.in_channels, *conv.kernel_size)
        bias = None if conv.bias is None else conv.bias.repeat_interleave(4)
        y = F.conv2d(x.flatten(1, -3), filters, bias, conv.stride, conv.padding)
        return torch.unflatten(y, 1, (-1, 4))


class Deformable(nn.Module):
    """A convolution whose window's points are moved (Dai et al. 2017, eq. 2).

    `offsets` holds how far each moves down and to the right.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        conv, size = self.conv, self.conv.kernel_size
        down, right = lay_out(offsets, size).unbind(1)
        rows = points(conv, 0, down[..., 0])[..., None] + down
        columns = points(conv, 1, right[:, 0])[:, None] + right
        values = between_pixels(x, rows, columns)
        return F.conv2d(values, conv.weight, conv.bias, size, groups=conv.groups)


class ModulatedDeformable(Deformable):
    """A deformable convolution whose points are weighted too (Zhu et al. 2019, eq. 1).

    `offsets` holds how far each moves down and to the right, and its weight before the
    sigmoid.
    """

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        conv, size = self.conv, self.conv.kernel_size
        down, right, weight = lay_out(offsets, size).unbind(1)
        rows = points(conv, 0, down[..., 0])[..., None] + down
        columns = points(conv, 1, right[:, 0])[:, None] + right
        values = between_pixels(x, rows, columns)
        values = values * weight.sigmoid()[:, None]
        return F.conv2d(values, conv.weight, conv.bias, size, groups=conv.groups)


def points(conv: nn.Conv2d, axis: int, line: Tensor) -> Tensor:
    """Where the points of all windows stand along an axis, as many as a line has."""
    size, stride = conv.kernel_size[axis], conv.stride[axis]
    at = torch.ones_like(line, dtype=torch.float).cumsum(-1) - 1
    first = at // size * stride - int(conv.padding[axis])
    return first + at % size * conv.dilation[axis]


def lay_out(numbers: Tensor, kernel: tuple[int, ...]) -> Tensor:
    """The numbers of each window as pixels: (N, Kh Kw C, H, W) to (N, C, H Kh, W Kw)."""
    windows = torch.unflatten(numbers, 1, (*kernel, -1)).permute(0, 3, 4, 1, 5, 2)
    return windows.flatten(4, 5).flatten(2, 3)


def between_pixels(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """A map's values at places between its pixels, bilinearly; beyond them it is 0."""
    height, width = x.shape[2], x.shape[3]
    grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], -1)
    return F.grid_sample(x.to(grid.dtype), grid, align_corners=False).to(x.dtype)


def max_unpool(
    x: Tensor,
    like: Tensor,
    kernel: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None = None,
    padding: int | tuple[int, ...] = 0,
    ceil_mode: bool = False,
    axes: int = 2,
) -> Tensor:
    """The values where `like`, the map that was pooled, has its maxima; else 0."""
    pool, unpool = getattr(F, f"max_pool{axes}d"), getattr(F, f"max_unpool{axes}d")
    _, at = pool(like, kernel, stride, padding, 1, ceil_mode, return_indices=True)
    result: Tensor = unpool(x, at, kernel, stride, padding, like.shape[2:])
    return result


def avg_pool3d(
    x: Tensor,
    kernel: int | tuple[int, ...],
    stride: int | tuple[int, ...] | None = None,
    padding: int | tuple[int, ...] = 0,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window, of windows that only the padding makes room for.

    PyTorch refuses these in 3-D, though not in 1-D and 2-D.
    """
    sides = (padding,) * 3 if isinstance(padding, int) else padding
    zeros = [side for side in reversed(sides) for _ in range(2)]
    y = F.avg_pool3d(F.pad(x, zeros), kernel, stride)
    if count_include_pad:
        return y
    return y / F.avg_pool3d(F.pad(torch.ones_like(x), zeros), kernel, stride)


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """The first channel of every group, then the second of every group, and so on."""
    return torch.unflatten(x, 1, (groups, -1)).transpose(1, 2).flatten(1, 2)
