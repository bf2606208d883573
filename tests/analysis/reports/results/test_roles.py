import doctest
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from archscape.analysis.reports.results import column_words, family_rules, reading, roles
from archscape.analysis.reports.results.family_rules import (
    families_of_names,
    family_of_name,
    family_of_network,
)
from archscape.analysis.reports.results.reading import read_table
from archscape.analysis.reports.results.results import Results
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles
from archscape.spaces.errors import InputError


def given(wanted: ColumnOptions | None = None, **columns: list[object]) -> Results:
    return infer_roles(pd.DataFrame(columns), wanted or ColumnOptions(), title="t", where="t.csv")


@pytest.mark.parametrize(
    ("names", "score", "way"),
    [
        (["top1", "top5"], "top1", "maximize"),
        (["Top-1", "val_loss"], "Top-1", "maximize"),
        (["loss", "valAcc"], "valAcc", "maximize"),
        (["test error", "stuff"], "test error", "minimize"),
        (["mean_acc", "acc1"], "mean_acc", "maximize"),
        (["acc1", "acc5"], "acc1", "maximize"),
    ],
)
def test_the_score_is_found_by_its_name(names: list[str], score: str, way: str) -> None:
    results = given(**{name: [1.0, 2.0] for name in names}, params=[1, 2])
    assert (results.score, results.way) == (score, way)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("params_M", "minimize"),
        ("GMACs", "minimize"),
        ("FLOPs (G)", "minimize"),
        ("macts", "minimize"),
        ("lat_raspi4", "minimize"),
        ("latency ms", "minimize"),
        ("peak_memory", "minimize"),
        ("samples_per_second", "maximize"),
        ("throughput", "maximize"),
    ],
)
def test_a_cost_is_found_by_a_word_of_its_name(name: str, way: str) -> None:
    assert given(accuracy=[0.1, 0.2], **{name: [1, 2]}, img_size=[3, 4]).costs == {name: way}


def test_operations_come_before_parameters_and_speed_comes_last() -> None:
    results = given(fps=[1, 2], params=[1, 2], acc=[1, 2], macs=[1, 2])
    assert list(results.costs) == ["macs", "params", "fps"]


def test_what_is_said_wins_over_what_is_found() -> None:
    wanted = ColumnOptions(score="top5", costs=("size",), name="b", family="a")
    results = given(
        wanted, model=["x", "y"], top1=[1, 2], top5=[3, 4], params=[1, 2], size=[5, 6], a=[1, 2], b=["p", "q"]
    )
    assert (results.score, dict(results.costs), results.names, results.family) == (
        "top5",
        {"size": "minimize"},
        ["p", "q"],
        "a",
    )


@pytest.mark.parametrize(
    ("said", "score", "way"),
    [
        ("rmse", "rmse", "minimize"),
        ("rmse:max", "rmse", "maximize"),
        ("mAP@0.5:0.95", "mAP@0.5:0.95", "maximize"),
        ("mAP@0.5:0.95:min", "mAP@0.5:0.95", "minimize"),
        ("top5:MIN", "top5", "minimize"),
        ("top5:maximize", "top5", "maximize"),
        ("loss:max", "loss:max", "minimize"),
        ("loss:max:max", "loss:max", "maximize"),
    ],
)
def test_the_better_way_is_said_behind_a_colon_that_is_not_the_columns_own(
    said: str, score: str, way: str
) -> None:
    columns: dict[str, list[object]] = {
        name: [1, 2] for name in ("rmse", "mAP@0.5:0.95", "top5", "loss", "loss:max", "params")
    }
    results = given(ColumnOptions(score=said), **columns)
    assert (results.score, results.way) == (score, way)


def test_what_a_name_does_not_tell_is_assumed_and_said_first() -> None:
    columns: dict[str, list[object]] = {"foo": [1, 2], "images/s": [1, 2], "bar": [1, 2]}
    results = given(ColumnOptions(score="foo", costs=("images/s", "bar")), **columns)
    assert (results.way, dict(results.costs)) == ("maximize", {"images/s": "maximize", "bar": "minimize"})
    assert results.explanations[0] == (
        "Score: foo, more is better (assumed, its name does not tell: else --score 'foo:min') (--score). "
        "Costs: images/s, more is better; bar, less is better (assumed, its name does not tell: "
        "else --cost 'bar:max') (--cost)."
    )


