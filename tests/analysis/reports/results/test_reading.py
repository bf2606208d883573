"""Tables as people and programs write them: nothing is lost or guessed, what was understood is said."""

from __future__ import annotations

import bz2
import doctest
import importlib.util
import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.reports.results import reading
from archscape.analysis.reports.results.page import write_table_report
from archscape.analysis.reports.results.paper import write_results_figure
from archscape.analysis.reports.results.reading import delimited, formats, json_tables, numbers, units
from archscape.analysis.reports.results.reading import read_table as read
from archscape.analysis.reports.results.results import Results
from archscape.analysis.reports.results.roles import ColumnOptions, infer_roles
from archscape.analysis.reports.results.rows import write_rows
from archscape.spaces.errors import InputError

NAMES = ["NA", "None", "null", "nan", "1e3", "007", "True", "inf", "-", "1,234", "n/a", "12 ms"]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    def written(content: str | bytes, name: str = "t.csv", names: tuple[str, ...] = ()) -> pd.DataFrame:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, names)

    return written


def results_of(table: pd.DataFrame, **options: Any) -> Results:
    return infer_roles(table, ColumnOptions(**options), title="t", where="t.csv")


def csv_of(*rows: str, head: str = "model;acc;params") -> str:
    return "\n".join([head, *rows]) + "\n"


Table = Callable[..., pd.DataFrame]


@pytest.mark.parametrize("form", ["csv", "json", "records", "split", "index"])
def test_names_that_look_like_something_else_reach_page_csv_and_json(
    form: str, table: Table, tmp_path: Path
) -> None:
    rows = [{"model": name, "acc": at / 20, "params": at + 1} for at, name in enumerate(NAMES)]
    quoted = [f'"{row["model"]}",{row["acc"]},{row["params"]}' for row in rows]
    frame = pd.DataFrame(rows)
    contents = {
        "csv": csv_of(*quoted, head="model,acc,params"),
        "json": json.dumps(frame.to_dict("list")),
        "records": "\n".join(map(json.dumps, rows)),
        "split": frame.to_json(orient="split"),
        "index": frame.set_index("model").to_json(orient="index"),
    }
    results = results_of(table(contents[form], "t.csv" if form == "csv" else "t.json"))
    assert results.names == NAMES
    page = write_table_report(results, tmp_path / "t.html").read_text()
    assert all(json.dumps(name) in page for name in NAMES)
    write_rows(results, tmp_path / "all.json", every=True)
    write_rows(results, tmp_path / "all.csv", every=True)
    assert [row[results.name] for row in json.loads((tmp_path / "all.json").read_text())] == NAMES
    assert results_of(read(tmp_path / "all.csv")).names == NAMES


def test_a_column_that_the_user_calls_the_names_stays_text(table: Table) -> None:
    read_as = table(csv_of("1e3;1;2", "2e3;2;3", head="tag;acc;params"), names=("tag",))
    assert results_of(read_as, name="tag").names == ["1e3", "2e3"]


def test_a_row_without_a_number_for_its_score_is_named_and_not_in_the_frontier(table: Table) -> None:
    rows = ["a;0.5;1", "b;nan;1", "c;inf;1", "d;;1", "e;0.6;", "f;0.7;inf", "g;None;2", "h;0.8;4"]
    results = results_of(table(csv_of(*(f"{row};9" for row in rows), head="model;acc;params;macs")))
    assert results.names == ["a", "e", "f", "h"]
    assert results.on_frontier("params") == [0, 3]
    assert "Left out, their acc being empty or no finite number: 4 (b, c, d, g)." in results.explanations
    assert "Not over params, which is empty or no finite number there: 2 (e, f)." in results.explanations
    bare = results_of(table(csv_of("a;1;", "b;2;3")))
    assert "Left out, having no cost: 1 (a)." in bare.explanations


@given(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 2**80)), min_size=1)
)
def test_floats_and_whole_numbers_keep_every_digit(rows: list[tuple[float, int]]) -> None:
    known, _, _ = numbers.numbers_of({"acc": [repr(a) for a, _ in rows], "flops": [str(b) for _, b in rows]})
    assert [value.hex() for value in known["acc"].tolist()] == [a.hex() for a, _ in rows]
    assert known["flops"].tolist() == [b for _, b in rows]


