"""The language beyond chains: rows that name each other, joins, branches, composed blocks, cells, outputs."""

from __future__ import annotations

import pickle
from fractions import Fraction
from random import Random

import pytest
import torch

import archscape.spaces
from archscape.spaces import Composed, Network, Row, ShapeError, Space, SpaceError, oneof, ref
from archscape.spaces.codegen.source import source
from archscape.spaces.graph import Body
from archscape.spaces.language.document import read_text
from archscape.spaces.language.expressions import Arithmetic, Conditional, Expr, expression_text
from archscape.spaces.language.parser import parse
from archscape.spaces.loading import read_table
from archscape.spaces.testing import apply, image

HEAD = "network: net\ninput: 8x16x16\n"


def net(text: str) -> Network:
    return Network.from_yaml(HEAD + text)


UNET = """\
blocks:
  up(width, skip):
    - upconv: {width: $width}
    - concat: {with: skip, crop: true}
    - conv:   {width: $width, padding: valid}
layers:
  - conv: {name: fine, width: 4, padding: valid}
  - maxpool
  - conv: {width: 8}
  - up:   {width: 4, skip: fine}
"""
FIRE = """\
blocks:
  fire(squeeze, expand = 16):
    - conv: {width: $squeeze, kernel: 1}
    - concat:
        - conv: {width: $expand, kernel: 1}
        - conv: {width: $expand, kernel: 3}
layers:
  - fire: {squeeze: 4}
  - fire: {squeeze: 4, expand: 24, depth: 2}
"""
INCEPTION = """\
layers:
  - concat:
      - conv: {width: 4, kernel: 1}
      - [conv: {width: 3, kernel: 1}, conv: {width: 5}]
      - [conv: {width: 2, kernel: 1}, conv: {width: 6, kernel: 5}]
      - [maxpool: {kernel: 3, stride: 1}, conv: {width: 7, kernel: 1}]
"""
MBCONV = """\
defaults: {act: silu}
blocks:
  mbconv(width, expand, kernel = 3, stride = 1):
    - residual:
        - conv: {width: $expand * $in, kernel: 1, when: $expand > 1}
        - conv: {width: $expand * $in, kernel: $kernel, stride: $stride, groups: $expand * $in}
        - conv: {width: $width, kernel: 1, act: none}
layers:
  - mbconv: {width: 8, expand: 1}
  - mbconv: {width: 12, expand: 4, stride: 2, kernel: 5, depth: 3}
"""
HEADS = """\
let: {w: 6, classes: 3}
layers:
  - conv:   {name: body, width: $w}
  - avgpool
  - linear: {name: classifier, width: $classes}
  - avgpool: {from: body, kernel: 4}
  - linear: {name: aux, width: $classes}
outputs: [classifier, aux]
"""
CELLS = """\
blocks:
  cell(op, width):
    - conv:   {name: h0, from: before, width: $width, kernel: 1, stride: round($size / $extent)}
    - conv:   {name: h1, from: input, width: $width, kernel: 1}
    - add:    {name: s1, from: h0, with: h1}
    - $op:    {name: s2, from: s1}
    - concat: {with: [h0, s1], unused: true}
layers:
  - conv: {width: 4}
  - cell: {op: identity, width: 4, depth: 3}
"""
REGNET = """\
let: {w0: 24, wa: 36.44, wm: 2.49}
blocks:
  x(width, group):
    - bottleneck: {width: $width, squeeze: 1, groups: $width // $group, stride: 2 if $width != $in else 1}
layers:
  - conv: {width: 32, stride: 2}
  - x: {depth: 13, width: round($w0 * $wm ** round(log(1 + $wa * $i / $w0) / log($wm)) / 8) * 8, group: 8}
"""
TABLES = {
    "unet": UNET,
    "fire": FIRE,
    "inception": INCEPTION,
    "mbconv": MBCONV,
    "heads": HEADS,
    "regnet": REGNET,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_written_and_read_back(name: str) -> None:
    table = net(TABLES[name])
    assert Network.from_yaml(table.to_yaml()) == table
    assert Network.from_json(table.to_json()) == table
    assert pickle.loads(pickle.dumps(table)) == table
    assert hash(pickle.loads(pickle.dumps(table))) == hash(table)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_built_as_it_is_counted(name: str) -> None:
    table = net(TABLES[name])
    module = table.build()
    assert sum(p.numel() for p in module.parameters()) == table.totals.params
    output = module(torch.zeros(2, *table.input))
    several = output if isinstance(output, tuple) else (output,)
    assert tuple(tuple(each.shape[1:]) for each in several) == table.body.shapes


def test_python_says_the_same() -> None:
    fire = Composed(
        (
            Row("conv", width=ref("squeeze"), kernel=1),
            Row(
                "concat",
                Row("conv", width=ref("expand"), kernel=1),
                Row("conv", width=ref("expand"), kernel=3),
            ),
        ),
        needs=("squeeze",),
        defaults={"expand": 16},
    )
    rows = (Row("fire", squeeze=4), Row("fire", squeeze=4, expand=24, depth=2))
    assert net(FIRE) == Network(name="net", input=(8, 16, 16), blocks={"fire": fire}, layers=rows)
    joined = Row("add", Row("identity"), (Row("conv", width=8), Row("conv", width=8)), name="sum")
    text = "layers:\n  - add: {name: sum, branches: [identity, [conv: {width: 8}, conv: {width: 8}]]}\n"
    assert net(text) == Network(name="net", input=(8, 16, 16), layers=(joined,))
    assert (
        repr(joined)
        == "Row('add', Row('identity'), (Row('conv', width=8), Row('conv', width=8)), name='sum')"
    )


# What the constructs compute: the same graph as blocks written in Python, or as plain rows.


def test_branches_are_an_inception_block() -> None:
    block = "layers:\n  - inception: {1x1: 4, 3x3: [3, 5], 5x5: [2, 6], pool: 7}\n"
    assert net(INCEPTION).hash() == net(block).hash()


def test_a_composed_mbconv_is_the_inverted_block() -> None:
    block = """\
defaults: {act: silu}
layers:
  - inverted: {width: 8, expand: 1}
  - inverted: {width: 12, expand: 4, stride: 2, kernel: 5, depth: 3}
"""
    assert net(MBCONV).hash() == net(block).hash()
    assert net(MBCONV).totals == net(block).totals


def test_names_say_what_a_row_reads() -> None:
    rows = """\
layers:
  - conv: {name: fine, width: 4, padding: valid}
  - maxpool
  - conv: {width: 8}
  - upconv: {width: 4}
  - concat: {with: fine, crop: true}
  - conv: {width: 4, padding: valid}
"""
    assert net(UNET).hash() == net(rows).hash()


def test_a_cell_reads_what_the_cell_before_it_read() -> None:
    text = CELLS.replace(", stride: round($size / $extent)", "")
    rows = "layers:\n  - conv: {name: stem, width: 4}\n"
    before, source_ = "stem", "stem"
    for cell in ("a", "b", "c"):
        rows += f"""\
  - conv: {{name: {cell}0, from: {before}, width: 4, kernel: 1}}
  - conv: {{name: {cell}1, from: {source_}, width: 4, kernel: 1}}
  - add:  {{name: {cell}, from: {cell}0, with: {cell}1}}
"""
        before, source_ = source_, cell
    # The sum is read by `op`, and so are h0 and h1: what nothing else reads is `s2` alone.
    assert net(text).hash() == net(rows).hash()


def test_unused_states_are_joined() -> None:
    text = """\
blocks:
  cell(a):
    - conv:   {name: s1, width: 4}
    - conv:   {name: s2, from: input, width: 4}
    - conv:   {name: s3, from: $a, width: 4}
    - concat: {with: [s1, s2], unused: true}
layers:
  - cell: {a: CHOSEN}
"""
    assert net(text.replace("CHOSEN", "s1")).body.shape == (8, 16, 16)  # s3 and s2
    assert net(text.replace("CHOSEN", "input")).body.shape == (12, 16, 16)


def test_widths_follow_a_formula_of_the_block_number() -> None:
    """RegNetX-200MF: widths 24, 56, 152, 368, depths 1, 1, 4, 7 (Radosavovic et al. 2020, table 2)."""
    blocks = net(REGNET.replace("8x16x16", "3x64x64")).body.nodes[-1].op
    assert isinstance(blocks, Body)
    widths = [node.shape[0] for node in blocks.nodes]
    assert widths == [24] + [56] + 4 * [152] + 7 * [368]


def test_a_network_of_several_outputs_returns_each() -> None:
    table = net(HEADS)
    assert table.body.shapes == ((3,), (3,))
    assert "-> tuple[Tensor, Tensor]:" in source(table)
    assert table.at(classes=5).body.shapes == ((5,), (5,))


@pytest.mark.parametrize("condition", ["$n > 0 and 8 / $n > 3", "not_zero($n) and 8 / $n > 3"])
@pytest.mark.parametrize("place", ["layers", "block"])
def test_what_is_joined_is_asked_only_until_it_is_decided(condition: str, place: str) -> None:
    """After a false condition `and`, after a true one `or` has no right side to ask: it has no value at 0."""
    functions = "functions: {not_zero(n): $n > 0}\n" if "not_zero" in condition else ""
    width = f"4 if {condition} else 6"
    rows = f"  - conv: {{width: {width}, when: $n == 0 or 2 / $n == 1}}\n"
    if place == "layers":
        text = f"let: {{n: {{0, 2}}}}\n{functions}layers:\n{rows.partition(', when')[0]}}}\n"
    else:
        text = f"{functions}let: {{k: {{0, 2}}}}\nblocks:\n  unit(n):\n  {rows}layers:\n  - unit: {{n: $k}}\n"
    space = read_table(read_text(f"space: s\ninput: 1x8x8\n{text}", name="a.yaml"))
    assert isinstance(space, Space)
    path = "n" if place == "layers" else "k"
    assert [space.replay({path: n}).network.body.shape[0] for n in (0, 2)] == [6, 4]


def test_what_is_not_asked_is_drawn_all_the_same() -> None:
    """Every list of decisions is as long, so that counting needs no arithmetic."""
    text = "let: {n: {0, 2}}\nlayers:\n  - conv: {width: '4 if $n < 1 or 8 / $n > {3, 5} else {6, 8}'}\n"
    space = read_table(read_text(f"space: s\ninput: 1x8x8\n{text}", name="a.yaml"))
    assert isinstance(space, Space)
    assert space.count() == 8
    assert {len(space.sample(Random(seed)).decisions) for seed in range(16)} == {3}


def test_conditions_are_joined() -> None:
    text = "layers:\n  - conv: {width: 8 if 3 > 2 and 5 % 2 == 1 or 1 > 2 else 4}\n"
    assert net(text).body.shape[0] == 8
    assert net(text.replace("5 % 2", "4 % 2")).body.shape[0] == 4


def test_arguments_of_classes_stand_in_any_order() -> None:
    """Python takes `width` by position only where nothing stands before it."""
    text = """\
blocks:
  two(first, width):
    - add:
        - conv: {width: $width, kernel: 1}
        - [conv: {width: $first}, conv: {width: $width}]
layers:
  - two: {first: 5, width: 8}
  - two: {first: 6, width: 12}
"""
    assert sum(p.numel() for p in net(text).build().parameters()) == net(text).totals.params


@pytest.mark.parametrize("word", ["f", "x", "tensor", "double"])
def test_any_word_makes_a_class_that_hides_nothing(word: str) -> None:
    text = f"blocks:\n  {word}:\n    - add: [conv: {{width: 4}}, conv: {{width: 4}}]\nlayers:\n  - {word}\n"
    assert net(text).build()(torch.zeros(2, 8, 16, 16)).shape == (2, 4, 16, 16)


@pytest.mark.parametrize(
    "rows",
    [
        "[conv: {name: a, width: 8}, conv: {name: a_act, width: 8}, conv: {width: 8}, add: {with: a}]\n"
        "outputs: [a, a_act, add]\n",
        "[conv: {width: 4}, act, conv: {width: 4}, conv: {width: 4}, add: {with: act}]\n",
        "[conv: {width: 4}, norm, conv: {width: 4}, conv: {width: 4}, add: {with: norm}]\n",
    ],
)
def test_names_of_rows_stand_apart_in_the_source(rows: str) -> None:
    """The module's values are those of its graph, operator by operator."""
    table = net(f"layers: {rows}")
    module, flat = table.build().eval(), table.graph.flatten()
    values = [image(table.input, batch=2)]
    with torch.no_grad():
        for node in flat.nodes:
            values.append(apply(module, node.name, node.op, [values[i] for i in node.inputs]))  # type: ignore[arg-type]
        outputs = module(values[0])
    several = outputs if isinstance(outputs, tuple) else (outputs,)
    assert all(torch.equal(values[at], each) for at, each in zip(flat.outputs, several, strict=True))


def test_rows_that_stand_where_a_condition_holds() -> None:
    text = """\
blocks:
  maybe(kernel):
    - conv: {width: 8, kernel: $kernel, when: $kernel > 1}
    - conv: {width: 4}
layers:
  - maybe: {kernel: 1}
"""
    assert net(text).hash() == net("layers:\n  - conv: {width: 4}\n").hash()


def test_a_row_that_does_not_stand_needs_no_values() -> None:
    text = """\
blocks:
  maybe(n):
    - conv: {width: 8 // $n, groups: $n - 1, when: $n > 1}
    - conv: {width: 4}
layers:
  - maybe: {n: 0}
"""
    assert net(text).hash() == net("layers:\n  - conv: {width: 4}\n").hash()


SHADOWED = """\
blocks:
  last(act, norm = batch):
    - conv: {width: 8}
    - conv: {width: 8, act: $act, norm: $norm}
  nested(act):
    - last: {act: $act}
layers:
  - last:   {act: gelu, norm: none, bias: false}
  - nested: {act: sigmoid, bias: false}
"""


def test_an_argument_that_is_named_like_a_style_is_that_argument_alone() -> None:
    """The first convolution of each block has the norm and the activation of the table."""
    spelled = """\
layers:
  - conv: {width: 8}
  - conv: {width: 8, act: gelu, norm: none, bias: false}
  - conv: {width: 8}
  - conv: {width: 8, act: sigmoid}
"""
    assert net(SHADOWED).hash() == net(spelled).hash()
    table = "defaults: {act: silu, bias: false}\n"
    assert net(table + SHADOWED.replace(", bias: false", "")).hash() == net(table + spelled).hash()


def test_a_style_that_is_no_argument_holds_for_all_rows_of_a_block() -> None:
    text = SHADOWED.replace("bias: false", "affine: false, bias: true")
    source_text = source(net(text))
    assert "affine=False" in source_text
    assert net(text).totals.params == 4 * (8 * 8 * 9 + 8)  # biases, and no gamma or beta


def test_a_sampled_network_keeps_the_style_of_rows_whose_argument_hides_it() -> None:
    """Most rows say `silu`; as a default it would reach the block, which cannot say `relu6`."""
    rows = "  - conv: {width: {4, 8}, act: silu}\n" * 4 + "  - last: {act: gelu}\n"
    head = "space: s\ninput: 8x16x16\ndefaults: {act: relu6}\n"
    blocks = SHADOWED.partition("layers:")[0].partition("  nested")[0]
    space = read_table(read_text(f"{head}{blocks}layers:\n{rows}", name="a.yaml"))
    assert isinstance(space, Space)
    sample = space.sample(Random(0))
    text = sample.network.to_yaml()
    assert "defaults: {act: relu6}" in text
    assert read_table(read_text(text, name="b.yaml")).hash() == sample.network.hash()  # type: ignore[union-attr]


def test_the_source_of_a_composed_block_is_a_class_of_its_name() -> None:
    text = source(net(FIRE))
    assert text.count("class Fire(nn.Module):") == 1
    assert "def __init__(self, inputs: int, expand: int = 16) -> None:" in text
    assert "torch.cat([y2, y], 1)" in text


# Spaces


SPACE = """\
space: small
input: 8x16x16
choices:
  op: {zero, identity, conv3}
let:
  a: $op
  b: $op
  genes: [$op, {s1, input}]
blocks:
  conv3:
    - conv: {width: $in, act: none}
  cell(a, b, genes):
    - $a: {name: s1}
    - $b: {name: s2, from: input}
    - $genes.0: {name: s3, from: $genes.1}
    - concat: {with: [s1, s2], unused: true}
layers:
  - conv: {name: stem, width: {4, 8}}
  - conv: {name: side, width: 4, depth: 0..2}
  - add:
      - conv: {width: 8, kernel: {1, 3}}
      - [conv: {width: 8, from: {stem, side}}]
  - cell: {a: $a, b: $b, genes: $genes, depth: 2}
  - avgpool
  - linear: {width: 3}
"""


def test_a_space_of_cells_counts_what_it_enumerates() -> None:
    space = Space.from_yaml(SPACE)
    assert space.count() == 2 * 3 * 2 * 2 * 3 * 3 * (3 * 2) == sum(1 for _ in space.enumerate())


@pytest.mark.slow
def test_every_sample_of_a_space_of_cells_closes_to_the_network_it_counts() -> None:
    space, rng = Space.from_yaml(SPACE), Random(0)
    for _ in range(150):
        sample = space.sample(rng)
        network = sample.network
        assert network.totals == sample.totals
        assert network.hash() == sample.hash()
        assert Network.from_yaml(network.to_yaml()) == network
        assert space.replay(sample.decisions).decisions == sample.decisions


def test_paths_of_a_space_of_cells_are_stable() -> None:
    paths = Space.from_yaml(SPACE).paths
    assert paths["genes.1"] == ("s1", "input")
    assert paths["conv4.from"] == ("stem", "side")
    assert list(paths["conv3.kernel"]) == [1, 3]


def test_a_row_that_no_network_reads_is_left_out_of_it() -> None:
    text = """\
space: small
input: 3x8x8
layers:
  - conv: {name: a, width: 4}
  - conv: {name: b, width: 6, from: input}
  - conv: {width: 8, from: {a, b}}
"""
    space = Space.from_yaml(text)
    params = {s.decisions["conv3.from"]: s.totals.params for s in space.enumerate()}
    assert params["a"] == (27 * 4 + 8) + (36 * 8 + 16)
    assert params["b"] == (27 * 6 + 12) + (54 * 8 + 16)


def test_python_spaces_leave_sources_open() -> None:
    space = Space(
        name="small",
        input=(3, 8, 8),
        layers=(
            Row("conv", name="a", width=4),
            Row("conv", name="b", width=4),
            Row("add", from_="b", with_=oneof("a", "input")),
        ),
    )
    assert Space.from_yaml(space.to_yaml()) == space
    assert space.count() == 2


# Errors


ERRORS = [
    (UNET, "up(width, skip)", "up(lambda, skip)", "4:3", "'lambda' is a word of PyTorch or Python"),
    (UNET, "up(width, skip)", "up(Conv, skip)", "4:3", "an argument is a name in small letters"),
    (UNET, "up(width, skip):", "none:", "4:3", "'none' is a word of the language or of Python"),
    (UNET, "{width: 8}", "{width:8}", "11:19", "a space follows the colon, as in `width: 8`"),
    (UNET, "conv: {width: 8}", "conv:{width: 8}", "11:5", "a space follows the colon"),
    (UNET, "{width: 8}", "{width: min($a, 8)}", "11:25", "quote it, as in"),
    (UNET, "{width: 8}", "{width: 8, kernel: 3x3}", "11:30", "a sequence as in [3, 3]"),
    (UNET, "{width: 8}", "{width: flor($w)}", "11:24", "there is no function 'flor'; did you mean 'floor'?"),
    (UNET, "{width: 8}", "{width: null}", "11:19", "a value is missing; nothing is written `none`"),
    (
        UNET,
        "{width: 8}",
        "{width: 4 if true or 5 else 2}",
        "11:29",
        "'or' joins conditions, as in $w > 8 and",
    ),
    (UNET, "{width: 8}", "{width: 4 if 2 + 1 and true else 2}", "11:30", "but got '3'"),
    (HEADS, "[classifier, aux]", "[aux, aux]", "10:16", "'aux' is an output already"),
    (HEADS, "[classifier, aux]", "[]", "10:10", "`outputs:` is a list of row names"),
    (UNET, "with: skip", "with: upconv", "6:22", "'upconv' is joined already; take it out of `with`"),
    (
        HEADS,
        "avgpool: {from: body, kernel: 4}",
        "add: {from: body, with: body}",
        "8:29",
        "'body' is joined already",
    ),
    (UNET, "skip: fine}", "skip: fin}", "12:28", "'fin' is no row; did you mean 'fine'?"),
    (UNET, "skip: fine}", "x: 1}", "12:22", "up has no 'x'"),
    (UNET, ", skip: fine", "", "12:5", "up needs 'skip': the name of a row above, or input"),
    (UNET, "with: skip", "with: skin", "6:22", "no row above is named 'skin'; did you mean 'skip'?"),
    (UNET, "$width}", "$widht}", "5:23", "nothing in 'up' is named '$widht'; did you mean 'width'?"),
    (UNET, "- upconv", "- upcnv", "5:7", "there is no block 'upcnv'; did you mean 'upconv'?"),
    (UNET, "padding: valid}\nlayers", "paddin: valid}\nlayers", "7:31", "conv has no 'paddin'"),
    (UNET, "up(width, skip)", "up(width, skip, deep)", "4:3", "nothing in 'up' uses the argument 'deep'"),
    (UNET, "up(width, skip)", "up(width = 4, skip)", "4:3", "'skip' needs a default"),
    (UNET, "up(width, skip)", "up(in, skip)", "4:3", "'in' is a word of PyTorch or Python"),
    (FIRE, "squeeze: 4}\n", "squeeze: relu}\n", "5:21", "width is a whole number"),
    (FIRE, "  - fire: {squeeze: 4}\n", "  - fire\n", "10:5", "fire needs 'squeeze'"),
    (FIRE, "kernel: 3}", "kernel: 3.5}", "8:42", "kernel is"),
    (INCEPTION, "concat:", "conv:", "5:7", "conv takes a mapping"),
    (INCEPTION, "concat:", "add:", "4:5", "maps of shapes 4x16x16 and 5x16x16 cannot be added"),
    (HEADS, "[classifier, aux]", "[classifier]", "9:5", "nothing reads 'aux'; name it under `outputs`"),
    (HEADS, "[classifier, aux]", "[classifier, axu]", "10:23", "'axu' is no row; did you mean 'aux'?"),
    (HEADS, "from: body", "from: aux", "8:21", "'aux' stands below; a row reads rows above it"),
    (HEADS, "$classes}\n  - avg", "$class}\n  - avg", "7:39", "nothing is named '$class'"),
    (MBCONV, "$expand > 1", "$expand", "7:57", "when is true or false, but got '1'"),
    (MBCONV, "$expand > 1", "$expand > none", "7:57", "'>' works on numbers, but got 'none'"),
    (
        CELLS,
        "identity",
        "idenity",
        "8:7",
        "there is no block 'idenity'; did you mean 'identity'?; used in line 12",
    ),
    (CELLS, ", unused: true", ", unusd: true", "9:32", "concat has no 'unusd'; did you mean 'unused'?"),
]


@pytest.mark.parametrize(("text", "old", "new", "position", "words"), ERRORS, ids=lambda value: value[:30])
def test_errors_lead_to_the_mend(text: str, old: str, new: str, position: str, words: str) -> None:
    text = HEAD + text.replace(", stride: round($size / $extent)", "")
    assert text.count(old) == 1
    with pytest.raises(SpaceError) as caught:
        read_table(read_text(text.replace(old, new), name="a.yaml"))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"a.yaml:{position}: ")


