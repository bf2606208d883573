"""Every convention against its tool: fvcore, ptflops and torchinfo run here on the networks of the catalog.

They count the module that archscape builds, at inference, for one input. torchinfo runs on shapes alone;
fvcore and ptflops compute, so large networks have a smaller input. What a tool cannot count stands in
`CANNOT` with the reason. thop is no dependency: `thop.csv` is what its release 0.1.1.post2209072238 (MIT, on
the package index) printed for the same modules at their own input, recorded once with PyTorch 2.13, on
2026-11-20. pycls and NAS-Bench-201 are compared with what their authors published.
"""

from __future__ import annotations

import csv
import doctest
import inspect
import io
import json
import random
import subprocess
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from helpers.catalog import NETWORKS, RUN
from torch import nn

from archscape.analysis.costs import conventions
from archscape.analysis.costs.conventions import CONVENTIONS, convention, count, side_by_side
from archscape.analysis.costs.profile import profile
from archscape.spaces import Network, Row, Term, catalog_names, load_network, load_space
from archscape.spaces.blocks import block
from archscape.spaces.blocks.block import Block
from archscape.spaces.codegen.build import build
from archscape.spaces.errors import InputError, ShapeError
from archscape.spaces.graph import Op, Shape, Tensor
from archscape.spaces.operators import OPERATORS
from archscape.spaces.operators.activation import ACTIVATIONS
from archscape.spaces.operators.opaque import opaque
from archscape.spaces.testing import example_network

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Tool = Callable[..., tuple[int, int]]

LARGE = 3 * 10**8
CANNOT = {
    ("fvcore", name): "PyTorch 2.13 cannot trace F.max_unpool2d, and fvcore counts what is traced"
    for name in ("deconvnet", "unpool")
}


def by_fvcore(model: nn.Module, *shapes: Shape) -> tuple[int, int]:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    inputs = tuple(torch.zeros(1, *shape) for shape in shapes)
    analysis = FlopCountAnalysis(model, inputs).unsupported_ops_warnings(False)
    return int(analysis.uncalled_modules_warnings(False).total()), parameter_count(model)[""]


def by_ptflops(model: nn.Module, *shapes: Shape) -> tuple[int, int]:
    from ptflops import get_model_complexity_info

    names = list(inspect.signature(model.forward).parameters)

    def inputs(_: Shape) -> dict[str, torch.Tensor]:
        return {name: torch.zeros(1, *shape) for name, shape in zip(names, shapes, strict=True)}

    complexity: tuple[int, int] = get_model_complexity_info(
        model, shapes[0], print_per_layer_stat=False, as_strings=False, input_constructor=inputs
    )
    return complexity[0] - twice(model, shapes), complexity[1]


def twice(model: nn.Module, shapes: Sequence[Shape]) -> int:
    """Return what ptflops counts again of activations that are modules: the functions that these call."""
    written = []
    modules = [m for m in model.modules() if isinstance(m, nn.ReLU | nn.ReLU6 | nn.ELU | nn.GELU | nn.SiLU)]
    handles = [m.register_forward_hook(lambda _, __, out: written.append(out.numel())) for m in modules]
    if modules:
        model(*[torch.zeros(1, *shape) for shape in shapes])
    for handle in handles:
        handle.remove()
    return sum(written)


def by_torchinfo(model: nn.Module, *shapes: Shape) -> tuple[int, int]:
    from torchinfo import summary

    inputs = [torch.empty(1, *shape, device="meta") for shape in shapes]
    report = summary(model.to("meta"), input_data=inputs, device="meta", verbose=0)
    return report.total_mult_adds, report.total_params


TOOLS: dict[str, Tool] = {"fvcore": by_fvcore, "ptflops": by_ptflops, "torchinfo": by_torchinfo}


def by_tool(name: str, network: Network) -> tuple[int, int]:
    """Return what a tool counts of the built network: operations and parameters."""
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")  # the tracer warns of its own end; the tools of PyTorch's types
        with torch.device("meta" if name == "torchinfo" else "cpu"):
            model = build(network).eval()
        return TOOLS[name](model, *network.input_shapes)