def test_what_is_written_has_the_digits_that_were_read(table: Table, tmp_path: Path) -> None:
    big = 2**53 + 1
    text = json.dumps([{"model": "a", "acc": 0.1 + 0.2, "flops": big, "other": 1e-17}])
    write_rows(results_of(table(text, "t.json")), tmp_path / "o.json", every=True)
    (row,) = json.loads((tmp_path / "o.json").read_text())
    assert (row["acc"], row["flops"], row["other"]) == (0.1 + 0.2, big, 1e-17)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("76,1", "9,25"), [76.1, 9.25]),
        (("1.234,5", "12"), [1234.5, 12]),
        (("25,557,032", "3"), [25557032, 3]),
        (("25.557.032", "3"), [25557032, 3]),
        (("25 557 032", "1\u202f000"), [25557032, 1000]),
        (("25_557_032", "1"), [25557032, 1]),
        (("1'234'567", "1"), [1234567, 1]),
        (("1,234.5", "2"), [1234.5, 2]),
        (("95.2%", "94 %"), [95.2, 94]),
        (("4.1G", "350M"), [4_100_000_000, 350_000_000]),
        (("25.6M", "980"), [25_600_000, 980]),
        (("1.1B", "7b"), [1_100_000_000, 7_000_000_000]),
        (("4.1 GMACs", "12 MMACs"), [4_100_000_000, 12_000_000]),
        (("4.1 GMACs", "12 MMAdds"), [4_100_000_000, 12_000_000]),
        (("12 ms", "1.5 s"), [12, 1500]),
        (("98 MB", "1 GB"), [98, 1000]),
        (("350 img/s", "20 img/s"), [350, 20]),
        (("−5", "+3"), [-5, 3]),
        (("1.234", "5"), [1.234, 5]),
        (("1e6", ".5"), [1e6, 0.5]),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_meant(
    cells: tuple[str, ...], values: list[float], table: Table
) -> None:
    models = table(json.dumps([{"model": "a", "params": cell} for cell in cells]), "t.json")
    assert models["params"].tolist() == values


@pytest.mark.parametrize(
    "cells",
    [
        ("3x224", "3x32"),
        ("12 ms", "13"),
        ("95%", "0.95"),
        ("12 ms", "3 MB"),
        ("1-2", "3"),
        ("<5", "6"),
        ("v2", "3"),
    ],
)
def test_what_is_no_number_stays_a_text(cells: tuple[str, ...], table: Table) -> None:
    models = table(json.dumps([{"model": "a", "params": cell} for cell in cells]), "t.json")
    assert models["params"].tolist() == list(cells)


def test_what_may_be_two_numbers_is_refused_unless_the_file_tells(table: Table) -> None:
    with pytest.raises(InputError, match=r"column 'params': '1,234' may be 1.234 or 1234; write one unit, "):
        results_of(table(csv_of("a;1;1,234", "b;2;5")))
    with pytest.raises(InputError, match=r"'25.557' may be 25.557 or 25557"):
        results_of(table(csv_of("a;76,1;25.557", "b;75,0;11.689")))
    told = table('model,acc,params\na,76.13,"1,234"\nb,70.5,"11,689"\n')
    assert told["params"].tolist() == [1234, 11689]
    told = table(csv_of("a;76,1;1,234", "b;75,05;5"))
    assert told["params"].tolist() == [1.234, 5]
    for cell, other in (("95.2%", "0.93"), ("12 ms", "13"), ("12 ms", "3 MB")):
        with pytest.raises(
            InputError, match=rf"column 'acc': '{cell}' \(row 1\) and '{other}' \(row 2\) have different"
        ):
            results_of(table(csv_of(f"a;{cell};1", f"b;{other};2")))
    mixed = table(csv_of("a;76,1;3", "b;75.05;5"))
    with pytest.raises(InputError, match=r"'76,1' \(row 1\)") as refused:
        results_of(mixed)
    said = "column 'acc': '75.05' (row 2) has a decimal point, '76,1' (row 1) a decimal comma"
    assert said in str(refused.value)
    unused = table("model;top1;top1_err;lat\na;76,1;4;3\nb;75.05;6;5\n")
    results = results_of(unused, score="top1_err", costs=("lat",))
    assert any(text.startswith("Left out: top1, in which '75.05' (row 2)") for text in results.explanations)
    other = results_of(table(csv_of("a;1;2;1,234", "b;2;3;5,678", head="model;acc;params;note")))
    assert list(other.costs) == ["params"]


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [("macs", "4.1 GFLOPs", "3.2 GMACs"), ("macs", "4.1 GFLOPs", "3.2G"), ("FLOPs (G)", "3", "4 GMAdds"),
     ("macs", "3.2 GBOPs", "1 GMACs"), ("params", "25.6 Mparams", "3 MFLOPs"), ("flops", "1 GMACs", "9")],
)  # fmt: skip
def test_what_is_counted_in_different_words_is_not_one_column(
    column: str, one: str, other: str, table: Table
) -> None:
    rows = [{"model": "a", "acc": 1, column: one}, {"model": "b", "acc": 2, column: other}]
    with pytest.raises(
        InputError,
        match=rf"'{re.escape(one)}' \(row 1\) and '{re.escape(other)}' \(row 2\) have different units",
    ):
        results_of(table(json.dumps(rows), "t.json"))