def test_a_composed_block_leaves_nothing_open() -> None:
    text = SPACE.replace("conv: {width: $in, act: none}", "conv: {width: {4, 8}}")
    with pytest.raises(SpaceError, match=r":11:21: .* leave nothing open; make 'width' an argument of it"):
        Space.from_yaml(text)


def test_a_block_that_stands_within_itself() -> None:
    text = "blocks:\n  a:\n    - conv: {width: 8}\n    - a\nlayers:\n  - a\n"
    with pytest.raises(SpaceError, match="'a' stands within itself"):
        net(text)


def test_words_of_blocks_leave_a_choice_open_only_outside_composed_blocks() -> None:
    text = """\
space: s
input: 3x8x8
blocks:
  any: {conv: {width: 8}, separable: {width: 8}}
  two:
    - any
layers:
  - two
"""
    with pytest.raises(SpaceError, match="'any' is one of several blocks, and 'two' leaves nothing open"):
        Space.from_yaml(text)


def test_rows_of_layers_take_no_condition() -> None:
    with pytest.raises(SpaceError, match="`when` belongs to the rows of a composed block"):
        net("layers:\n  - conv: {width: 8, when: true}\n")


# Limits


def twice(levels: int, row: str = "b{0}") -> str:
    """Return a table in which each of some blocks stands twice in the block above it."""
    text = "blocks:\n"
    for level in range(levels):
        inner = row.format(level + 1)
        text += f"  b{level}:\n    - {inner}\n    - {inner}\n"
    return text + f"  b{levels}:\n    - conv: {{width: 8}}\nlayers:\n  - b0\n"


