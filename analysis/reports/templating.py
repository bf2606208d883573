"""HTML from Jinja2 templates: one environment, in which every value is escaped unless it is `Markup`.

A template lies beside the code that renders it and is named by its path in `analysis/reports`, as in
`render("comparison/comparison.html", networks=networks)`; those of other rooms by their path in the package
(`search/dashboard/dashboard.html`). Parts that several pages share are macros in `page/macros.html`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from archscape.spaces.values import shape_text

from .format import capital, label, size, times

REPORTS = Path(__file__).parent
PACKAGE = REPORTS.parents[1]


def render(template: str, **values: object) -> Markup:
    """Return a template with its values; texts among them are escaped, and a missing one is an error."""
    return Markup(environment().get_template(template).render(values))


@cache
def environment() -> Environment:
    """Return the one environment: it escapes, and a name without a value is an error."""
    made = Environment(
        loader=FileSystemLoader((REPORTS, PACKAGE)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS
    made.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return made


def thousands(number: float, *, sign: bool = False) -> str:
    """Return a whole number with commas; if `sign`, a difference with its sign.

    >>> thousands(1234), thousands(1234, sign=True), thousands(-5, sign=True), thousands(0, sign=True)
    ('1,234', '+1,234', '−5', '0')
    """
    return f"{number:+,}".replace("-", "−") if sign and number else f"{number:,}"


def percent(share: float, digits: int = 1, *, sign: bool = False) -> str:
    """Return a share in percent; if `sign`, a difference with its sign.

    >>> percent(0.4416), percent(0.4416, 2), percent(-0.04, sign=True)
    ('44.2%', '44.16%', '−4.0%')
    """
    return f"{share:{'+' if sign else ''}.{digits}%}".replace("-", "−" if sign else "-")


FILTERS: dict[str, Callable[..., str]] = {
    "capital": capital,
    "label": label,
    "percent": percent,
    "shape": shape_text,
    "size": size,
    "thousands": thousands,
    "times": times,
}
"""Filters of all templates, beside those of Jinja2: `{{ count | thousands }}`."""
