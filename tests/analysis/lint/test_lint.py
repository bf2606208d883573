import doctest
from itertools import pairwise, product
from pathlib import Path
from random import Random

import pytest
from helpers.catalog import NETWORKS, SPACES

from archscape.analysis import lint as guidelines
from archscape.analysis.lint import RULES, Finding, dataflow, dilation, lint
from archscape.analysis.lint.dilation import dense_rates
from archscape.spaces import Network, load_network, load_space


def network(shape: str, *rows: str) -> Network:
    return Network.from_yaml(f"network: n\ninput: {shape}\nlayers: [{', '.join(rows)}]")


def found(net: Network, rule: str) -> list[Finding]:
    return [finding for finding in lint(net) if finding.rule.name == rule]


def one(net: Network, rule: str) -> Finding:
    (finding,) = found(net, rule)
    return finding


STEM = "conv: {name: stem, width: 16}"


class TestLargeFilter:
    def test_two_3x3_in_place_of_one_5x5_save_28_percent(self) -> None:
        finding = one(network("3x32x32", STEM, "conv: {width: 16, kernel: 5}"), "large-filter")
        assert finding.before.params == 25 * 16**2
        assert finding.after.params == 18 * 16**2
        assert finding.before.macs == 25 * 16**2 * 32**2
        assert finding.after.macs == 18 * 16**2 * 32**2
        assert finding.measured == "5x5, 16 to 16 channels"
        assert finding.alternative == ("2 of 3x3, 16 to 16 to 16 channels (18C^2 against 25C^2); saves 28%")
        assert finding.value == pytest.approx(0.28)

    def test_three_3x3_in_place_of_one_7x7(self) -> None:
        # Simonyan and Zisserman 2015: 27C^2 against 49C^2, "81% more".
        finding = one(network("3x32x32", STEM, "conv: {width: 16, kernel: 7}"), "large-filter")
        assert (finding.before.params, finding.after.params) == (49 * 16**2, 27 * 16**2)
        assert "27C^2 against 49C^2" in finding.alternative

    def test_the_chain_of_a_convolution_without_padding_gives_the_same_map(self) -> None:
        finding = one(
            network("3x32x32", STEM, "conv: {width: 16, kernel: 5, padding: valid}"), "large-filter"
        )
        assert finding.after.macs == 9 * 16**2 * (30**2 + 28**2)

    def test_the_chain_costs_what_the_finding_says(self) -> None:
        stem = "conv: {name: stem, width: 16, norm: none}"
        large = network("3x32x32", stem, "conv: {width: 36, kernel: 5, norm: none}")
        chain = ["conv: {width: 24, norm: none}", "conv: {width: 36, norm: none}"]
        small = network("3x32x32", stem, *chain)
        finding = one(large, "large-filter")
        assert finding.alternative.startswith("2 of 3x3, 16 to 24 to 36 channels")
        assert large.totals.params - small.totals.params == finding.before.params - finding.after.params
        assert large.totals.macs - small.totals.macs == finding.before.macs - finding.after.macs

    def test_widths_between_grow_evenly(self) -> None:
        finding = one(load_network("alexnet"), "large-filter")
        assert finding.layers == ("conv2",)
        assert (finding.before.params, finding.before.macs) == (307_456, 223_948_800)
        between = 156  # 96 sqrt(256 / 96) = 156.8, in two groups
        assert finding.after.params == 9 * 48 * between + between + 9 * between // 2 * 256 + 256

    @pytest.mark.parametrize(
        "row",
        [
            "conv: {width: 16, kernel: 3}",
            "conv: {width: 16, kernel: 5, groups: 16}",
            "conv: {width: 16, kernel: 5, stride: 2}",  # of a chain only the last could have the stride
            "conv: {width: 256, kernel: 5}",  # from 16 to 64 to 256 saves nothing
            "conv: {width: 16, kernel: 4}",
            "conv: {width: 16, kernel: [1, 7]}",
        ],
    )
    def test_where_a_chain_saves_nothing_there_is_none(self, row: str) -> None:
        assert not found(network("3x32x32", STEM, row), "large-filter")

    def test_the_first_layer_and_a_kernel_as_large_as_its_map_are_left_out(self) -> None:
        assert not found(network("16x32x32", "conv: {width: 16, kernel: 7}"), "large-filter")
        assert not found(
            network("3x7x7", STEM, "conv: {width: 16, kernel: 7, padding: valid}"), "large-filter"
        )

    def test_along_one_axis_two_of_3_cost_more_than_one_of_5(self) -> None:
        assert not found(network("3x32", STEM, "conv: {width: 16, kernel: 5}"), "large-filter")