def deep(levels: int) -> str:
    """Return a table in which each of some blocks stands in the block above it."""
    inner = "".join(f"  b{level}:\n    - b{level + 1}\n" for level in range(levels - 1))
    return f"blocks:\n{inner}  b{levels - 1}:\n    - conv: {{width: 8}}\nlayers:\n  - b0\n"


@pytest.mark.slow
def test_a_network_has_at_most_100_000_operators_and_blocks() -> None:
    assert len(net(twice(14)).graph.flatten().nodes) == 3 * 2**14
    law = "a network has at most 100,000 operators and blocks; this one comes down to more"
    blocks = "blocks:\n  a:\n    - conv: {width: 8, depth: 1000}\nlayers:\n  - a: {depth: 1000}\n"
    rows = "blocks:\n  a:\n    - conv: {width: 8, depth: 34}\nlayers:\n  - a: {depth: 1000}\n"
    for text in (twice(15), twice(40), twice(40, "add: [b{0}, identity]"), blocks, rows):
        with pytest.raises(ShapeError, match=law):
            net(text)


@pytest.mark.slow
def test_rows_without_operators_count_as_one() -> None:
    """Otherwise 2^20 empty blocks, each of other arguments, would be gone through one by one."""
    text = "blocks:\n"
    for level in range(20):
        text += f"  b{level}(n):\n    - b{level + 1}: {{n: 2 * $n}}\n    - b{level + 1}: {{n: 2 * $n + 1}}\n"
    text += (
        "  b20(n):\n    - conv: {width: $n, when: $n < 1}\nlayers:\n  - b0: {n: 1}\n  - conv: {width: 8}\n"
    )
    with pytest.raises(ShapeError, match=r":67:5: .* at most 100,000 operators"):
        net(text)