@pytest.mark.parametrize("cells", [("4.1 GMACs", "980M"), ("1 GMACs", "9"), ("4 GMACs", "3 GMAdds")])
def test_a_prefix_alone_counts_what_its_column_does(cells: tuple[str, str], table: Table) -> None:
    for column in ("macs", "work"):
        rows = [{"model": str(at), "acc": at, column: cell} for at, cell in enumerate(cells)]
        assert pd.api.types.is_numeric_dtype(table(json.dumps(rows), "t.json")[column])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("1.5 GB", "900 MB"), "900 MB is 0.9 GB"),
        (("1,5 GB", "900 MB"), "decimal commas, 1,5 GB is 1.5 GB, 900 MB is 0.9 GB"),
        (("12 ms", "1.5 s"), "1.5 s is 1500 ms"),
        (("3", "25.6M"), "25.6M is 25600000"),
        (("12 ms", "9 ms"), "12 ms is 12 ms"),
    ],
)
def test_the_example_of_what_was_understood_is_a_number_that_changed(
    cells: tuple[str, ...], said: str, table: Table
) -> None:
    models = table(json.dumps([{"model": "a", "cost": cell} for cell in cells]), "t.json")
    assert models.attrs["understood"] == [f"cost: {said}"]


def test_units_in_cells_stand_at_the_axes(table: Table) -> None:
    results = results_of(table(csv_of("a;95.2%;12 ms", "b;94%;9 ms", head="model;top1;latency")))
    assert results.head("latency") == "latency (ms)"
    assert results.unit == 100
    assert results.explanations[-1] == (
        "Read as: separated by semicolons; top1: 95.2% is 95.2%; latency: 12 ms is 12 ms."
    )


ROWS = "model,acc,params\nné,0.5,1\nb,0.6,2\n"


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (ROWS.encode(), ""),
        (ROWS.encode("utf-8-sig"), ""),
        (ROWS.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + ROWS.encode("utf-16-be"), "UTF-16"),
        (ROWS.encode("latin-1"), "no UTF-8, read as Windows-1252 (Latin-1)"),
        (ROWS.replace("\n", "\r\n").encode(), ""),
        (ROWS.replace("\n", "\r").encode(), ""),
        (ROWS.replace("\n", "\n\n").encode(), ""),
        (ROWS.replace(",", ";").encode(), "separated by semicolons"),
        (ROWS.replace(",", "\t").encode(), "separated by tabs"),
        (ROWS.replace(",", "|").encode(), "separated by bars"),
        (("sep=;\n" + ROWS.replace(",", ";")).encode(), "separated by semicolons"),
        (("# a, b\n#\n" + ROWS + "# the end\n").encode(), "3 lines of comment left out"),
        (("# " + ROWS).encode(), ""),
        (ROWS.replace("\n", ",\n").encode(), ""),
        (ROWS.replace(",", " , ").encode(), ""),
        (",model,acc,params\n0,né,0.5,1\n1,b,0.6,2\n".encode(), ""),
        ("Unnamed: 0,model,acc,params\n0,né,0.5,1\n1,b,0.6,2\n".encode(), ""),
        (b'[{"model": "n\xc3\xa9", "acc": 0.5, "params": 1}, {"model": "b", "acc": 0.6, "params": 2}]',
         "JSON, though it is called .csv"),
    ],
)  # fmt: skip
def test_every_way_to_write_a_csv_file_gives_one_table(content: bytes, note: str, table: Table) -> None:
    models = table(content)
    assert [name.strip() for name in models["model"]] == ["né", "b"]
    assert models[["acc", "params"]].to_dict("list") == {"acc": [0.5, 0.6], "params": [1, 2]}
    assert models.columns.tolist() == ["model", "acc", "params"]
    assert models.attrs["understood"] == ([note] if note else [])