def test_a_guess_is_said_as_assumed_unless_the_user_says_it() -> None:
    columns: dict[str, list[object]] = {"z_score": [1, 2], "chip_area": [1, 2], "loss_weight": [1, 1]}
    results = given(ColumnOptions(score="z_score", costs=("chip_area:min", "loss_weight")), **columns)
    assert results.explanations[0] == (
        "Score: z_score, more is better (assumed, its name does not tell: else --score 'z_score:min') "
        "(--score). "
        "Costs: chip_area, less is better; loss_weight, less is better (assumed, its name does not tell: "
        "else --cost 'loss_weight:max') (--cost)."
    )


def test_frontier_and_axes_follow_the_directions() -> None:
    rows: dict[str, list[object]] = {"rmse": [1.0, 2.0, 3.0], "size:net": [1.0, 3.0, 2.0]}
    results = given(ColumnOptions(score="rmse", costs=("size:net:max",)), **rows)
    assert results.on_frontier("size:net") == [1, 0]
    assert results.score_axis().label == "Rmse, less is better"
    assert results.cost_axis("size:net", 1, 3).label == "size:net, more is better"
    results = given(ColumnOptions(score="rmse:max", costs=("size:net",)), **rows)
    assert results.on_frontier("size:net") == [0, 2]


def test_a_cost_that_holds_texts_is_told() -> None:
    results = given(acc=[1, 2], macs=[1, 2], params=["25.6M", "5M"], weights=["in1k", "in21k"])
    assert list(results.costs) == ["macs"]
    assert results.explanations[-1] == "Left out, since not every cell is a number: params."


def test_trainings_are_found_by_their_mean() -> None:
    results = given(acc1=[1.0, 2.0], acc2=[3.0, 4.0], mean_acc=[2.0, 3.0], params=[1, 2])
    assert results.repeats == ("acc1", "acc2")
    assert given(acc1=[1.0, 2.0], acc2=[3.0, 4.0], mean_acc=[2.5, 3.0], params=[1, 2]).repeats == ()


def test_everything_that_was_chosen_is_told_with_the_way_to_choose_otherwise() -> None:
    results = given(acc1=[1.0, 2.0], acc2=[3.0, 4.0], mean_acc=[2.0, 3.0], fps=[1, 2], method=["a", "b"])
    assert results.explanations == (
        "Score: mean_acc, more is better (--score). Costs: fps, more is better (--cost).",
        "Networks are named by their row (--name).",
        "Families: method (--family).",
        "Repeated trainings: acc1, acc2 (--repeats).",
    )


@pytest.mark.parametrize(
    ("table", "wanted", "message"),
    [
        (
            {"a": [1], "params": [1]},
            ColumnOptions(),
            "t.csv: which column is the score?.* --score COLUMN, of a, params",
        ),
        (
            {"acc": [1], "b": [1]},
            ColumnOptions(),
            "t.csv: which column is a cost?.* --cost COLUMN, of acc, b",
        ),
        (
            {"top1": [1], "params": [1]},
            ColumnOptions(score="topl"),
            "t.csv: no column 'topl'; did you mean 'top1'\\?; there are top1, params",
        ),
        ({"acc": ["x"], "params": [1]}, ColumnOptions(score="acc"), "t.csv: column 'acc' must hold numbers"),
        (
            {"acc": ["x"], "r1": [1], "r2": [2], "params": [1]},
            ColumnOptions(score="acc"),
            "t.csv: column 'acc' must hold numbers",
        ),
        (
            {"acc": [None], "params": [1]},
            ColumnOptions(score="acc"),
            "t.csv: no row has both acc and one of params",
        ),
        (
            {"acc": ["1", "-"], "params": [1, 2]},
            ColumnOptions(),
            "acc would be, but not every cell is a number",
        ),
        ({"acc": [1], "params": [1]}, ColumnOptions(costs=("acc",)), "'acc' is two of them"),
        (
            {"acc": [1], "params": [1]},
            ColumnOptions(costs=("params:mx",)),
            "t.csv: params:mx: 'mx' is no direction; did you mean 'max'",
        ),
        ({"acc": [1], "params": [1]}, ColumnOptions(score="ac:max"), "no column 'ac'; did you mean 'acc'"),
        (
            {"acc_a": [1], "acc_b": [1], "params": [1]},
            ColumnOptions(),
            "t.csv: which column is the score, acc_a, acc_b\\? say --score COLUMN",
        ),
        ({"acc": [1], "params": [1]}, ColumnOptions(family="params"), "'params' is two of them"),
        (
            {"acc1": [1, 2], "acc2": [3, 4], "params": [1, 2]},
            ColumnOptions(repeats=("acc1", "acc2")),
            "the score must be the mean of acc1, acc2, but acc1 is not",
        ),
    ],
)
def test_what_cannot_be_a_table_of_results_is_told(
    table: dict[str, list[object]], wanted: ColumnOptions, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        given(wanted, **table)


@pytest.mark.parametrize(
    ("scores", "unit"), [([0.5, 0.9], 1.0), ([50.0, 90.0], 100.0), ([500.0, 900.0], None)]
)
def test_percent_and_shares_are_told_apart(scores: list[object], unit: float | None) -> None:
    assert given(accuracy=scores, params=[1, 2]).unit == unit


def test_units_stay_those_of_the_table() -> None:
    results = given(top1=[90.056, 80.0], params_M=[305.08, 5.0])
    assert results.text("params_M", 305.08) == "305.08"
    assert results.text("top1", 80.0) == "80.000"
    assert results.head("params_M") == "parameters (M)"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("resnet50d", "resnet"),
        ("tf_efficientnetv2_s", "efficientnet"),
        ("vit_base_patch16_224", "vit"),
        ("convnextv2_huge", "convnext"),
        ("levit_conv_128", "levit"),
        ("legacy_seresnet18", "seresnet"),
        ("VGG16", "vgg"),
        ("0123", ""),
        ("|avg_pool~0|", ""),
    ],
)
def test_a_name_tells_its_family(name: str, family: str) -> None:
    assert family_of_name(name) == family


