"""What the papers say of the catalog's networks beyond their totals: maps, receptive fields, outputs, starts.

Networks of segmentation, translation, 1-D signals and generation, and those composed in YAML alone. Large
ones are looked at as graphs, or built on a smaller input.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.spaces import Network, Space, load, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source
from archscape.spaces.graph import Op, Shape
from archscape.spaces.operators import (
    Activation,
    Conv,
    Crop,
    Dropout,
    DropPath,
    LeakyReLU,
    TransposedConv,
    Unpool,
)

AnOp = TypeVar("AnOp", bound=Op)
COMPOSED = {
    "squeezenet": (1_248_424, 818_924_576, None),
    "squeezenet1.1": (1_235_496, 349_151_936, None),
    "efficientnet-b0": (5_288_548, 385_814_752, "6.75"),
    "convnext-tiny": (28_589_128, 4_455_531_264, "13.44"),
    "regnetx-200mf": (2_684_792, 199_039_872, "2.16"),
}
"""Parameters of torchvision and timm, MACs without bias, and timm's millions of activations."""


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def maps(network: Network) -> dict[str, Shape]:
    return {node.name: node.shape for node in network.body.nodes}


def extents(network: Network, *names: str) -> list[int]:
    """Return the extents of square maps by name."""
    shapes = maps(network)
    assert all(len(set(shapes[name][1:])) == 1 for name in names)
    return [shapes[name][1] for name in names]


def operators(network: Network, kind: type[AnOp]) -> list[AnOp]:
    """Return the operators of a kind, not of what derives from it."""
    return [node.op for node in network.graph.flatten().nodes if type(node.op) is kind]


def fields(name: str) -> dict[str, Shape]:
    return receptive_fields(load_network(name).graph)


def image(shape: Shape, batch: int = 2) -> Tensor:
    return torch.randn(batch, *shape)


@pytest.mark.parametrize("name", COMPOSED)
def test_blocks_composed_in_yaml_have_the_published_counts(name: str) -> None:
    params, macs, activations = COMPOSED[name]
    network = load_network(name)
    assert (network.totals.params, network.totals.macs) == (params, macs)
    assert activations in (None, f"{network.totals.activations / 1e6:.2f}")
    assert network.blocks, "the table composes its own block"


def test_planes_of_the_neocognitron() -> None:
    """Fukushima 1980, section 5: the cells of each layer; the last ones see all of the 16x16 input."""
    network = load_network("neocognitron")
    assert extents(network, "s1", "c1", "s2", "c2", "s3", "c3") == [16, 10, 8, 6, 2, 1]
    assert {shape[0] for shape in maps(network).values()} == {24}
    assert min(fields("neocognitron")["c3"]) >= 16


def test_frames_of_the_tdnn() -> None:
    """Waibel et al. 1989, figure 2: 13 frames, 9 frames; in the second layer a unit sees 3 + 5 - 1 of 15."""
    network = load_network("tdnn")
    shapes = maps(network)
    assert [shapes[name] for name in ("hidden1", "hidden2", "integration")] == [(8, 13), (3, 9), (3, 1)]
    assert (fields("tdnn")["hidden2"], fields("tdnn")["integration"]) == ((7,), (15,))


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
@pytest.mark.parametrize("extent", [(224, 224), (160, 96), (32, 512)])
def test_a_fully_convolutional_network_scores_every_pixel(name: str, extent: tuple[int, int]) -> None:
    assert load_network(name).at(input=(3, *extent)).body.shape == (21, *extent)


