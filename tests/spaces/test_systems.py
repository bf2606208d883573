"""The table of systems: each profiles to its published numbers, exports, reads back and learns.

Parameters are exact; MACs are those of convolutions and linear layers, without bias, for one input. Both are
from the papers and, where these round, from torchvision's published `num_params` and `_ops`. What a paper
draws of a network's maps stands in `MAPS`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from helpers.catalog import RUN
from torch import Tensor, nn

from archscape import profile
from archscape.spaces import Network, ShapeError, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.source import class_name
from archscape.spaces.graph import Shape
from archscape.spaces.values import shape_text


class System(NamedTuple):
    """A row of the table; MACs as text are as exact as they were given."""

    input: str
    params: int | None = None
    macs: int | str | None = None


SYSTEMS = {
    "neocognitron": System("1x16x16"),
    "tdnn": System("16x15", 515, 6_072),
    "lenet5": System("1x32x32", 61_706, 416_520),
    "alexnet": System("3x227x227", 60_965_224, 724_406_816),
    "alexnet-single": System("3x227x227", 62_378_344, 1_135_256_096),
    "alexnet-owt": System("3x224x224", 61_100_840, 714_188_480),
    "zfnet": System("3x224x224", 62_357_608),
    "zfnet-wide": System("3x224x224", 107_627_624),
    "nin": System("3x32x32", 966_986, 222_486_528),
    "vgg11": System("3x224x224", 132_863_336, 7_609_090_048),
    "vgg13": System("3x224x224", 133_047_848, 11_308_466_176),
    "vgg16": System("3x224x224", 138_357_544, 15_470_264_320),
    "vgg19": System("3x224x224", 143_667_240, 19_632_062_464),
    "googlenet": System("3x224x224", 6_998_552, 1_582_671_872),
    "googlenet-aux": System("3x224x224"),
    "googlenet-bn": System("3x224x224", 6_624_904, 1_498_376_192),
    "highway": System("3x32x32"),
    "plain34": System("3x224x224", 21_623_848),
    "resnet18": System("3x224x224", 11_689_512, 1_814_073_344),
    "resnet34": System("3x224x224", 21_797_672, "3.664 G"),
    "resnet50": System("3x224x224", 25_557_032, 4_089_184_256),
    "resnet50-paper": System("3x224x224", 25_557_032, 3_857_973_248),
    "resnet50-preact": System("3x224x224", 25_549_352, 4_089_184_256),
    "resnet101": System("3x224x224", 44_549_160, 7_801_405_440),
    "resnet152": System("3x224x224", 60_192_808, "11.514 G"),
    "densenet121": System("3x224x224", 7_978_856, 2_834_161_664),
    "resnext50-32x4d": System("3x224x224", 25_028_904, 4_230_479_872),
    "seresnet50": System("3x224x224", 28_088_024, "4,091.70 M"),
    "mobilenetv1": System("3x224x224", 4_231_976, 568_740_352),
    "mobilenetv2": System("3x224x224", 3_504_872, 300_774_272),
    "shufflenet-g3": System("3x224x224", 1_865_728, "137 M"),
    "shufflenetv2-x1.0": System("3x224x224", 2_278_604, 144_907_992),
    "amoebanet-a": System("3x32x32"),
    "amoebanet-a-imagenet": System("3x224x224"),
    "fcn32s": System("3x224x224"),
    "fcn16s": System("3x224x224"),
    "fcn8s": System("3x224x224"),
    "unet": System("1x572x572", 31_030_658, 150_428_424_448),
    "unet-same": System("1x256x256", 31_030_658),
    "deconvnet": System("3x224x224"),
    "pix2pix": System("3x256x256", 54_413_955),
    "patchgan": System("6x256x256", 2_768_705),
    "dilated-context": System("21x64x64"),
    "deformable-resnet50": System("3x224x224"),
    "wavenet": System("256x1024"),
    "wavenet-3-stacks": System("256x4096"),
    "conv-autoencoder": System("1x32x32"),
    "vae": System("1x32x32"),
    "denoiser": System("1x32x32"),
    "gdn-codec": System("1x256x256"),
    "dqn": System("4x84x84", 1_686_180, 9_345_024),
    "localizer": System("3x224x224"),
    "convnext-base": System("3x224x224", 88_591_464, 15_354_729_472),
    "darknet53": System("3x256x256", 41_609_928, 9_285_115_904),
    "darts-v2": System("3x32x32", 3_349_342),
    "dcgan-discriminator": System("3x64x64", 2_765_568),
    "dcgan-generator": System("100x1x1", 3_576_704),
    "deeplabv3-resnet50": System("3x520x520", 42_004_074, 178_721_945_088),
    "densenet201": System("3x224x224", 20_013_928, 4_291_365_888),
    "efficientnet-b1": System("3x240x240", 7_794_184, 686_802_832),
    "efficientnet-b2": System("3x288x288", 9_109_994, 1_087_529_456),
    "efficientnet-b3": System("3x300x300", 12_233_232, 1_827_141_392),
    "efficientnet-b4": System("3x380x380", 19_341_616, 4_393_771_024),
    "efficientnet-b5": System("3x456x456", 30_389_784, 10_266_384_752),
    "efficientnet-b6": System("3x528x528", 43_040_704, 19_067_593_536),
    "efficientnet-b7": System("3x600x600", 66_347_960, 37_745_884_192),
    "efficientnetv2-s": System("3x384x384", 21_458_488, 8_365_617_152),
    "fbnet-c": System("3x224x224", 5_572_200, 384_960_160),
    "inceptionv3": System("3x299x299", 23_834_568, 5_713_216_096),
    "inceptionv3-aux": System("3x299x299", 27_161_264),
    "mnasnet-b1": System("3x224x224", 4_383_312, 314_415_872),
    "mobilenetv3-large": System("3x224x224", 5_483_032, 216_589_760),
    "mobilenetv3-small": System("3x224x224", 2_542_856, 56_510_400),
    "quartznet15x5": System("64x512", 18_924_381),
    "r2plus1d-18": System("3x16x112x112", 31_505_325, 40_519_080_960),
    "r3d-18": System("3x16x112x112", 33_371_472, 40_696_553_472),
    "regnetx-400mf": System("3x224x224", 5_495_976, 413_812_608),
    "regnetx-800mf": System("3x224x224", 7_259_656, 799_699_712),
    "regnetx-1.6gf": System("3x224x224", 9_190_136, 1_602_849_792),
    "regnetx-3.2gf": System("3x224x224", 15_296_552, 3_176_621_952),
    "regnetx-8gf": System("3x224x224", 39_572_648, 7_995_132_416),
    "regnetx-16gf": System("3x224x224", 54_278_536, 15_940_755_456),
    "regnetx-32gf": System("3x224x224", 107_811_560, 31_735_929_792),
    "regnety-400mf": System("3x224x224", 4_344_144, 401_842_848),
    "regnety-800mf": System("3x224x224", 6_432_512, 833_856_256),
    "regnety-1.6gf": System("3x224x224", 11_202_430, 1_612_076_160),
    "regnety-3.2gf": System("3x224x224", 19_436_338, 3_176_482_752),
    "regnety-8gf": System("3x224x224", 39_381_472, 8_473_070_592),
    "regnety-16gf": System("3x224x224", 83_590_140, 15_911_510_272),
    "regnety-32gf": System("3x224x224", 145_046_770, 32_279_552_832),
    "repvgg-a0": System("3x224x224", 9_108_968, 1_512_581_120),
    "res2net50-26w-4s": System("3x224x224", 25_699_120, 4_255_166_464),
    "resnext101-64x4d": System("3x224x224", 83_455_272, 15_460_270_080),
    "shufflenetv2-x0.5": System("3x224x224", 1_366_792, 40_476_448),
    "srcnn-9-5-5": System("1x33x33", 57_281),
    "unet3d": System("3x132x132x116", 19_069_955 + 4_672),  # the paper's count is without norms
    "wide-resnet101-2": System("3x224x224", 126_886_696, 22_753_050_624),
    "xception": System("3x299x299", 22_855_952, 8_357_403_496),
    "texture-network": System(
        "z1=3x16x16, z2=3x32x32, z3=3x64x64, z4=3x128x128, z5=3x256x256", 71_659, 2_443_458_560
    ),
}

MAPS = {
    # LeCun et al. 1998, figure 2: C1, S2, C3, S4, C5, F6
    "lenet5": {
        "conv1": "6x28x28",
        "avgpool1": "6x14x14",
        "conv2": "16x10x10",
        "avgpool2": "16x5x5",
        "linear1_flatten": "400",
        "linear1": "120",
        "linear2": "84",
        "linear3": "10",
    },
    # Krizhevsky et al. 2012, figure 2, both halves together
    "alexnet": {
        "conv1": "96x55x55",
        "conv2": "256x27x27",
        "conv3": "384x13x13",
        "conv4": "384x13x13",
        "conv5": "256x13x13",
        "linear1": "4096",
        "linear2": "4096",
        "linear3": "1000",
    },
    # Zeiler and Fergus 2013, figure 3
    "zfnet": {
        "conv1": "96x110x110",
        "maxpool1": "96x55x55",
        "conv2": "256x26x26",
        "maxpool2": "256x13x13",
        "conv3": "384x13x13",
        "conv4": "256x13x13",
        "maxpool3": "256x6x6",
    },
    # Lin et al. 2013, section 3.2: a map for each class, and its mean
    "nin": {"maxpool1": "96x16x16", "maxpool2": "192x8x8", "mlpconv3": "10x8x8", "avgpool": "10x1x1"},
    # Simonyan and Zisserman 2014, section 2.1: halved by every pooling, the width doubled up to 512
    "vgg16": {
        "maxpool1": "64x112x112",
        "maxpool2": "128x56x56",
        "maxpool3": "256x28x28",
        "maxpool4": "512x14x14",
        "maxpool5": "512x7x7",
    },
    # Szegedy et al. 2014, table 1, column output size
    "googlenet": {
        "conv1": "64x112x112",
        "maxpool1": "64x56x56",
        "conv3": "192x56x56",
        "maxpool2": "192x28x28",
        "inception3b": "480x28x28",
        "inception4e": "832x14x14",
        "inception5b": "1024x7x7",
    },
    # Szegedy et al. 2014, section 5: 4x4x512 on (4a), 4x4x528 on (4d)
    "googlenet-aux": {
        "inception4a": "512x14x14",
        "inception4d": "528x14x14",
        "classifier": "1000",
        "aux1": "1000",
        "aux2": "1000",
    },
    # He et al. 2015, table 1, column output size
    "resnet34": {
        "conv": "64x112x112",
        "basic1": "64x56x56",
        "basic2": "128x28x28",
        "basic3": "256x14x14",
        "basic4": "512x7x7",
    },
    "resnet50": {
        "conv": "64x112x112",
        "bottleneck1": "256x56x56",
        "bottleneck2": "512x28x28",
        "bottleneck3": "1024x14x14",
        "bottleneck4": "2048x7x7",
    },
    # Huang et al. 2017, table 1
    "densenet121": {
        "dense1": "256x56x56",
        "dense2": "512x28x28",
        "dense3": "1024x14x14",
        "dense4": "1024x7x7",
    },
    # Howard et al. 2017, table 1
    "mobilenetv1": {
        "conv": "32x112x112",
        "separable2": "128x56x56",
        "separable4": "256x28x28",
        "separable7": "512x14x14",
        "separable9": "1024x7x7",
    },
    # Sandler et al. 2018, table 2
    "mobilenetv2": {
        "inverted1": "16x112x112",
        "inverted2": "24x56x56",
        "inverted3": "32x28x28",
        "inverted5": "96x14x14",
        "inverted7": "320x7x7",
        "conv2": "1280x7x7",
    },
    # Zhang et al. 2018, table 1
    "shufflenet-g3": {"maxpool": "24x56x56", "shufflev11": "240x28x28", "shufflev13": "960x7x7"},
    # Ma et al. 2018, table 5
    "shufflenetv2-x1.0": {"maxpool": "24x56x56", "shufflev21": "116x28x28", "conv2": "1024x7x7"},
    # Mnih et al. 2015, methods
    "dqn": {"conv1": "32x20x20", "conv2": "64x9x9", "conv3": "64x7x7", "linear1": "512", "linear2": "4"},
    # Simonyan and Zisserman 2014, appendix A
    "localizer": {"maxpool5": "512x7x7", "box": "4"},
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_counts(name: str) -> None:
    system, network = SYSTEMS[name], load_network(name)
    assert network.input_text == system.input
    costs = profile(network)
    assert (costs.params, costs.macs) == (network.totals.params, network.totals.macs)
    if system.params is not None:
        assert costs.params == system.params
    if system.macs is not None:
        assert as_given(costs.macs, system.macs) == system.macs


def as_given(count: int, size: int | str) -> int | str:
    """Return a count with the digits and the unit of a published one."""
    if isinstance(size, int):
        return count
    digits, unit = size.split()
    decimals = len(digits.partition(".")[2])
    return f"{count / {'M': 10**6, 'G': 10**9}[unit]:,.{decimals}f} {unit}"


@pytest.mark.parametrize("name", MAPS)
def test_maps(name: str) -> None:
    shapes = {node.name: shape_text(node.shape) for node in load_network(name).body.nodes}
    assert {row: shapes[row] for row in MAPS[name]} == MAPS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_source_needs_torch_alone_and_the_table_reads_back(name: str, tmp_path: Path) -> None:
    network = load_network(name)
    files = export(network, tmp_path)
    assert load_network(files["spec"]) == network
    text = files["source"].read_text()
    assert imported(text) <= {"torch", "torch.nn.functional"}
    namespace: dict[str, type[nn.Module]] = {}
    exec(compile(text, str(files["source"]), "exec"), namespace)
    with torch.device("meta"):
        module = namespace[class_name(network)]()
    assert sum(p.numel() for p in module.parameters()) == network.totals.params


def imported(text: str) -> set[str]:
    """Return the modules that a program imports."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_a_step_down_the_gradient_lowers_the_loss(name: str) -> None:
    """To first order the step lowers the loss by 1%, whatever the length of the gradient is."""
    network = smallest(load_network(name))
    torch.manual_seed(0)
    module = build(network).train()
    # The norm of a single pixel sees one number of each image, and of two numbers only which is larger.
    batch = 3 if name == "deconvnet" else 2
    inputs = [torch.randn(batch, *shape) for shape in network.input_shapes]
    targets = [target(batch, shape) for shape in network.body.shapes]

    def loss() -> Tensor:
        torch.manual_seed(1)  # the same dropout before and after the step
        returned = module(*inputs)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        assert [tuple(y.shape[1:]) for y in outputs] == list(network.body.shapes)
        return sum((distance(y, t) for y, t in zip(outputs, targets, strict=True)), torch.zeros(()))

    before = loss()
    before.backward()
    gradients = {key: parameter.grad for key, parameter in module.named_parameters()}
    assert [key for key, gradient in gradients.items() if gradient is None] == []
    square = sum(float(gradient.double().square().sum()) for gradient in gradients.values())  # type: ignore[union-attr]
    torch.optim.SGD(module.parameters(), lr=0.01 * before.item() / square).step()
    with torch.no_grad():
        after = loss()
    assert after < before