def test_a_space_draws_no_network_of_too_many_operators() -> None:
    text = f"space: s\ninput: 8x16x16\n{twice(13)}  - b0: {{depth: 1..4}}\n"
    space = Space.from_yaml(text)
    assert {space.sample(Random(seed)).decisions["b02.depth"] for seed in range(20)} == {1}


def test_blocks_stand_at_most_50_deep_within_each_other() -> None:
    assert len(net(deep(50)).graph.flatten().nodes) == 3
    with pytest.raises(SpaceError, match=r"'b\d+' stands within others; .* at most 50 deep"):
        net(deep(51))
    with pytest.raises(SpaceError, match="at most 50 deep"):
        net(deep(900))


def test_a_block_may_stand_within_itself_under_a_condition() -> None:
    text = """\
blocks:
  tower(n):
    - conv:  {width: 8 * $n}
    - tower: {n: $n - 1, when: $n > 1}
layers:
  - tower: {n: 5}
"""
    assert [node.shape[0] for node in net(text).graph.flatten().nodes] == [40] * 3 + [32] * 3 + [24] * 3 + [
        16
    ] * 3 + [8] * 3
    with pytest.raises(SpaceError, match=r"'tower' stands within itself; .* at most 50 deep"):
        net(text.replace("n: 5}", "n: 60}"))
    rows = "".join(f"  - tower: {{n: {n}}}\n" for n in range(40, 140, 40))
    with pytest.raises(SpaceError, match=r"blocks stand within each other at most 100 deep"):
        net(text.replace("  - tower: {n: 5}\n", rows))


