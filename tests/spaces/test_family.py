"""Families: networks of one table, each a member with an input and constants of its own."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from archscape.spaces import Family, Network, Row, Space, SpaceError, catalog_files, load, ref
from archscape.spaces.catalog_files import catalog_families, catalog_names

TEXT = """\
# Nobody 2026, "Nets".
family: net
members:
  s: {input: 3x16x16, w: 1}
  m: {input: 3x24x24, w: 1.5, d: 2}
let: {d: 1}
functions: {wide(c): $w * $c}
blocks:
  unit(width):
    - conv: {width: wide($width)}
layers:
  - unit: {width: 8, depth: $d}
  - linear: {width: 10}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "nets.yaml"
    path.write_text(TEXT)
    return path


def test_a_member_is_the_network_with_its_input_and_constants(file: Path) -> None:
    network = load(f"{file}:m")
    written = TEXT.replace("family: net", "network: net-m\ninput: 3x24x24").replace(
        "let: {d: 1}", "let: {w: 1.5, d: 2}"
    )
    plain = Network.from_yaml(
        "".join(line for line in written.splitlines(True) if not line.startswith(("members", "  s:", "  m:")))
    )
    assert isinstance(network, Network)
    assert (network.name, network.input, network.hash()) == ("net-m", (3, 24, 24), plain.hash())
    assert network.totals == plain.totals
    assert network.calls[0].depth == 2


def test_what_is_exported_is_a_plain_network(file: Path) -> None:
    network = load(f"{file}:s")
    assert network.to_yaml().startswith("network: net-s\ninput: 3x16x16\n")
    assert Network.from_yaml(network.to_yaml()) == network


def test_a_family_is_written_read_back_and_made_in_python() -> None:
    family = Family.from_yaml(TEXT)
    python = Family(
        name="net",
        members={
            "s": {"input": (3, 16, 16), "w": 1},
            "m": {"input": (3, 24, 24), "w": family.members["m"]["w"], "d": 2},
        },
        let={"d": 1},
        functions=family.functions,
        blocks=family.blocks,
        layers=(Row("unit", width=8, depth=ref("d")), Row("linear", width=10)),
    )
    assert python == family == Family.from_yaml(family.to_yaml()) == Family.from_json(family.to_json())
    assert pickle.loads(pickle.dumps(family)) == family
    assert [network.hash() for network in python.networks()] == [
        network.hash() for network in family.networks()
    ]


def test_a_family_in_the_catalog_shows_its_members(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_files, "CATALOG", file.parent)
    catalog_families.cache_clear()
    catalog_names.cache_clear()
    try:
        assert catalog_names() == ("nets-m", "nets-s")
        assert load("nets-m").input == (3, 24, 24)
        with pytest.raises(SpaceError, match="nets is a family; name one of its members: nets-s, nets-m"):
            load("nets")
        with pytest.raises(SpaceError, match="the catalog has no 'nets-l'"):
            load("nets-l")
    finally:
        catalog_families.cache_clear()
        catalog_names.cache_clear()


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        ("", ":2:9: this is a family; name one of its members: "),
        (":l", ":l: the family has no member 'l'; it knows m, s"),
        (":", ":: the family has no member ''; it knows m, s"),
    ],
)
def test_a_member_is_named(file: Path, suffix: str, words: str) -> None:
    with pytest.raises(SpaceError) as raised:
        load(f"{file}{suffix}")
    assert str(raised.value).startswith(f"{file}{words}")


def test_a_family_is_no_network_and_no_space_and_they_have_no_members(file: Path) -> None:
    for kind in (Network, Space):
        with pytest.raises(SpaceError, match=f"this is a family; a {kind.word} is needed here"):
            kind.from_yaml(TEXT)
    with pytest.raises(SpaceError, match="is a network; a space, with choices left open, is needed here"):
        Space.load(f"{file}:m")
    plain = file.with_name("plain.yaml")
    plain.write_text("network: plain\ninput: 1x8\nlayers: [norm]\n")
    with pytest.raises(SpaceError, match="is no family, so it has no member 'm'"):
        load(f"{plain}:m")


WRONG = [
    (
        "members:\n  s: {input: 3x16x16, w: 1}\n  m: {input: 3x24x24, w: 1.5, d: 2}\n",
        "",
        "2:1",
        "a family needs `members:`",
    ),
    (
        "  s: {input: 3x16x16, w: 1}\n  m: {input: 3x24x24, w: 1.5, d: 2}\n",
        "  {}\n",
        "4:3",
        "a family has 1 to 1,000 members, but got 0",
    ),
    (
        "s: {input: 3x16x16, w: 1}",
        "s: 3x16x16",
        "4:6",
        "a member is a mapping, as in `s: {input: 3x240x240, w: 1.1}`",
    ),
    ("  s: {", "  a b: {", "4:3", "the name of a member is letters, digits"),
    (
        "w: 1}",
        "ww: 1}",
        "4:23",
        "'ww' is no name of `let`, and member 'm' does not set it; did you mean 'w'?",
    ),
    ("w: 1}", "w: 1, q: 2}", "4:29", "'q' is no name of `let`, and member 'm' does not set it"),
    (
        "3x16x16, w: 1}",
        "3x16x16}",
        "5:23",
        "'w' is no name of `let`, and member 's' does not set it",
    ),
    ("input: 3x16x16, ", "", "4:3", "member 's' has no `input`; set it here or for the family"),
    ("3x16x16", "16x16x3", "4:14", "channels stand first"),
    ("w: 1}", "w: {1, 2}}", "4:26", "a network leaves nothing open, but 'w' does"),
    ("w: 1}", "w: $v}", "4:26", "nothing is named '$v'"),
    ("$w * $c", "$c", "4:23", "nothing uses 'w'; use it or take it out"),
    ("family: net", "family: -net", "2:9", "a name is letters, digits"),
    ("depth: $d", "depth: $e", "12:29", "nothing is named '$e'"),
]


@pytest.mark.parametrize(("old", "new", "position", "words"), WRONG)
def test_a_wrong_member_is_one_error_with_its_place(
    file: Path, old: str, new: str, position: str, words: str
) -> None:
    assert old in TEXT
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(SpaceError) as raised:
        load(f"{file}:{'s' if 'a b' not in new else 'a b'}")
    first = str(raised.value).split("\n")[0]
    assert first.startswith(f"{file}:{position}: "), first
    assert words in first


@pytest.mark.parametrize(
    ("section", "name", "position"),
    [("input: 3x8x8\nlet: {d: 1}", "input", "6:1"), ("let: {d: 1, w: 1}", "w", "6:13")],
)
def test_what_every_member_sets_is_not_set_for_the_family(section: str, name: str, position: str) -> None:
    text = TEXT.replace("let: {d: 1}", section)
    with pytest.raises(SpaceError) as raised:
        Family.from_yaml(text, name="f.yaml")
    law = f"f.yaml:{position}: nothing uses '{name}': every member sets its own; take it out"
    assert str(raised.value).startswith(law)


def test_an_error_in_a_member_names_it() -> None:
    family = Family.from_yaml(TEXT.replace("w: 1.5", "w: 1.3"), name="f.yaml")
    with pytest.raises(SpaceError, match=r"but got '52/5'.*; in member 'm'"):
        family.member("m")
