"""Words of Keras, PyTorch and the tuners are met with ours; each of ours that is suggested is a real one."""

from __future__ import annotations

from dataclasses import fields

import pytest

from archscape.analysis.metrics import METRICS, WAYS
from archscape.search.job import Job
from archscape.search.job.settings import DEVICE
from archscape.search.pruners import PRUNERS
from archscape.search.samplers import SAMPLERS
from archscape.search.training.recipe import Recipe
from archscape.spaces import Network, Space, SpaceError
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.language.reading import READERS
from archscape.spaces.language.rows import STYLE
from archscape.spaces.language.settings import kinds_of
from archscape.spaces.vocabulary import _OURS, nearest

NETWORK = "network: n\ninput: 3x32x32\nlayers:\n  - conv: {width: 8}\n"


def our_words() -> set[str]:
    """Every name that the language, a job and a recipe have."""
    parameters = [parameter for block in BLOCKS.values() for parameter in block.parameters.values()]
    kinds = [parameter.kind for parameter in parameters] + [*STYLE.values()]
    values = {word for kind in [*kinds, *kinds_of(Recipe).values()] for word in kind.words}
    names = {parameter.name for parameter in parameters}
    rules = [table.load(name) for table in (PRUNERS, SAMPLERS) for name in table]
    names |= {field.name for settings in (Job, Recipe, *rules) for field in fields(settings)}
    sections = {"network", "space", *READERS, "from", "depth", "rows", "cuda"}
    return {*BLOCKS, *STYLE, *names, *values, *sections, *METRICS, *WAYS, *PRUNERS, *SAMPLERS}


@pytest.mark.parametrize("name", sorted({name for ours in _OURS.values() for name in ours}))
def test_a_suggested_name_is_one_of_ours(name: str) -> None:
    head = name.split(":")[0].split("(")[0]
    assert head in our_words() | {"group", "floor"}
    if ":" in name:
        assert Network.from_yaml(f"{NETWORK}  - {name}\n").totals.params


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("dense: {width: 10}", "a fully connected layer is `linear: {width: 10}`"),
        ("dense: {units: 10}", "a fully connected layer is `linear: {width: 10}`"),
        ("Dense: {units: 10}", "did you mean 'linear'?"),
        ("residual: {width: 10}", "`basic: {width: 64}`"),
        ("Conv2d: {out_channels: 8}", "did you mean 'conv'?"),
        ("conv: {out_channels: 8}", "did you mean 'width'?"),
        ("conv: {filters: 8}", "did you mean 'width'?"),
        ("conv: {width: 8, kernel_size: 3}", "did you mean 'kernel'?"),
        ("conv: {width: 8, activation: relu}", "did you mean 'act'?"),
        ("conv: {width: 8, act: ReLU}", "did you mean 'relu'?"),
        ("conv: {width: 8, act: swish}", "did you mean 'silu'?"),
        ("conv: {width: 8, act: None}", "did you mean 'none'?"),
        ("conv: {width: 8, norm: BatchNorm2d}", "did you mean 'batch'?"),
        ("conv: {width: 8, padding: SAME}", "did you mean 'same'?"),
        ("conv: {width: 8, bias: False}", "did you mean 'false'?"),
        ("conv: {width: 8, repeats: 2}", "did you mean 'depth'?"),
        ("conv: 16", "as in {width: 16}"),
        ("relu", "did you mean `act: {act: relu}`?"),
        ("LeakyReLU", "did you mean `act: {act: leaky_relu}`?"),
        ("BatchNorm2d", "did you mean 'norm'?"),
        ("MaxPooling2D", "did you mean 'maxpool'?"),
        ("AdaptiveAvgPool2d: 1", "did you mean 'avgpool'?"),
        ("dropout: 0.5", "as in {rate: 0.5}"),
        ("dropout: {p: 0.5}", "did you mean 'rate'?"),
        ("{type: conv, width: 8}", "did you mean `- conv: {...}`?"),
        ("mbconv: {width: 8}", "did you mean 'inverted'?"),
        ("DepthwiseConv2D: {kernel: 3}", "did you mean `conv: {width: 8, groups: 8}`?"),
        ("conv: {width: 8, norm: GroupNorm}", "did you mean 'group(8)'?"),
        ("conv: {width: 8, kernel: (3, 3)}", "as in [3, 3]"),
        ("add: conv", "as in {with: conv}"),
        ("view", "did you mean 'reshape'?"),
    ],
)
def test_a_row_of_other_frameworks_is_met_with_ours(row: str, message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        Network.from_yaml(f"{NETWORK}  - {row}\n")
    assert message in str(caught.value)


@pytest.mark.parametrize("where", ["let: {w: [16, 32]}", "choices: {w: [16, 32]}"])
def test_a_list_of_options_is_met_with_a_choice(where: str) -> None:
    with pytest.raises(SpaceError, match=r"a choice, in a space, is written \{16, 32\}"):
        Space.from_yaml(f"space: s\ninput: 3x32x32\n{where}\nlayers:\n  - conv: {{width: $w}}\n")


def test_a_name_that_is_known_comes_before_a_word_of_others() -> None:
    assert nearest("FLOPs", ["flops", "macs"]) == "'flops'"
    assert nearest("FLOPs", ["macs", "params"]) == "'macs'"
    assert nearest("gpu", DEVICE.words or ["cuda"]) == "'cuda'"