def test_a_row_of_a_composed_block_has_at_most_1_000_blocks() -> None:
    text = "blocks:\n  a(n):\n    - conv: {width: 8, depth: $n}\nlayers:\n  - a: {n: 1001}\n"
    with pytest.raises(SpaceError, match=r":5:31: a row has at most 1,000 blocks, but got 1,001; used in"):
        net(text)


# Rows of composed blocks are held to what rows of `layers` are.


WITHIN = """\
blocks:
  a(k, s):
    - conv: {name: one, width: $k}
    - add:  {from: one, with: s}
layers:
  - conv: {name: stem, width: 8}
  - a:    {k: 8, s: stem}
"""
WITHIN_ERRORS = [
    ("add:  {from: one, with: s}", "add", "6:7", "add joins several maps: name them, as in `with: conv1`"),
    ("with: s}", "with: s, branches: [identity]}", "6:31", "add has branches already; take `with` out"),
    ("with: s}", "with: [s, one]}", "6:31", "'one' is joined already; take it out of `with`"),
    ("width: $k}", "width: $k, unused: true}", "5:36", "conv has no 'unused'"),
    ("width: $k}", "width: $k, branches: [identity]}", "5:7", "conv takes no branches, or not 1"),
    ("width: $k}", "width: $k, with: s}", "5:36", "conv has no 'with'"),
    ("add: ", "$k + :", "6:7", "a word is a block or an argument, as in $op or $ops.0, but got '$k +'"),
    ("add: ", "$k + {1, 2}:", "6:7", "a word is a block or an argument, as in $op or $ops.0"),
    ("name: one", "name: s", "5:7", "a row and an argument have the name 's'; name them apart"),
    ("from: one", "from: input", "5:7", "nothing reads 'one'; take it out"),
    ("from: one, with: s}", "from: input, with: one}", "4:3", "nothing in 'a' uses the argument 's'"),
    ("conv: {name: one, width: $k}", "residual: []", "5:17", "residual has at least one row within"),
    ("a(k, s)", "a(k, x)", "4:3", "'x' is a word of PyTorch or Python, or of the language"),
    ("a(k, s)", "a(k, self)", "4:3", "'self' is a word of PyTorch or Python, or of the language"),
    ("a(k, s)", "a(k, per)", "4:3", "the argument 'per' has that name already"),
    ("a(k, s)", "a(k, rows)", "4:3", "the argument 'rows' has that name already"),
]