def test_names_of_rows_are_names_even_without_a_head(table: Table) -> None:
    for content in ("acc,params\nr18,0.5,1\nr50,0.6,2\n", ",acc,params\nr18,0.5,1\nr50,0.6,2\n"):
        assert results_of(table(content)).names == ["r18", "r50"]


def test_a_first_column_that_tells_all_rows_apart_is_their_names(table: Table) -> None:
    results = results_of(table("Method,Top-1,Params\nResNet-50,76.1,25.6\nSwin-T,81.3,28\n"))
    assert (results.names, results.family) == (["ResNet-50", "Swin-T"], "")
    results = results_of(table("Method,Top-1,Params\nours,76.1,25.6\nours,81.3,28\n"))
    assert (results.names, results.family) == (["row 1", "row 2"], "Method")


def test_quotations_may_hold_separators_and_ends_of_lines(table: Table) -> None:
    assert table('model,acc,params\n"a\nb, ""c""",0.5,1\n')["model"].tolist() == ['a\nb, "c"']


def test_a_network_may_be_called_like_a_comment(table: Table) -> None:
    assert table("model,acc,params\n#5,0.5,1\n")["model"].tolist() == ["#5"]


def test_columns_of_one_name_are_told_apart(table: Table) -> None:
    models = table("model,acc,acc,params\na,1,2,3\n")
    assert models.columns.tolist() == ["model", "acc", "acc.1", "params"]
    assert models.attrs["understood"] == ["a second column 'acc' is acc.1"]


def test_short_rows_are_said_and_long_ones_refused(table: Table) -> None:
    models = table("model,acc,params\na,1\nb,2,3\n")
    assert models.attrs["understood"] == ["cells missing at the end of line 2"]
    with pytest.raises(InputError, match="line 3 has 4 cells, but there are 3 columns"):
        table("model,acc,params\na,1,2\nb,2,3,4\n")
    with pytest.raises(InputError, match="line 3: unexpected end of data"):
        table('model,acc,params\n"a,1,2\nb,2,3\n')


@pytest.mark.parametrize(
    "text",
    [
        '[["model", "acc", "params"], ["a", 0.9], ["b", 0.8, 1]]',
        '{"columns": ["model", "acc", "params"], "data": [["a", 0.9], ["b", 0.8, 1]]}',
        '{"columns": ["acc", "params"], "index": ["a", "b"], "data": [[0.9], [0.8, 1]]}',
    ],
)
def test_short_rows_of_json_are_said_too(text: str, table: Table) -> None:
    models = table(text, "t.json")
    assert models["acc"].tolist() == [0.9, 0.8]
    assert models["params"].isna().tolist() == [True, False]
    assert models.attrs["understood"] == ["cells missing at the end of row 1"]


def test_a_name_in_markdown_keeps_marks_that_do_not_enclose_it(table: Table) -> None:
    cells = ["resnet_v2__x", "`a_b`", "**bold**", "__init__", "**a**/**b**", "a**b"]
    rows = "".join(f"| {cell} | *{at}* | 1 |\n" for at, cell in enumerate(cells))
    models = table(f"|model|acc|params|\n|--|--|--|\n{rows}", "t.md")
    assert models["model"].tolist() == ["resnet_v2__x", "a_b", "bold", "init", "**a**/**b**", "a**b"]
    assert models["acc"].tolist() == [0, 1, 2, 3, 4, 5]


