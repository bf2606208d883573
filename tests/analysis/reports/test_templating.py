"""The environment of templates: what is escaped, what is an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import archscape.analysis.reports.templating
from archscape.analysis.reports.templating import environment

PACKAGE = Path(archscape.analysis.reports.templating.__file__).parents[2]
TEMPLATES = sorted(
    str(path.relative_to(PACKAGE))
    for room in ("analysis/reports", "search/dashboard")
    for path in (PACKAGE / room).rglob("*.html")
)


def test_texts_are_escaped() -> None:
    template = environment().from_string('<p title="{{ text }}">{{ text }}</p>')
    assert (
        template.render(text="<b>\"'&") == '<p title="&lt;b&gt;&#34;&#39;&amp;">&lt;b&gt;&#34;&#39;&amp;</p>'
    )


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'missing' is undefined"):
        environment().from_string("{{ missing }}").render()


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_read_and_none_turns_escaping_off(name: str) -> None:
    environment().get_template(name)
    text = (PACKAGE / name).read_text(encoding="utf-8")
    assert not re.search(r"autoescape|\|\s*safe", text)