@pytest.mark.parametrize(("old", "new", "position", "words"), WITHIN_ERRORS, ids=lambda value: value[:30])
def test_rows_within_are_checked(old: str, new: str, position: str, words: str) -> None:
    text = HEAD + WITHIN
    assert text.count(old) == 1
    with pytest.raises(SpaceError) as caught:
        read_table(read_text(text.replace(old, new), name="a.yaml"))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"a.yaml:{position}: ")


BESIDE = """\
layers:
  - residual:
      droppath: 1/2
      rows:
        - conv: {width: 8}
        - add:
            name: sum
            branches:
              - conv: {width: 8}
              - - conv: {width: 8}
                - concat: [conv: {width: 4}, [conv: {width: 4, kernel: 1}]]
"""


@pytest.mark.parametrize(
    ("old", "new", "position"),
    [
        ("rows:\n        - conv: {width: 8}", "rows:\n        - conv: {widt: 8}", "7:18"),
        (
            "branches:\n              - conv: {width: 8}",
            "branches:\n              - conv: {widt: 8}",
            "11:24",
        ),
        ("- - conv: {width", "- - conv: {widt", "12:26"),
        ("[conv: {width: 4}", "[conv: {widt: 4}", "13:35"),
        ("[conv: {width: 4, kernel", "[conv: {widt: 4, kernel", "13:54"),
        ("name: sum", "naem: sum", "9:13"),
        ("droppath: 1/2", "droppath: 3/2", "5:17"),
    ],
)
def test_errors_of_branches_beside_parameters_have_their_place(old: str, new: str, position: str) -> None:
    text = HEAD + BESIDE
    assert net(BESIDE).body.shape == (8, 16, 16)
    assert text.count(old) == 1
    with pytest.raises(SpaceError) as caught:
        read_table(read_text(text.replace(old, new), name="a.yaml"))
    assert str(caught.value).startswith(f"a.yaml:{position}: ")