def test_which_of_several_tables_was_read_is_said(table: Table, tmp_path: Path) -> None:
    text = "|model|acc|\n|--|--|\n|a|1|\n\n|model|acc|\n|--|--|\n|b|2|\n"
    assert table(text, "t.md").attrs["understood"] == ["the first of 2 tables"]
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        for sheet, name in (("ours", "a"), ("theirs", "b")):
            pd.DataFrame({"model": [name], "acc": [1]}).to_excel(book, sheet_name=sheet, index=False)
    models = read(tmp_path / "t.xlsx")
    assert (models["model"].tolist(), models.attrs["understood"]) == (
        ["a"],
        ["the first of 2 sheets, 'ours'"],
    )


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("results.json.csv", ROWS),
        ("t.tsv", ROWS.replace(",", "\t")),
        ("t.csv.json", '{"model": ["né", "b"], "acc": [0.5, 0.6], "params": [1, 2]}'),
        ("t.jsonl", '{"model": "né", "acc": 0.5, "params": 1}\n{"model": "b", "acc": 0.6, "params": 2}\n'),
        ("t.json", '{"model": {"0": "né", "1": "b"}, "acc": {"0": 0.5, "1": 0.6}, '
                   '"params": {"0": 1, "1": 2}}'),
        ("t.json", '{"made": "x", "results": [{"model": "né", "acc": 0.5, "params": 1}, '
                   '{"model": "b", "acc": 0.6, "params": 2}]}'),
        ("t.json", '[["model", "acc", "params"], ["né", 0.5, 1], ["b", 0.6, 2]]'),
        ("t.md", "Words.\n\n|model|acc|params|\n|:--|--:|--:|\n| né | 0.5 | 1 |\n| **b** | 0.6 | 2 |\n"),
        ("t.csv.bz2", bz2.compress(ROWS.encode())),
        ("t.csv.xz", lzma.compress(ROWS.encode())),
    ],
)  # fmt: skip
def test_the_last_suffix_tells_the_format(name: str, rows: str | bytes, table: Table) -> None:
    models = table(rows, name)
    assert models.to_dict("list") == {"model": ["né", "b"], "acc": [0.5, 0.6], "params": [1, 2]}


def test_objects_in_objects_become_columns(table: Table) -> None:
    text = '[{"name": "a", "metrics": {"top1": 76.1, "top5": 93}, "cost": {"params": 25557032}}]'
    models = table(text, "t.json")
    assert models.columns.tolist() == ["name", "metrics.top1", "metrics.top5", "cost.params"]
    results = results_of(models, score="metrics.top1")
    assert dict(results.costs) == {"cost.params": "minimize"}