def smallest(network: Network) -> Network:
    """Return a network on a small input that leaves its weights as they are.

    3D U-Net maps none below 92, U-Net none below 188.
    """
    for extent in (64, 92, 188):
        shapes = network.inputs.items()
        if len(shapes) > 1:  # what stands at several resolutions is halved together
            halves = max(max(sizes) for _, (_, *sizes) in shapes) // extent
            shapes = {n: (c, *(size // halves for size in sizes)) for n, (c, *sizes) in shapes}.items()
        smaller = {n: (c, *(min(extent, size) for size in sizes)) for n, (c, *sizes) in shapes}
        try:
            small = network.at(input=smaller)
        except ShapeError:
            continue
        if small.totals.params == network.totals.params:
            return small
    return network


def target(batch: int, shape: Shape) -> Tensor:
    """Return classes for the scores of 10 or 1,000 of them, else numbers."""
    if shape[0] in (10, 1000) and set(shape[1:]) <= {1}:
        return torch.randint(shape[0], (batch,))
    return torch.randn(batch, *shape)


def distance(output: Tensor, wanted: Tensor) -> Tensor:
    """Return the cross entropy of scores, and the mean square of other differences."""
    if wanted.dtype == torch.long:
        return F.cross_entropy(output.flatten(1), wanted)
    return F.mse_loss(output, wanted)