def test_a_fully_convolutional_vgg_sees_404_pixels_at_a_stride_of_32() -> None:
    """Long et al. 2015, table 1, column VGG-16."""
    network = load_network("fcn32s")
    assert fields("fcn32s")["score"] == (404, 404)
    assert maps(network)["score"] == (21, 224 // 32, 224 // 32)


def test_finer_scores_cost_a_1x1_convolution_each() -> None:
    """21 scores of pool 4 (512 maps), then of pool 3 (256), and smaller transposed convolutions."""

    def up(kernel: int) -> int:
        return 21 * 21 * kernel**2

    coarse, middle, fine = (load_network(f"fcn{n}s").totals.params for n in (32, 16, 8))
    assert middle - coarse == (512 + 1) * 21 + up(4) + up(32) - up(64)
    assert fine - middle == (256 + 1) * 21 + up(4) + up(16) - up(32)


def test_maps_of_unet() -> None:
    """Ronneberger et al. 2015, figure 1: the extents on the blue boxes, down and up."""
    network = load_network("unet")
    assert extents(network, "level1", "level2", "level3", "level4", "level5") == [568, 280, 136, 64, 28]
    assert extents(network, "up4", "up3", "up2", "up1") == [52, 100, 196, 388]
    assert network.body.shape == (2, 388, 388)


def test_unet_has_23_convolutions() -> None:
    """Ronneberger et al. 2015, section 2: 23 convolutional layers in total, up-convolutions among them."""
    network = load_network("unet")
    assert len(operators(network, Conv)) + len(operators(network, TransposedConv)) == 23


@pytest.mark.slow
def test_unet_crops_what_crosses_over_around_its_centre() -> None:
    module = build(load_network("unet").at(input=(1, 188, 188))).eval()
    seen: list[Tensor] = []
    for name in ("level1", "up1.upconv"):
        module.get_submodule(name).register_forward_hook(lambda _, inputs, out: seen.append(out))
    module.get_submodule("up1.conv").register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        module(image((1, 188, 188), batch=1))
    level1, up, joined = seen
    assert (level1.shape[2], up.shape[2]) == (184, 8)
    assert torch.equal(joined, torch.cat([up, level1[:, :, 88:96, 88:96]], 1))


@pytest.mark.parametrize("extent", [(256, 256), (16, 48)])
def test_a_padded_unet_keeps_the_extent_and_the_parameters(extent: tuple[int, int]) -> None:
    padded = load_network("unet-same").at(input=(1, *extent))
    assert padded.body.shape == (2, *extent)
    assert padded.totals.params == load_network("unet").totals.params
    assert not operators(padded, Crop)


def test_maps_of_deconvnet() -> None:
    """Noh et al. 2015, table 2, and section 3: about 252 million parameters."""
    network = load_network("deconvnet")
    shapes = maps(network)
    assert [shapes[name] for name in ("fc6", "fc7", "deconv6")] == [(4096, 1, 1), (4096, 1, 1), (512, 7, 7)]
    assert [shapes[f"unpool{i}"] for i in range(1, 6)] == [
        (512, 14, 14),
        (512, 28, 28),
        (256, 56, 56),
        (128, 112, 112),
        (64, 224, 224),
    ]
    assert shapes["score"] == (21, 224, 224)
    assert round(network.totals.params / 1e6) == 252


def test_every_unpooling_reads_the_map_that_its_level_pooled() -> None:
    body = load_network("deconvnet").body
    names = ["input", *(node.name for node in body.nodes)]
    read = [[names[value] for value in node.inputs] for node in body.nodes if isinstance(node.op, Unpool)]
    assert read == [
        ["deconv6", "conv5"],
        ["deconv5", "conv4"],
        ["deconv4_3", "conv3"],
        ["deconv3_3", "conv2"],
        ["deconv2_2", "conv1"],
    ]


def test_maps_of_pix2pix() -> None:
    """Isola et al. 2017, section 6.1.1: C64-C128-C256-C512-..., each half as large, and back."""
    network = load_network("pix2pix")
    assert extents(network, *(f"down{i}" for i in range(1, 9))) == [128, 64, 32, 16, 8, 4, 2, 1]
    assert extents(network, *(f"up{i}" for i in range(7, 0, -1))) == [2, 4, 8, 16, 32, 64, 128]
    shapes = maps(network)
    assert [shapes[f"up{i}"][0] for i in range(7, 0, -1)] == [1024, 1024, 1024, 1024, 512, 256, 128]
    assert network.body.shape == (3, 256, 256)


def test_pix2pix_drops_in_three_layers_and_has_one_bias() -> None:
    network = load_network("pix2pix")
    weighted: list[Conv | TransposedConv] = [*operators(network, Conv), *operators(network, TransposedConv)]
    assert len(operators(network, Dropout)) == 3
    assert [op.bias for op in weighted].count(True) == 1
    assert weighted[-1].bias


def test_pix2pix_is_leaky_on_its_way_down_alone() -> None:
    network = load_network("pix2pix")
    assert {op.slope for op in operators(network, LeakyReLU)} == {Fraction(1, 5)}
    assert len(operators(network, LeakyReLU)) == 7
    assert [op.function for op in operators(network, Activation)] == ["relu"] * 8 + ["tanh"]
    assert source(network).count("F.leaky_relu(") == source(network).count(", 0.2)") > 0


def test_patchgan_judges_patches_of_70_pixels() -> None:
    """Isola et al. 2017, section 6.1.2; 30x30 patches of an image of 256x256."""
    network = load_network("patchgan")
    assert fields("patchgan")["patches"] == (70, 70)
    assert network.body.shape == (1, 30, 30)


def test_fields_of_the_context_module() -> None:
    """Yu and Koltun 2016, table 1; zeros of the padding keep its 64x64."""
    network = load_network("dilated-context")
    sizes = fields("dilated-context")
    assert [sizes[f"conv{i}"][0] for i in range(1, 9)] == [3, 5, 9, 17, 33, 65, 67, 67]
    assert set(maps(network).values()) == {(21, 64, 64)}


@pytest.mark.slow
def test_a_deformable_network_starts_as_the_plain_one() -> None:
    """Offsets start at zero; with the weights of resnet50 it gives what resnet50 gives."""
    shape = (3, 64, 64)
    plain = build(load_network("resnet50").at(input=shape)).eval()
    deformable = build(load_network("deformable-resnet50").at(input=shape)).eval()
    own = deformable.state_dict()
    offsets = {name for name in own if "offset" in name}
    kept = [name for name in own if name not in offsets]
    deformable.load_state_dict(
        {
            **dict(zip(kept, plain.state_dict().values(), strict=True)),
            **{name: own[name] for name in offsets},
        }
    )
    assert len(offsets) == 2 * 3
    assert not any(own[name].any() for name in offsets)
    x = image(shape)
    with torch.inference_mode():
        torch.testing.assert_close(deformable(x), plain(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "field"), [("wavenet", 1_024), ("wavenet-3-stacks", 3_070)])
def test_field_of_wavenet(name: str, field: int) -> None:
    """Van den Oord et al. 2016, section 2.1: dilations 1, 2, 4, ..., 512 see 1,024 steps, thrice 3,070."""
    assert fields(name)["logits"] == (field,)
    assert load_network(name).body.shape == load_network(name).input


def test_wavenet_reads_the_past_alone() -> None:
    module = build(load_network("wavenet").at(input=(256, 64))).eval()
    past = image((256, 64))
    other = past.clone()
    other[..., 40:] = image((256, 24))
    with torch.inference_mode():
        before, after = module(past), module(other)
    assert torch.equal(before[..., :40], after[..., :40])
    assert not torch.equal(before[..., 40], after[..., 40])


@pytest.mark.parametrize("size", [2, 32, 100])
def test_the_bottleneck_of_an_autoencoder_has_the_size_that_is_chosen(size: int) -> None:
    network = replace(load_network("conv-autoencoder"), let={"code": size})
    shapes = maps(network)
    assert (shapes["code_"], shapes["reconstruction"]) == ((size,), (1, 32, 32))


def test_a_vae_returns_the_image_the_mean_and_the_log_variance() -> None:
    network = load_network("vae")
    assert network.body.shapes == ((1, 32, 32), (16,), (16,))
    module, x = build(network), image((1, 32, 32))
    drawn, again = module.train()(x)[0], module(x)[0]
    assert not torch.equal(drawn, again)
    reconstruction, mean, logvar = module.eval()(x)
    assert torch.equal(reconstruction, module(x)[0])
    assert reconstruction.min() > 0
    assert reconstruction.max() < 1
    assert not torch.equal(mean, logvar)


def test_a_denoiser_that_learned_nothing_returns_the_image() -> None:
    network = load_network("denoiser")
    module, x = build(network).eval(), image((1, 32, 32))
    for parameter in module.get_submodule("conv3").parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(module(x), x)


def test_a_denoiser_of_17_layers_sees_35_pixels() -> None:
    """Zhang et al. 2017, section III-A: (2 d + 1) x (2 d + 1) for a depth of d."""
    assert len(operators(load_network("denoiser"), Conv)) == 17
    assert fields("denoiser")["conv3"] == (35, 35)


@pytest.mark.parametrize("extent", [256, 64])
def test_a_codec_returns_the_image_and_a_latent_of_a_sixteenth_of_its_extent(extent: int) -> None:
    network = load_network("gdn-codec").at(input=(1, extent, extent))
    assert network.body.shapes == ((1, extent, extent), (128, extent // 16, extent // 16))


def test_retina_vvs_holds_the_thirty_networks_of_its_paper() -> None:
    """Lindsey et al. 2019, section 2: a nerve of 1 to 32 channels, a ventral stream of 0 to 4 layers."""
    space = load("retina-vvs")
    assert isinstance(space, Space)
    assert space.count() == 30
    ends = [space.replay({"nerve.width": width, "vvs.depth": depth}) for width, depth in ((1, 0), (32, 4))]
    assert [(end.totals.params, end.totals.macs) for end in ends] == [
        (1_065_067, 6_367_232),
        (33_983_210, 460_892_160),
    ]


def test_maps_of_squeezenet() -> None:
    """Iandola et al. 2016, table 1, whose extents are those of a 227x227 image."""
    network = load_network("squeezenet").at(input=(3, 227, 227))
    names = ("conv1", "maxpool1", "fire4", "maxpool2", "fire8", "maxpool3", "conv10")
    assert extents(network, *names) == [111, 55, 55, 27, 27, 13, 13]
    assert [maps(network)[f"fire{i}"][0] for i in range(2, 10)] == [128, 128, 256, 256, 384, 384, 512, 512]


def test_maps_of_efficientnet_b0() -> None:
    """Tan and Le 2019, table 1: resolution and channels of stages 2 to 8."""
    shapes = maps(load_network("efficientnet-b0"))
    assert [shapes[f"mbconv{stage}"][:2] for stage in range(1, 8)] == [
        (16, 112),
        (24, 56),
        (40, 28),
        (80, 14),
        (112, 14),
        (192, 7),
        (320, 7),
    ]


def test_drop_path_grows_with_depth() -> None:
    """Rates i / 16 of 0.2 in the residual ones of 16 blocks; i / 17 of 0.1 in 18 blocks, 0 in the first."""

    def rates(name: str) -> list[Fraction]:
        return [op.rate for op in operators(load_network(name), DropPath)]

    residual = (2, 4, 6, 7, 9, 10, 12, 13, 14)
    assert rates("efficientnet-b0") == [Fraction(i, 80) for i in residual]
    assert rates("convnext-tiny") == [Fraction(i, 170) for i in range(1, 18)]


def test_maps_of_convnext_tiny() -> None:
    """Liu et al. 2022, table 9."""
    shapes = maps(load_network("convnext-tiny"))
    stages = [shapes[f"convnext{stage}"][:2] for stage in range(1, 5)]
    assert stages == [(96, 56), (192, 28), (384, 14), (768, 7)]


def test_widths_of_regnetx_are_quantised() -> None:
    """Radosavovic et al. 2020, figure 15: stages of 1, 1, 4, 7 blocks; every group has 8 channels."""
    network = load_network("regnetx-200mf")
    grouped = [op for op in operators(network, Conv) if op.groups > 1]
    assert [op.outputs for op in grouped] == [24, 56, *[152] * 4, *[368] * 7]
    assert {op.outputs // op.groups for op in grouped} == {8}
    assert len(grouped) == 13