def test_typed_tables_keep_whole_numbers_beside_missing_ones(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {"model": ["NA", "7"], "acc": [0.1 + 0.2, None], "flops": pd.array([2**53 + 1, None], "Int64")}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    for name in ("t.parquet", "t.feather"):
        models = read(tmp_path / name)
        assert models["model"].tolist() == ["NA", "7"]
        assert models["acc"].tolist()[0] == 0.1 + 0.2
        assert models["flops"].tolist() == [2**53 + 1, None]


@pytest.mark.parametrize(
    ("name", "package", "module"),
    [("t.xls", "xlrd", "xlrd"), ("t.ods", "odfpy", "odf"), ("t.csv.zst", "zstandard", "zstandard")],
)
def test_a_format_whose_package_is_missing_says_which(
    name: str, package: str, module: str, table: Table
) -> None:
    if importlib.util.find_spec(module):
        pytest.skip(f"{module} is installed")
    with pytest.raises(
        InputError, match=f"{name}: pandas reads this with {package}, .* pip install {package}"
    ):
        table(b"\x28\xb5\x2f\xfd" if name.endswith("zst") else b"PK\x03\x04", name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"PK\x03\x04 and so on", "its content is that of a .xlsx file; name it so"),
        ("t.csv", b"\x1f\x8b\x08", "its content is that of a .gz file"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16-le"), "no text, or UTF-16 without a byte order mark"),
        ("t.csv", b"model\na\n", "it has one column, 'model': no separator is in every row"),
        ("t.csv", b"# nothing\n", "it is empty"),
        ("t.json", b"[]", "it holds no table"),
        ("t.json", b"3", "it holds no table"),
        ("t.json", b'{"a": [1, 2], "b": [1]}', "its columns are of different lengths"),
        ("t.json", b'[["a", "b"], [1, 2], [1, 2, 3]]', "row 2 has 3 cells, but there are 2 columns"),
        ("t.json", b"[[]]", "it has no columns"),
        (
            "t.json",
            b'{"columns": ["a", "b"], "data": [1, 2]}',
            "row 1 of 'data' must be a list of cells, but is 1",
        ),
        ("t.json", b'{"columns": 3, "data": [[1, 2]]}', "'columns' must be a list, but is 3"),
        (
            "t.json",
            b'{"columns": ["a"], "index": ["x"], "data": [[1], [2]]}',
            "'index' has 1 names, but 'data' has 2",
        ),
        ("t.json", b'[{"model": "a", "acc": 1, "acc": 2}]', "an object has the key 'acc' twice"),
        (
            "t.jsonl",
            b'{"m": "a", "acc": 1}\n{"m": "b", "acc": 1, "acc": 2}',
            "an object has the key 'acc' twice",
        ),
        ("t.json", b"[" * 100_000, "nested too deeply"),
        ("t.md", b"no table", "it holds no table"),
        ("t.parquet", b"no parquet", "cannot be read as a table"),
        ("t.docx", b"", "a table is .csv, .csv.gz"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(name: str, content: bytes, message: str, table: Table) -> None:
    with pytest.raises(InputError, match=message) as refused:
        table(content, name)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["min", "max"])
@pytest.mark.parametrize(
    "rows",
    [
        [(0.5, 1)] * 4,
        [(0.5, 1), (0.5, 2), (0.5, 3)],
        [(0.1, 1), (0.2, 1), (0.3, 1)],
        [(0.5, 0), (0.5, 0), (0.5, 0)],
        [(0.5, -1), (0.6, -1), (0.5, 0)],
        [(0.5, 1)],
        [(0.0, 1), (0.0, 1e30), (0.0, 1e-30)],
        [(0.5, 1e-300), (0.6, 1), (0.7, 1e300)],
        [(-9e299, 1e300), (9e299, -1e300), (0.7, 0)],
        [(1e308, 1.7e308), (-1e308, 5e-324), (0.7, 1.7e308), (0.7, 3)],
    ],
)
def test_equal_scores_and_costs_give_a_report_and_no_warning(
    rows: list[tuple[float, float]], way: str, tmp_path: Path
) -> None:
    frame = pd.DataFrame(
        [("ab"[at % 2], *row) for at, row in enumerate(rows)], columns=["family", "acc", "cost"]
    )
    results = results_of(frame, score=f"acc:{way}", costs=(f"cost:{way}",))
    assert write_table_report(results, tmp_path / "t.html").is_file()
    for shown in ("frontier", "edf"):
        assert write_results_figure(results, tmp_path / f"{shown}.svg", shown).is_file()


def test_numbers_that_no_figure_has_room_for_are_named(table: Table) -> None:
    results = results_of(table("model,acc,params\na,1,1.7e308\nb,1e308,2\nc,3,4\nd,inf,5\n"))
    assert results.rows["model"].tolist() == ["c"]
    assert results.explanations[-2:] == (
        "Taken as infinite, acc being beyond 1e+300: 1 (b).",
        "Taken as infinite, params being beyond 1e+300: 1 (a).",
    )
    with pytest.raises(InputError, match=r"no row has both acc and one of params up to 1e\+300"):
        results_of(table("model,acc,params\na,1,1.7e308\n"))


def test_its_examples_hold() -> None:
    for module in (reading, delimited, formats, json_tables, numbers, units):
        assert doctest.testmod(module).failed == 0