def test_names_that_begin_alike_too_seldom_tell_no_families() -> None:
    five = [f"resnet{number}" for number in range(5)]
    assert families_of_names([*five, *(f"vit_{n}" for n in range(5)), "x"]) == ["resnet"] * 5 + [
        "vit"
    ] * 5 + ["x"]
    assert families_of_names([*five, *(f"vit_{n}" for n in range(4))]) is None
    assert families_of_names([*five, *(f"vit_{n}" for n in range(5)), *(str(n) for n in range(11))]) is None


def test_a_network_is_of_the_family_of_most_of_its_blocks() -> None:
    def network(*rows: object) -> str:
        return json.dumps({"layers": ["avgpool", {"conv": {"width": 8}}, *rows, {"linear": {"width": 10}}]})

    assert family_of_network(network({"dense": {"depth": 2}}, {"plain": {"width": 4}})) == "dense"
    assert family_of_network(network({"dense": {"depth": 1}}, {"plain": {"width": 4}})) == "mixed"
    assert family_of_network(network()) == ""
    assert family_of_network("") == ""


TEXT = "arch,acc,params\n0012,0.5,10\n0101,0.75,20\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", TEXT.encode()),
        ("t.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("t.tsv", TEXT.replace(",", "\t").encode()),
        (
            "t.json",
            json.dumps(
                [{"arch": "0012", "acc": 0.5, "params": "10"}, {"arch": "0101", "acc": 0.75, "params": "20"}]
            ).encode(),
        ),
    ],
)
def test_every_form_gives_the_same_table(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    table = read_table(path)
    assert table["acc"].tolist() == [0.5, 0.75]
    assert table["params"].tolist() == [10, 20]
    assert table["arch"].tolist() == ["0012", "0101"]  # a name keeps its zeros


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.docx", b"", "a table is .csv, .csv.gz"),
        ("gone.csv", None, "gone.csv: no such file"),
        ("t.csv", b"a,b\n", "the table has no rows"),
        ("t.csv", b"", "cannot be read as a table"),
        ("t.csv.gz", b"no gzip", "cannot be read as a table"),
        ("t.csv.gz", gzip.compress(TEXT.encode(), mtime=0)[:10] + b"\x55" * 40, "cannot be read as a table"),
        ("t.json", b"{", "cannot be read as a table"),
        ("t.csv", b"a\n\xff\xfe\n", "cannot be read as a table"),
    ],
)
def test_a_file_that_is_no_table_is_named(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path)


def test_no_number_becomes_a_date(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"acc": 0.5, "train_time": 1000000000}]')
    assert read_table(path)["train_time"].tolist() == [1_000_000_000]


def test_the_published_table_is_read_without_a_word(published: Callable[[str], Path]) -> None:
    path = published("timm_imagenet.csv.gz")
    results = infer_roles(read_table(path), ColumnOptions(), title="timm", where=str(path))
    assert (results.score, results.name, len(results.rows)) == ("top1", "model", 1186)
    assert list(results.costs) == ["gmacs", "params_M", "macts", "samples_per_second_rtx4090"]
    assert results.rows[results.family].value_counts().head(3).index.tolist() == [
        "vit",
        "resnet",
        "efficientnet",
    ]


def test_its_examples_hold() -> None:
    for module in (roles, column_words, family_rules, reading):
        assert doctest.testmod(module).failed == 0