def small(network: Network) -> Network:
    """Return a network on an input that a tool can compute within a second, if its rows fit one."""
    for divisor in (2, 4, 7):
        if network.totals.macs > LARGE:
            smaller = {
                name: (channels, *[max(n // divisor, 1) for n in extent])
                for name, (channels, *extent) in network.inputs.items()
            }
            try:
                network = network.at(input=smaller)
            except ShapeError:
                continue
    return network


def counted(network: Network, name: str) -> tuple[int, int]:
    tally = count(network, name)
    return tally.total, tally.params


IN_TURN = [
    pytest.param(
        *(name, tool), marks=[] if name in RUN and tool == [*TOOLS][turn % 3] else [pytest.mark.full]
    )
    for turn, name in enumerate(NETWORKS)
    for tool in TOOLS
]
"""Each network with each tool; those that `make test` runs have one there, each tool as many."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tool"), IN_TURN)
def test_totals_are_those_of_the_tool_itself(name: str, tool: str) -> None:
    """One tool a network is enough for a moment: small networks of every operator are counted by all."""
    network = load_network(name)
    if (tool, name) in CANNOT:
        with pytest.raises(TypeError, match="cond must be a bool"):
            by_tool(tool, small(network))
        return
    network = network if tool == "torchinfo" else small(network)
    assert counted(network, tool) == by_tool(tool, network)


def rare() -> list[Network]:
    """Return small networks of the operators that the catalog has few of, in one to three dimensions."""
    networks = []
    for rank in (1, 2, 3):
        image = (4, *(8, 12, 4)[:rank])
        rows = {
            "transposed": (Row("upconv", width=6, groups=2),),
            "nearest": (Row("upsample"),),
            "linear": (Row("upsample", mode="bilinear"),),
            "resized": (Row("conv", name="a", width=2, stride=2), Row("resize", like="input")),
            "maximum": (Row("maxpool", kernel=3, stride=2),),
            "inner": (Row("avgpool", kernel=3, stride=2, pad_counts=False),),
            "global": (Row("avgpool"),),
            "response": (Row("lrn", size=3),),
            "masked": (Row("masked", width=6, kind="b"),),
            "attention": (Row("attention", heads=2),),
            "context": (Row("context", ratio=Fraction(1, 2)),),
            "gdn": (Row("gdn"),),
            "scale": (Row("scale", init=Fraction(1, 2)),),
            "grouped": (Row("conv", width=8, groups=4, dilation=2, stride=2),),
        }
        for word, above in rows.items():
            layers = (*above, Row("conv", width=6, kernel=1))
            networks.append(
                Network(name=f"{word}-{rank}d", input=image, layers=layers, defaults={"bias": True})
            )
        for norm in ("batch", "layer", "instance", Term("group", (2,))):
            layers = (Row("conv", width=4), Row("conv", width=2))
            name = f"{norm if isinstance(norm, str) else 'group'}-{rank}d"
            networks.append(Network(name=name, input=image, layers=layers, defaults={"norm": norm}))
            plain = {"norm": norm, "affine": False}
            networks.append(Network(name=f"plain-{name}", input=image, layers=layers, defaults=plain))
    for act in (*ACTIVATIONS, Term("leaky_relu", (Fraction(1, 5),))):
        name = act if isinstance(act, str) else "leaky"
        layers = (Row("conv", width=4), Row("linear", width=3, act=act))
        networks.append(Network(name=name, input=(3, 9, 7), layers=layers, defaults={"act": act}))
    plane = {
        "deform": (Row("deform", width=6, modulated=True), Row("norm")),
        "first": (Row("masked", width=6, kind="a"),),
        "shuffled": (Row("pixelshuffle", scale=2), Row("conv", width=4)),
        "padded": (Row("basic", width=8, stride=2, shortcut="pad"),),
        "mirrored": (
            Row("conv", width=8, padding_mode="reflect"),
            Row("pad", sides=1, channels=2, mode="circular"),
        ),
        "uneven": (
            Row("maxpool", kernel=3, padding=((0, 1), 1)),
            Row("avgpool", kernel=2, padding=((0, 1), 0)),
        ),
        "slope": (Row("conv", width=8, act=Term("prelu", (1,))),),
        "cut": (Row("conv", name="a", width=4), Row("zero"), Row("add", with_="a")),
    }
    networks += [Network(name=name, input=(4, 8, 10), layers=layers) for name, layers in plane.items()]
    flat = (Row("linear", width=8), Row("norm"), Row("linear", width=3))
    return [*networks, Network(name="flat", input=(4, 3, 2), layers=flat, defaults={"norm": "layer"})]


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("network", rare(), ids=lambda network: str(network.name))
def test_operators_are_counted_as_the_tool_counts_them(tool: str, network: Network) -> None:
    assert counted(network, tool) == by_tool(tool, network)


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_every_operator_is_held_against_the_tools(tool: str, operator: type[Op]) -> None:
    """A new operator may need a rule in each convention whose tool counts it."""
    network = example_network(operator)
    if (tool, network.name) in CANNOT:
        with pytest.raises(TypeError, match="cond must be a bool"):
            by_tool(tool, network)
        return
    assert counted(network, tool) == by_tool(tool, network)


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("space", ["cifar", "digits", "nas-bench-201", "nas-bench-macro"])
def test_networks_drawn_from_spaces_are_counted_as_the_tool_counts_them(tool: str, space: str) -> None:
    rng = random.Random(0)
    for _ in range(3):
        network = load_space(space).sample(rng).network
        assert counted(network, tool) == by_tool(tool, network)


def recorded() -> list[tuple[str, int, int]]:
    with Path(__file__).with_name("thop.csv").open() as file:
        return [(row["network"], int(row["ops"]), int(row["params"])) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("name", "ops", "params"), recorded(), ids=[name for name, *_ in recorded()])
def test_thop_counts_what_was_recorded(name: str, ops: int, params: int) -> None:
    assert counted(load_network(name), "thop") == (ops, params)


# facebookresearch/pycls, dev/model_complexity.json of 2020-09-04: flops and params of its own models.
PYCLS = {
    "resnet50": (4_089_185_256, 25_557_032),
    "resnet101": (7_801_406_440, 44_549_160),
    "resnet152": (11_513_627_624, 60_192_808),
    "resnext50-32x4d": (4_230_480_872, 25_028_904),
    "regnetx-200mf": (199_040_872, 2_684_792),
    "efficientnet-b0": (385_825_092, 5_288_548),
}


@pytest.mark.parametrize("name", PYCLS)
def test_pycls_counts_what_was_published(name: str) -> None:
    assert counted(load_network(name), "pycls") == PYCLS[name]


# github.com/D-X-Y/NATS-Bench, issues 24 and 36: what the benchmark's own table says, in millions, and what
# ptflops gave for the authors' module. Input and classes are those of CIFAR-10, CIFAR-100 and ImageNet16-120.
EDGES = ("e01", "e02", "e12", "e03", "e13", "e23")
FIRST = ("pool", "conv1x1", "identity", "conv1x1", "identity", "identity")
OTHER = ("identity", "zero", "conv3x3", "pool", "conv3x3", "conv3x3")
NASBENCH201 = [
    ("nasbench201", FIRST, 32, 10, "15.64737"),
    ("nasbench201", FIRST, 32, 100, "15.65322"),
    ("nasbench201", FIRST, 16, 120, "3.91948"),
    ("nasbench201", OTHER, 32, 10, "113.95137"),
    ("ptflops", FIRST, 32, 10, "16.810634"),
    ("ptflops", FIRST, 32, 100, "16.816484"),
    ("ptflops", FIRST, 16, 120, "4.210296"),
]


@pytest.mark.parametrize(("name", "cell", "size", "classes", "millions"), NASBENCH201)
def test_cells_of_nas_bench_201_count_what_was_published(
    name: str, cell: tuple[str, ...], size: int, classes: int, millions: str
) -> None:
    network = load_space("nas-bench-201").replay(dict(zip(EDGES, cell, strict=True))).network
    network = network.at(input=(3, size, size), classes=classes)
    assert count(network, name).total == Fraction(millions) * 10**6


def test_our_own_convention_is_the_layer_table() -> None:
    for network in map(load_network, NETWORKS):
        tally = count(network, "macs")
        assert list(tally.layers) == [layer.macs for layer in profile(network).layers]
        assert (tally.total, tally.params) == (network.totals.macs, network.totals.params)


def test_the_famous_number_of_resnet50_in_seven_conventions() -> None:
    totals = {each.convention.name: each.total for each in side_by_side(load_network("resnet50"))}
    assert totals == {
        "macs": 4_089_184_256,
        "fvcore": 4_111_512_576,
        "thop": 4_133_640_192,
        "ptflops": 4_121_925_096,
        "torchinfo": 4_089_238_376,
        "pycls": 4_089_185_256,
        "nasbench201": 4_089_185_256,
    }


def test_what_is_not_counted_is_named() -> None:
    network = load_network("mobilenetv2")
    assert count(network, "macs").uncounted == {"norm": 52, "act": 35, "add": 10, "avgpool": 1}
    assert count(network, "ptflops").uncounted == {"add": 10}
    assert count(network, "fvcore").uncounted == {"act": 35, "add": 10}


def test_a_tool_may_know_one_form_of_an_operator_only() -> None:
    rows = (Row("conv", width=4), Row("linear", width=3, act="sigmoid"))
    tally = count(Network(name="tiny", input=(3, 8, 8), layers=rows), "ptflops")
    assert tally.uncounted == {"act": 1}  # the sigmoid; the ReLU before it is counted


def test_a_tracer_does_not_see_what_the_outputs_do_not_need() -> None:
    moments = (Row("conv", name="mean", width=4), Row("conv", name="logvar", from_="input", width=4))
    rows = (*moments, Row("reparameterise", from_="mean", logvar="logvar"))
    network = Network(name="latent", input=(3, 8, 8), layers=rows)
    names = [layer.name for layer in profile(network).layers]
    ops = count(network, "fvcore").layers
    assert [name for name, n in zip(names, ops, strict=True) if n] == ["mean.conv1", "mean.norm1"]
    assert counted(network, "fvcore") == by_tool("fvcore", network)


def test_foreign_modules_are_counted_as_fvcore_counts_them() -> None:
    @block(styled=False)
    def grouped(x: Tensor) -> Tensor:
        """A norm of another make."""
        return opaque(x, path="torch.nn.GroupNorm", args=(("num_groups", 2),))

    assert isinstance(grouped, Block)
    rows = (Row("conv", width=4), Row("grouped"))
    network = Network(name="foreign", input=(3, 8, 8), layers=rows, uses=(grouped,))
    assert counted(network, "fvcore") == by_tool("fvcore", network)
    assert count(network, "thop").uncounted["opaque"] == 1


def test_the_command_counts_in_a_convention(archscape: Run) -> None:
    done = archscape("profile", "mobilenetv2", "--convention", "ptflops", "--format", "json")
    report = json.loads(done.stdout)
    own = report["conventions"]["ptflops"]
    assert own["total"] == sum(layer["ptflops"] for layer in report["layers"]) == 320_300_008
    assert own["not counted"] == {"add": 10}
    assert report["macs"] == 300_774_272
    shown = archscape("profile", "mobilenetv2", "--convention", "ptflops")
    assert "320,300,008" in shown.stdout
    assert "Not counted: add x10." in shown.stderr


def test_the_command_shows_conventions_side_by_side(archscape: Run) -> None:
    done = archscape("profile", "resnet50", "--convention", "all", "--format", "csv")
    rows = {row["convention"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert list(rows) == list(CONVENTIONS)
    assert rows["thop"]["counts"] == "4133640192"
    assert float(rows["thop"]["ratio to macs"]) == round(4_133_640_192 / 4_089_184_256, 6)
    assert all(name in done.stderr for name in CONVENTIONS)


def test_the_command_refuses_a_convention_it_does_not_know(archscape: Run) -> None:
    done = archscape("profile", "lenet5", "--convention", "fvcor")
    assert done.returncode == 2
    assert "there is no convention 'fvcor'; did you mean 'fvcore'?" in done.stderr


def test_no_operator_has_two_rules() -> None:
    for each in CONVENTIONS.values():
        named = [operator for rule in each.rules for operator in rule.operators]
        assert len(named) == len(set(named)), each.name


def test_the_conventions_are_named_as_on_the_command_line() -> None:
    assert list(CONVENTIONS) == ["macs", "fvcore", "thop", "ptflops", "torchinfo", "pycls", "nasbench201"]
    with pytest.raises(InputError, match="there is no convention 'fvcor'; did you mean 'fvcore'"):
        convention("fvcor")


def test_the_examples_are_true() -> None:
    assert doctest.testmod(conventions).failed == 0


def documented(root: Path) -> str:
    return (root / "docs" / "conventions.md").read_text(encoding="utf-8")


def test_the_documented_rules_are_those_that_count(root: Path) -> None:
    page = documented(root)
    for each in CONVENTIONS.values():
        part = page.split(f"### {each.name}\n")[1].split("\n#")[0]
        words = " ".join(part.split())
        assert each.about in words
        assert each.source in words
        rows = [f"| {', '.join(op.__name__ for op in rule.operators)} | {rule.text} |" for rule in each.rules]
        assert [line for line in part.splitlines() if line.startswith("|")][2:] == rows


def test_the_documented_totals_are_true(root: Path) -> None:
    page = documented(root)
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.endswith(" |")]
    shown = [row for row in rows if row[0] in catalog_names()]
    assert len(shown) == 14
    for name, *millions, spread in shown:
        totals = [each.total for each in side_by_side(load_network(name))]
        assert millions == [f"{total / 1e6:,.1f}" for total in totals]
        assert spread == f"{max(totals) / min(totals):.3f}"