class TestOversizedKernel:
    def test_weights_that_meet_only_padding(self) -> None:
        finding = one(network("4x1x1", "conv: {width: 4}"), "oversized-kernel")
        assert finding.severity == "warning"
        assert finding.value == pytest.approx(8 / 9)
        assert finding.measured == "89% of the 3x3 weights meet only the padding of the 1x1 map"
        assert (finding.before.params, finding.after.params) == (9 * 16, 16)

    def test_a_dilated_kernel_becomes_a_1x1(self) -> None:
        # Chen et al. 2017, figure 4: at rates as large as the map only the centre is left.
        finding = one(network("4x12x12", "conv: {width: 4, dilation: 12}"), "oversized-kernel")
        assert finding.alternative == "kernel 1x1; computes the same"

    def test_a_kernel_larger_than_its_map_whose_weights_all_meet_it_is_none(self) -> None:
        assert not found(network("4x2x2", "conv: {width: 4}"), "oversized-kernel")
        assert not found(network("4x12x12", "conv: {width: 4, dilation: 11}"), "oversized-kernel")

    def test_the_innermost_layer_of_pix2pix(self) -> None:
        finding = one(load_network("pix2pix"), "oversized-kernel")
        assert finding.layers == ("down8",)
        assert (finding.before.params, finding.after.params) == (16 * 512**2, 4 * 512**2)


class TestSkippedInputs:
    def test_a_strided_1x1_passes_over_three_quarters(self) -> None:
        finding = one(network("4x8x8", "conv: {width: 8, kernel: 1, stride: 2}"), "skipped-inputs")
        assert (finding.severity, finding.value) == ("warning", 0.75)
        assert finding.measured == "1x1 with stride 2x2 reads 25% of the map, and nothing reads the rest"
        assert finding.before == finding.after

    def test_a_strided_3x3_reads_all(self) -> None:
        assert not found(network("4x8x8", "conv: {width: 8, stride: 2}"), "skipped-inputs")

    def test_it_is_a_note_in_the_shortcuts_of_resnet50_and_a_warning_in_those_of_the_paper(self) -> None:
        usual, paper = (
            found(load_network(name), "skipped-inputs") for name in ("resnet50", "resnet50-paper")
        )
        assert [(f.row, f.severity, len(f.layers)) for f in usual] == [
            (f"bottleneck{stage}", "note", 1) for stage in (2, 3, 4)
        ]
        assert [(f.row, f.severity, len(f.layers)) for f in paper] == [
            (f"bottleneck{stage}", "warning", 2) for stage in (2, 3, 4)
        ]

    def test_a_shifted_map_has_another_reader(self) -> None:
        # The factorised reduction of NASNet: two 1x1 of stride 2, one of them a pixel further on.
        assert {f.severity for f in found(load_network("amoebanet-a"), "skipped-inputs")} == {"note"}


