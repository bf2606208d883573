"""A document keeps every scalar as it was written, knows where each part stands, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.spaces.errors import InputError, JobError, SpaceError
from archscape.spaces.language.document import MAX_CHARACTERS, MAX_DEPTH, Document, read_file, read_text


def error_of(text: str) -> str:
    with pytest.raises(SpaceError) as caught:
        read_text(text, name="a.yaml")
    return str(caught.value)


def test_scalars_stay_the_text_that_was_written() -> None:
    document = read_text("{a: no, b: 1/4, c: 3x32x32, d: 1_000, e: 0x10, f: 2001-01-01, g: ~, h: 'null'}")
    assert document.tree == {
        "a": "no",
        "b": "1/4",
        "c": "3x32x32",
        "d": "1_000",
        "e": "0x10",
        "f": "2001-01-01",
        "g": "~",
        "h": "null",
    }


def test_empty_values_and_the_null_of_json_are_none() -> None:
    assert read_text("a:\nb: null\nc: {3, 5}\n").tree == {"a": None, "b": None, "c": {"3": None, "5": None}}


def test_json_is_read_by_the_same_code() -> None:
    assert read_text('{"a": [1, "b", {"c": null}]}').tree == {"a": ["1", "b", {"c": None}]}


def test_sequences_can_be_options_of_a_choice() -> None:
    assert read_text("{[96, 128], [64, 96]}").tree == {"[96, 128]": None, "[64, 96]": None}


def test_places_are_lines_and_columns_from_one() -> None:
    document = read_text("a: 1\nb:\n  - {c: 'x'}\n")
    assert document.keys["a",] == (1, 1)
    assert document.values["b", 0, "c"] == (3, 10), "of a quoted text, the first character inside the quotes"


def test_an_error_shows_the_line_and_a_caret() -> None:
    document = read_text("a: 1\nb:\n  - {c: x}\n", name="a.yaml")
    assert str(document.error(("b", 0, "c"), "no")) == "a.yaml:3:9: no\n    - {c: x}\n          ^"
    assert str(document.error(("b", 0, "c"), "no", at_key=True)).startswith("a.yaml:3:6: no\n")


def test_an_error_below_what_stands_in_the_text_points_to_the_nearest_part_above() -> None:
    document = read_text("a: {b: 1}\n", name="a.yaml")
    assert str(document.error(("a", "b", "c", 3), "no")).startswith("a.yaml:1:8: no\n")


def test_an_error_in_a_python_table_names_the_path() -> None:
    document = Document(tree=None, name="network tiny")
    message = str(document.error(("layers", 0, "conv", "width"), "no"))
    assert message == "network tiny: layers[0].conv.width: no"


def test_a_message_is_one_line_of_printable_characters() -> None:
    document = read_text('"a\\eb\\n": 1', name="a.yaml")
    message = str(document.error(("a\x1bb\n",), "a\x1b[2J\n\u202eb", at_key=True))
    first, *rest = message.split("\n")
    assert first == "a.yaml:1:2: a\\x1b[2J\\n\\u202eb"
    assert len(rest) == 2


def test_a_long_line_is_cut_around_the_place() -> None:
    text = f"{{a: [{'1, ' * 500}2], b: 3}}"
    message = str(read_text(text, name="a.yaml").error(("b",), "no"))
    _, shown, caret = message.split("\n")
    assert len(shown) < 200
    assert shown[len(caret) - 1] == "3"


def test_tabs_do_not_move_the_caret() -> None:
    document = read_text('{a: "\t\t", b: 3}', name="a.yaml")
    _, shown, caret = str(document.error(("b",), "no")).split("\n")
    assert shown[len(caret) - 1] == "3"


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", "a.yaml", "the document is empty"),
        ("# nothing\n", "a.yaml", "the document is empty"),
        ("a: [1, 2", "a.yaml:1:9", "not YAML"),
        ("a: 'b", "a.yaml:1:6", "not YAML"),
        ("a: 1\n b: 2\n", "a.yaml:2:3", "not YAML"),
        ("a:\n\t- 1\n", "a.yaml:2:1", "not YAML"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1", "but found another document"),
        ("a: 1\nb: \x07\n", "a.yaml:2:4", "the character #x0007 is not allowed"),
        ("a: \ud800\n", "a.yaml:1:4", "the character #xd800 is not allowed"),
        ("a: &w 3\n", "a.yaml:1:4", "anchors and aliases are not part of the language; use `let`"),
        ("a: *w\n", "a.yaml:1:4", "anchors and aliases are not part of the language; use `let`"),
        ("a: !!int 3\n", "a.yaml:1:4", "the tag tag:yaml.org,2002:int is not part of the language"),
        ("a: !run 3\n", "a.yaml:1:4", "the tag !run is not part of the language"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1", "'a' stands twice in one mapping"),
        ("{? {a: 1} : 2}\n", "a.yaml:1:1", "a key is a word, a number or a flat sequence"),
        ("[" * (MAX_DEPTH + 2), f"a.yaml:1:{MAX_DEPTH + 2}", f"nested too deep; at most {MAX_DEPTH} levels"),
        ("a" * (MAX_CHARACTERS + 1), "a.yaml", "a document holds at most"),
    ],
)
def test_what_is_not_a_document(text: str, position: str, words: str) -> None:
    message = error_of(text)
    assert message.startswith(f"{position}: ")
    assert words in message


def test_the_reader_says_whose_error_it_is(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="is empty"):
        read_text("", kind=JobError)
    with pytest.raises(JobError, match=r"none\.yaml: no such file"):
        read_file(tmp_path / "none.yaml", kind=JobError)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    for path in (tmp_path, tmp_path / "latin.yaml", f"{tmp_path}/\0.yaml"):
        with pytest.raises(InputError, match="cannot be read"):
            read_file(path)