@pytest.mark.slow
def test_a_scope_has_at_most_1_000_rows() -> None:
    wide = "layers:\n  - add: [" + ", ".join(999 * ["identity"]) + "]\n  - conv: {width: 8}\n"
    for text in (
        wide,
        wide.replace("layers", "blocks:\n  a").replace("\n  - ", "\n    - ") + "layers: [a]\n",
    ):
        with pytest.raises(SpaceError, match="at most 1,000 rows stand together, those of branches included"):
            net(text)
        assert net(text.replace("identity, identity, ", "identity, ")).body.nodes


def test_a_computed_sequence_holds_at_most_1_000_values() -> None:
    """Twenty sequences, each of two of the one before, would hold a million."""
    text = "let:\n  a0: 3\n" + "".join(f"  a{i}: [$a{i - 1}, $a{i - 1}]\n" for i in range(1, 21))
    law = "kernel: a computed sequence holds at most 1,000 values"
    for start in ("3", "[]"):
        with pytest.raises(SpaceError, match=law):
            net(f"{text.replace('a0: 3', f'a0: {start}')}layers:\n  - conv: {{width: 8, kernel: $a20}}\n")
    blocks = "".join(f"  b{i}(a):\n    - b{i + 1}: {{a: [$a, $a]}}\n" for i in range(20))
    blocks += "  b20(a):\n    - conv: {width: 8, kernel: $a}\n"
    with pytest.raises(
        SpaceError, match="a computed sequence holds at most 1,000 values, but got 1,023; used in line"
    ):
        net(f"blocks:\n{blocks}layers:\n  - b0: {{a: 3}}\n")


def test_what_is_wrong_deep_within_blocks_is_said_of_the_innermost_row() -> None:
    wrong = (
        deep(45)
        .replace("conv: {width: 8}", "conv: {width: 8, groups: 7}")
        .replace("    - b", "    - norm\n    - b")
    )
    law = "7 groups must divide both 8 input and 8 output channels"
    with pytest.raises(ShapeError, match=f":139:5: b0 on 8x16x16: ... conv on 8x16x16: {law}"):
        net(wrong)
    with pytest.raises(ShapeError, match=f": b43 on 8x16x16: ... conv on 8x16x16: {law}"):
        net(wrong.replace("  - b0\n", "  - b43\n  - b0\n"))
    with pytest.raises(ShapeError, match=f": b44 on 8x16x16: conv on 8x16x16: {law}"):
        net(wrong.replace("  - b0\n", "  - b44\n  - b0\n"))


def test_rows_of_a_sample_read_rows_whose_blocks_are_rows_of_their_own() -> None:
    text = """\
space: small
input: 3x8x8
layers:
  - conv: {name: a, width: 4, depth: 2, per: block, kernel: {1, 3}}
  - conv: {name: b, width: 4 + 0 * $i, depth: 1..2, kernel: {1, 3}}
  - add:  {with: a}
  - conv: {from: b, width: 4}
  - concat:
      - conv: {width: 4 + 2 * $i, depth: 2, kernel: {1, 3}}
      - [conv: {name: c, width: 4, depth: 1..2, per: block, kernel: {1, 3}}]
outputs: [a, add, concat, b]
"""
    space = Space.from_yaml(text)
    for seed in range(20):
        sample = space.sample(Random(seed))
        assert sample.network.totals == sample.totals
        assert sample.network.hash() == sample.hash()
        assert Network.from_yaml(sample.network.to_yaml()) == sample.network


def test_a_cell_may_follow_a_row_of_no_blocks() -> None:
    text = """\
space: small
input: 3x8x8
blocks:
  cell:
    - conv: {name: h0, width: 4}
    - conv: {from: before, width: 4}
    - add:  {with: h0}
layers:
  - conv: {width: 4}
  - conv: {width: 6, depth: 0..1}
  - cell
  - cell: {depth: 0..1}
  - cell
"""
    space = Space.from_yaml(text)
    params = [sample.totals.params for sample in space.enumerate()]
    conv = {(i, o): 9 * i * o + 2 * o for i in (3, 4, 6) for o in (4, 6)}
    stem, cells = conv[3, 4], conv[4, 4]
    # The first cell reads its input twice; the one after it reads that input too.
    assert params == [
        stem + 2 * cells + 2 * cells,
        stem + 2 * cells + 2 * cells + 2 * cells,
        stem + conv[4, 6] + 2 * conv[6, 4] + (cells + conv[6, 4]),
        stem + conv[4, 6] + 2 * conv[6, 4] + (cells + conv[6, 4]) + 2 * cells,
    ]


OPTIONS = """\
space: small
input: 3x8x8
blocks:
  unit(k, op, source):
    - conv: {name: a, width: 4}
    - $op:  {name: s, width: 3 * $k}
    - conv: {from: $source, width: 4}
layers:
  - unit: {k: 1..90, op: {conv, separable, plain, basic}, source: {s, input}}
"""
NO_WIDTH = "width is a whole number from 1 to 1,000,000, but got '0'; used in line 9"