class TestTightBottleneck:
    def test_more_than_four_times_fewer(self) -> None:
        rows = ["conv: {width: 64}", "conv: {width: 15, kernel: 1}", "conv: {width: 64}"]
        finding = one(network("3x8x8", *rows), "tight-bottleneck")
        assert finding.row == "conv2"
        assert finding.measured == "4,096 elements to 960 (15x8x8), 4.27 times fewer"
        assert finding.alternative == "a bypass around it, or 16 channels in place of 15"
        assert (finding.before.params, finding.after.params) == (64 * 15, 64 * 16)

    @pytest.mark.parametrize(
        "rows",
        [
            ["conv: {width: 64}", "conv: {width: 16, kernel: 1}", "conv: {width: 64}"],
            ["conv: {width: 64}", "conv: {width: 15, kernel: 1, act: none}", "conv: {width: 64}"],
            ["conv: {width: 64}", "conv: {width: 15, kernel: 1}"],
            ["conv: {width: 64}", "bottleneck: {width: 64, squeeze: 16}", "conv: {width: 64}"],
            ["conv: {width: 64}", "avgpool", "conv: {width: 8, kernel: 1}", "linear: {width: 10}"],
        ],
        ids=["four times", "without activation", "the output", "with a shortcut", "a vector"],
    )
    def test_what_is_none(self, rows: list[str]) -> None:
        assert not found(network("3x8x8", *rows), "tight-bottleneck")

    def test_a_gate_beside_the_map_is_not_counted(self) -> None:
        rows = ["conv: {width: 64}", "se: {ratio: 1/2}", "conv: {width: 64, stride: 2}", "conv: {width: 64}"]
        assert not found(network("3x8x8", *rows), "tight-bottleneck")

    def test_pooling_counts(self) -> None:
        rows = ["conv: {width: 64}", "maxpool", "conv: {width: 63}", "conv: {width: 64}"]
        assert one(network("3x8x8", *rows), "tight-bottleneck").value == pytest.approx(256 / 63)

    def test_in_3d_a_stride_of_2_is_a_fall_of_8(self) -> None:
        rows = ["conv: {width: 16}", "conv: {width: 16, stride: 2}", "conv: {width: 16}"]
        assert not found(network("3x8x8x8", *rows), "tight-bottleneck")

    def test_the_squeeze_layers_of_squeezenet(self) -> None:
        # Iandola et al. 2016: what squeeze layers lose is why bypasses gain 2.9% of accuracy.
        rows = [finding.row for finding in found(load_network("squeezenet"), "tight-bottleneck")]
        assert rows == ["fire2", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"]


class TestFlatWidth:
    def test_no_growth_through_two_down_samplings(self) -> None:
        rows = ["conv: {width: 32}", *["conv: {width: 32, stride: 2}"] * 2, "avgpool", "linear: {width: 10}"]
        finding = one(network("3x32x32", *rows), "flat-width")
        assert finding.measured == "32, 32, 32 channels through two down-samplings"
        assert finding.alternative == "twice the channels after each: 32, 64, 128"
        assert (finding.before.params, finding.after.params) == (9 * 32**2, 9 * 128**2)

    @pytest.mark.parametrize("widths", [(32, 32, 33), (32, 33, 33), (512, 512, 512)])
    def test_growth_in_either_or_512_channels(self, widths: tuple[int, int, int]) -> None:
        first, *others = widths
        rows = [f"conv: {{width: {first}}}", *(f"conv: {{width: {w}, stride: 2}}" for w in others)]
        assert not found(network("3x32x32", *rows, "avgpool", "linear: {width: 10}"), "flat-width")

    def test_an_expansion_is_no_width_of_a_stage(self) -> None:
        rows = [f"inverted: {{width: {width}, expand: 6, stride: 2}}" for width in (32, 64, 128)]
        assert not found(
            network("3x32x32", "conv: {width: 24}", *rows, "avgpool", "linear: {width: 10}"), "flat-width"
        )

    def test_the_encoder_of_a_code_is_left_out(self) -> None:
        rows = ["conv: {width: 8}", *["conv: {width: 8, stride: 2}"] * 2, *["upconv: {width: 8}"] * 2]
        assert not found(network("1x32x32", *rows), "flat-width")


class TestNarrowGroups:
    def test_groups_of_two(self) -> None:
        finding = one(network("3x8x8", STEM, "conv: {width: 16, groups: 8}"), "narrow-groups")
        assert (finding.measured, finding.value) == ("8 groups of 2 channels", 2)
        assert finding.alternative == "4 groups, or depthwise with a 1x1 convolution after it"
        assert (finding.before.params, finding.after.params) == (9 * 2 * 16, 9 * 4 * 16)

    @pytest.mark.parametrize("groups", [1, 4, 16])
    def test_four_channels_one_group_or_depthwise(self, groups: int) -> None:
        assert not found(network("3x8x8", STEM, f"conv: {{width: 16, groups: {groups}}}"), "narrow-groups")


class TestUnmixedChannels:
    def test_three_grouped_convolutions_in_a_row(self) -> None:
        grouped = "conv: {width: 16, groups: 2}"
        finding = one(network("3x8x8", STEM, *[grouped] * 3), "unmixed-channels")
        assert (finding.row, finding.severity) == ("conv4", "warning")
        assert finding.measured == "3 grouped convolutions in a row keep 2 parts apart"
        assert not found(network("3x8x8", STEM, *[grouped] * 2), "unmixed-channels")

    @pytest.mark.parametrize(
        "between", ["conv: {width: 16, kernel: 1}", "shuffle: {groups: 2}", "conv: {width: 15, groups: 3}"]
    )
    def test_what_mixes(self, between: str) -> None:
        first, last = "conv: {width: 12, groups: 2}", "conv: {width: 12, groups: 2}"
        if "groups: 3" in between:
            between = between.replace("15", "12")
        rows = ["conv: {width: 12}", first, first, between, last]
        assert not found(network("3x8x8", *rows), "unmixed-channels")

    def test_depthwise_after_depthwise(self) -> None:
        depthwise = "conv: {width: 16, groups: 16}"
        finding = one(network("3x8x8", STEM, depthwise, depthwise), "unmixed-channels")
        assert finding.row == "conv3"
        assert finding.after.params - finding.before.params == 16**2

    def test_a_pair_along_two_axes_is_one_depthwise_convolution(self) -> None:
        rows = [f"conv: {{width: 16, groups: 16, kernel: {kernel}}}" for kernel in ("[1, 7]", "[7, 1]")]
        assert not found(network("3x8x8", STEM, *rows), "unmixed-channels")
        assert found(network("3x8x8", STEM, *rows, rows[0]), "unmixed-channels")

    def test_a_sum_mixes_nothing(self) -> None:
        depthwise = "conv: {width: 16, groups: 16}"
        rows = [STEM, f"residual: [{depthwise}]", f"residual: [{depthwise}]"]
        assert found(network("3x8x8", *rows), "unmixed-channels")


def dilated(*rates: int, shape: str = "4x64x64") -> Network:
    return network(shape, *(f"conv: {{width: 4, dilation: {rate}}}" for rate in rates))


class TestGridding:
    @pytest.mark.parametrize("rates", [(1, 2, 5), (1, 2, 3), (1, 1, 2, 4, 8, 16, 1, 1), (1, 2, 5, 1, 2, 5)])
    def test_rates_that_cover_their_field(self, rates: tuple[int, ...]) -> None:
        assert not found(dilated(*rates), "gridding")

    def test_a_rate_of_2_all_along(self) -> None:
        # Wang et al. 2018: [2, 2, 2] reads 1 of 4 positions; [1, 2, 3] all, for the same cost.
        finding = one(dilated(2, 2, 2), "gridding")
        assert finding.measured == "rates 2, 2, 2 leave 6 of 13 positions unread"
        assert finding.alternative == "rates 1, 2, 3: no gaps, field 13"
        assert finding.severity == "warning"
        assert finding.before == finding.after

    def test_a_last_rate_that_is_too_large(self) -> None:
        # Ibid.: [1, 2, 9] has a distance of 5 between what is read, more than the kernel.
        finding = one(dilated(1, 2, 9), "gridding")
        assert finding.measured == "rates 1, 2, 9 leave 4 of 25 positions unread"
        assert finding.row == "conv3"

    def test_one_rate_twice_though_layers_before_fill_the_gaps(self) -> None:
        finding = one(dilated(1, 1, 2, 2), "gridding")
        assert finding.measured == "rates 2, 2: neighbours share no position that they read"
        assert finding.value == 1 / 2  # of the positions between are left to neighbours
        assert finding.row == "conv4"

    def test_a_branch_without_dilation_fills_the_gaps(self) -> None:
        branches = "add: [conv: {width: 4, dilation: 2}, conv: {width: 4}]"
        assert not found(network("4x64x64", branches), "gridding")
        assert found(network("4x64x64", "conv: {width: 4, dilation: 2}"), "gridding")

    @pytest.mark.parametrize("kernel", [2, 3, 5])
    def test_the_rates_that_are_told_follow_the_rule(self, kernel: int) -> None:
        for count in (2, 3, 4, 5):
            for rates in product((1, 2, 3, 7, 16), repeat=count):
                advised = dense_rates(rates, kernel)
                reads = {0}
                for rate in advised:
                    reads = {at + tap * rate for at in reads for tap in range(kernel)}
                assert reads == set(range(max(reads) + 1))
                assert not any(before == after > 1 for before, after in pairwise(advised))
                assert len(advised) == count
                assert sum(advised) <= sum(rates)

    def test_layers_of_another_resolution_do_not_count(self) -> None:
        rows = ["conv: {width: 4}", "conv: {width: 4, stride: 2}", "conv: {width: 4, dilation: 2}"]
        assert one(network("4x64x64", *rows), "gridding").row == "conv3"

    def test_along_one_axis(self) -> None:
        assert one(dilated(2, 4, shape="4x64"), "gridding").measured == (
            "rates 2, 4 leave 6 of 13 positions unread"
        )


class TestSmallField:
    def test_a_field_below_the_input(self) -> None:
        rows = ["conv: {width: 4}", "conv: {width: 4, stride: 2}", "conv: {width: 4}", "avgpool"]
        finding = one(network("3x16x16", *rows, "linear: {width: 10}"), "small-field")
        assert finding.measured == "each position has seen 9x9 of 16x16"
        assert finding.value == 9 / 16
        assert finding.alternative == "2 more convolutions of kernel 3 and 4 channels"
        assert finding.after.params == 2 * 9 * 4**2
        assert not found(network("3x9x9", *rows, "linear: {width: 10}"), "small-field")

    def test_a_flattened_head_sees_all(self) -> None:
        assert not found(network("3x16x16", "conv: {width: 4}", "linear: {width: 10}"), "small-field")

    def test_a_gate_is_no_head(self) -> None:
        rows = ["conv: {width: 8}", "se: {ratio: 1/2}", "conv: {width: 8}"]
        assert not found(network("3x16x16", *rows), "small-field")


class TestWeights:
    def test_a_bias_before_batch_norm(self) -> None:
        finding = one(network("3x8x8", "conv: {width: 8, bias: true}"), "bias-before-norm")
        assert (finding.severity, finding.value) == ("warning", 8)
        assert finding.before.params - finding.after.params == 8
        assert finding.before.macs == finding.after.macs

    @pytest.mark.parametrize(
        "row",
        ["conv: {width: 8}", "conv: {width: 8, norm: none}", "conv: {width: 8, bias: true, norm: layer}"],
    )
    def test_a_bias_that_is_not_there_or_does_something(self, row: str) -> None:
        assert not found(network("3x8x8", row), "bias-before-norm")

    def test_the_heads_of_alexnet_and_vgg16(self) -> None:
        alexnet, vgg = (one(load_network(name), "heavy-head") for name in ("alexnet", "vgg16"))
        assert alexnet.before.params == 58_631_144
        assert alexnet.measured == "linear layers hold 58,631,144 of 60,965,224 params (96%)"
        assert alexnet.after.params == 256 * 1000 + 1000
        assert vgg.measured == "linear layers hold 123,642,856 of 138,357,544 params (89%)"
        assert (vgg.after.params, vgg.after.macs) == (513_000, 512_000)

    def test_a_head_of_half_the_parameters(self) -> None:
        # A map of 8x8 to one number takes 64 weights and a bias; the convolution has as many.
        conv = "conv: {{width: 1, kernel: {}, norm: none, padding: same, bias: {}}}"
        even = network("1x8x8", conv.format("[5, 13]", "false"), "linear: {width: 1}")
        assert even.totals.params == 2 * 65
        assert not found(even, "heavy-head")
        assert found(network("1x8x8", conv.format("[5, 11]", "false"), "linear: {width: 1}"), "heavy-head")

    @pytest.mark.parametrize("name", ["conv-autoencoder", "vae", "resnet18"])
    def test_decoders_and_pooled_heads_are_left_out(self, name: str) -> None:
        assert not found(load_network(name), "heavy-head")

    def test_two_linear_layers_in_a_row(self) -> None:
        rows = ["linear: {width: 30, act: none}", "linear: {width: 10}"]
        finding = one(network("3x4x4", *rows), "linear-chain")
        assert (finding.row, finding.severity) == ("linear2", "warning")
        assert finding.before.params == 49 * 30 + 31 * 10
        assert finding.after.params == 49 * 10

    def test_a_1x1_after_a_3x3_without_activation(self) -> None:
        finding = one(
            network("4x8x8", "conv: {width: 4, act: none}", "conv: {width: 4, kernel: 1}"), "linear-chain"
        )
        assert (finding.before.params, finding.after.params) == (9 * 16 + 16, 9 * 16)

    @pytest.mark.parametrize(
        "first",
        [
            "conv: {width: 4}",  # an activation
            "conv: {width: 1, kernel: 1, act: none}",  # a factorisation: 1 channel between 4 and 4
            "conv: {width: 4, groups: 4, act: none}",  # depthwise separable
            "conv: {width: 4, kernel: 5, act: none}",  # merged, a 5x5 and a 3x3 would be a 7x7
        ],
    )
    def test_what_saves_something_is_none(self, first: str) -> None:
        second = "conv: {width: 4, kernel: 3}" if "kernel: 5" in first else "conv: {width: 4, kernel: 1}"
        assert not found(network("4x8x8", first, second), "linear-chain")


# What an expert would say of the networks that the rules come from.
EXPECTED = {
    "alexnet": {"large-filter", "heavy-head"},
    "vgg16": {"heavy-head"},
    "googlenet": {"large-filter"},
    "nin": {"large-filter", "small-field"},
    "resnet50": {"skipped-inputs"},
    "resnext50-32x4d": {"skipped-inputs"},
    "seresnet50": {"skipped-inputs"},
    "plain34": set[str](),
    "densenet121": set[str](),
    "mobilenetv1": set[str](),
    "mobilenetv2": set[str](),
    "shufflenet-g3": set[str](),
    "shufflenetv2-x1.0": set[str](),
    "efficientnet-b0": set[str](),
    "convnext-tiny": set[str](),
    "dilated-context": set[str](),
    "wavenet": set[str](),
    "unet": set[str](),
    "fcn8s": set[str](),
    "deconvnet": set[str](),
    "patchgan": set[str](),
    "squeezenet": {"tight-bottleneck", "small-field"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_known_networks(name: str) -> None:
    assert {finding.rule.name for finding in lint(load_network(name))} == EXPECTED[name]


@pytest.mark.slow
def test_warnings_are_rare_in_the_catalog() -> None:
    warned = {
        name
        for name in NETWORKS
        if any(finding.severity == "warning" for finding in lint(load_network(name)))
    }
    biased = {"attention-unet", "texture-network", "unet3d"}  # as in their authors' code, before norms
    assert warned == biased | {"deeplabv3-resnet50", "mobilenetv3-small", "pix2pix", "resnet50-paper"}


@pytest.mark.parametrize("name", SPACES)
def test_every_network_of_a_space_can_be_checked(name: str) -> None:
    space, rng = load_space(name), Random(0)
    for _ in range(5):
        net = space.sample(rng).network
        names = {node.name for node in net.graph.flatten().nodes}
        assert all(names.issuperset(finding.layers) for finding in lint(net))


def test_layers_of_a_row_that_are_alike_are_one_finding() -> None:
    finding = one(network("3x32x32", STEM, "conv: {width: 16, kernel: 5, depth: 3}"), "large-filter")
    assert finding.layers == tuple(f"conv2.{index}.conv1" for index in range(3))
    assert finding.before.params == 3 * 25 * 16**2


def test_what_is_alive_is_what_later_operators_read() -> None:
    rows = ["conv: {name: a, width: 4, norm: none, act: none}", "maxpool", "upsample", "concat: {with: a}"]
    flow = dataflow.Dataflow(network("1x8", *rows))
    assert [node.name for node in flow.nodes] == ["a", "maxpool", "upsample", "concat"]
    assert flow.alive == [32, 32 + 16, 32 + 32, 64]


def test_a_finding_is_plain_values() -> None:
    plain = lint(load_network("vgg16"))[0].as_dict()
    assert plain["layers"] == ["linear1"]
    assert (plain["severity"], plain["threshold"]) == ("note", 0.5)
    assert (plain["params"], plain["params_after"]) == (123_642_856, 513_000)


def test_the_page_has_every_rule_as_it_is_checked(root: Path) -> None:
    page = " ".join((root / "docs" / "guidelines.md").read_text(encoding="utf-8").split())
    for rule in RULES:
        for text in (f"## {rule.name}", rule.law, rule.reason, rule.source):
            assert text in page


def test_names_of_rules_are_distinct() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) == 12


def test_the_examples_are_true() -> None:
    assert doctest.testmod(guidelines) == (0, 2)
    assert doctest.testmod(dilation) == (0, 1)
    assert doctest.testmod(dataflow) == (0, 1)


class TestLargeNumbers:
    """Kernels, rates, strides and extents may be as large as the language has."""

    def test_kernels_and_rates_of_a_million(self) -> None:
        row = "conv: {width: 2, kernel: 3, dilation: 999983, padding: same}"
        wide = network("1x65536", "conv: {width: 2, kernel: 999999}", row, row)
        assert {finding.rule.name for finding in lint(wide)} >= {"gridding"}

    def test_a_kernel_of_a_million_on_a_small_map(self) -> None:
        finding = one(network("1x100", "conv: {width: 2, kernel: 999999}"), "oversized-kernel")
        assert finding.alternative == "kernel 199; computes the same"

    def test_a_stride_larger_than_the_kernel_on_a_long_map(self) -> None:
        finding = one(
            network("1x65536", "conv: {width: 2, kernel: 3, stride: 4, padding: 0}"), "skipped-inputs"
        )
        assert finding.value == pytest.approx(0.25)

    def test_a_rate_that_leaves_most_of_a_long_map_unread(self) -> None:
        finding = one(network("1x65536", STEM, "conv: {width: 16, dilation: 30000}"), "gridding")
        assert finding.measured == "rates 1, 30000 leave 59,994 of 60,003 positions unread"

    def test_a_thousand_rows_of_gates(self) -> None:
        rows = ["basic: {width: 8, se: 1/4, depth: 250}" for _ in range(4)]
        assert found(network("3x64x64", *rows), "gridding") == []

    def test_an_alternative_of_a_million_layers_is_counted_at_once(self) -> None:
        wide = network("1x2000000x2000000", "conv: {width: 1}", "maxpool", "avgpool", "linear: {width: 10}")
        assert one(wide, "small-field").after.macs > 10**18

    def test_a_chain_is_no_alternative_to_a_kernel_of_a_million(self) -> None:
        assert (
            found(
                network("1x1000000", "conv: {width: 1}", "conv: {width: 1, kernel: 999999}"), "large-filter"
            )
            == []
        )