@pytest.mark.parametrize(
    ("old", "new", "position", "words"),
    [
        ("3 * $k", "90 - $k", "6:30", NO_WIDTH),
        ("3 * $k", "$k - 1", "6:30", NO_WIDTH),
        ("3 * $k", "($k - 45) ** 2", "6:30", NO_WIDTH),
        ("3 * $k", "12 // ($k % 45)", "6:30", "division by zero; used in line 9"),
        ("basic}", "baisc}", "6:7", "there is no block 'baisc'; did you mean 'basic'?; used in line 9"),
        ("basic}", "lrn}", "6:23", "lrn has no 'width'"),
        ("{s, input}", "{s, t}", "7:20", "no row of 'unit' above is named 't'"),
    ],
)
def test_every_option_of_an_argument_is_tried(old: str, new: str, position: str, words: str) -> None:
    assert Space.from_yaml(OPTIONS).count() == 90 * 4 * 2
    assert OPTIONS.count(old) == 1
    with pytest.raises(SpaceError) as caught:
        read_table(read_text(OPTIONS.replace(old, new), name="a.yaml"))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"a.yaml:{position}: ")


def test_what_few_shapes_make_wrong_is_not_drawn() -> None:
    """The width of the block is 0 where it reads 2,000 channels, one option of 4,000."""
    text = """\
space: small
input: 3x8x8
blocks:
  narrow:
    - conv: {width: "min(($in - 2000) ** 2, 8)"}
layers:
  - conv: {width: 1..4000}
  - narrow
"""
    space = Space.from_yaml(text)
    wrong = space.replay({"conv.width": 2000})
    assert not space.feasible(wrong)
    with pytest.raises(SpaceError, match=r":5:22: width is a whole number .* but got '0'; used in line 8"):
        wrong.network  # noqa: B018


def test_a_join_may_draw_a_row_twice() -> None:
    text = """\
space: small
input: 3x8x8
layers:
  - conv: {name: a, width: 4}
  - conv: {name: b, width: 4}
  - add:  {with: [{a, b}, {a, b}]}
"""
    hashes = {}
    for sample in Space.from_yaml(text).enumerate():
        assert sample.network.totals == sample.totals
        assert sample.network.hash() == sample.hash()
        assert Network.from_yaml(sample.network.to_yaml()) == sample.network
        hashes[tuple(sample.decisions.values())] = sample.hash()
    assert hashes["a", "b"] == hashes["b", "a"]
    assert len(set(hashes.values())) == 3


@pytest.mark.slow
def test_a_choice_of_rows_that_few_networks_have_is_not_idle() -> None:
    rows = ["  - conv: {name: a0, width: 4}", "  - conv: {name: a1, width: 4}"]
    for number in range(2, 60):
        above = ", ".join(f"a{other}" for other in range(max(0, number - 20), number))
        rows.append(f"  - conv: {{name: a{number}, width: 4, from: {{{above}}}}}")
    space = Space.from_yaml("\n".join(["space: s", "input: 4x8x8", "layers:", *rows]))
    assert len(space.paths) == 58


def test_keys_that_yaml_cannot_read_are_refused() -> None:
    """YAML reads a key of at most 1,024 characters."""
    names = {f"argument{number}": 1 for number in range(100)}
    rows = tuple(Row("conv", width=ref(name)) for name in names)
    with pytest.raises(SpaceError, match="the arguments of a block take at most 1,000 characters"):
        Network(name="n", input=(3, 8, 8), blocks={"a": Composed(rows, defaults=names)}, layers=(Row("a"),))
    layers = (Row("conv", width=4, kernel=oneof(3, tuple(range(300)))),)
    with pytest.raises(SpaceError, match="an option holds at most 1,000 characters"):
        Space(name="s", input=(3, 8, 8), layers=layers)


def test_what_python_says_can_be_written() -> None:
    def tiny(width: Expr) -> Network:
        return Network(name="n", input=(3, 8, 8), let={"w": 1}, layers=(Row("conv", width=width),))

    long, deep_, chain = ref("w"), ref("w"), 4
    for number in range(1, 20):
        long, chain = long + 1, Conditional(number, Arithmetic(">", ref("w"), number), chain)
        deep_ = Conditional(Conditional(deep_, Arithmetic(">", ref("w"), 9), 3), True, number)
    for width in (long, chain):
        assert Network.from_yaml(tiny(width).to_yaml()) == tiny(width)
    with pytest.raises(SpaceError, match=r"width: an expression holds at most 20 operations"):
        tiny(2 * (1 + long))
    with pytest.raises(SpaceError, match=r"width: nested too deep; at most 20 levels"):
        tiny(deep_)


def test_powers_and_items_in_python() -> None:
    half = Arithmetic("**", Fraction(1, 2), ref("w"))
    names = {name: getattr(archscape.spaces, name) for name in archscape.spaces.__all__}
    assert eval(repr(half), names | {"Fraction": Fraction}) == half
    assert parse(expression_text(Arithmetic("**", -2, ref("w")))) == Arithmetic("**", -2, ref("w"))
    assert expression_text(oneof((1, 2), (3, 4))[1]) == "{[1, 2], [3, 4]}.1"
    assert parse("{[1, 2], [3, 4]}.1") == oneof((1, 2), (3, 4))[1]
    with pytest.raises(SpaceError, match="counted from 0, and -1 is the last, but got True"):
        ref("w")[True]


def test_the_number_of_a_block_is_that_of_its_own_row() -> None:
    rows = "[conv: {width: 8 + $i, depth: 4}, conv: {width: 8 + $i}, conv: {width: 4 + $i, depth: 2}]"
    table = Network.from_yaml(f"network: n\ninput: 3x8x8\nlayers: {rows}")
    assert [node.shape[0] for node in table.graph.flatten().nodes if node.op.weighted] == [
        8,
        9,
        10,
        11,
        8,
        4,
        5,
    ]
