"""How scores are spread, and how they follow the costs: distribution functions and rank correlations."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from archscape.analysis.statistics.distribution import Correlation, edf, edf_margin, spearman
from archscape.analysis.statistics.frontier import Floats
from archscape.spaces.errors import InputError

from ..format import escaped
from ..page import place
from ..page.specs import Spec, axis, layout_of, plain
from ..page.tables import Html, html_table
from .columns import Results
from .family_figure import COLORS, DASHES
from .family_lead import shown_families

POINTS = 400
"""Points of a line: a longer one is read at so many quantiles."""
FEWEST = 5


def errors_of(results: Results) -> tuple[Floats, str]:
    """Return what is to be small, and its name: 100 - the percent, 1 - the share, or the score as it is."""
    scores = results.rows[results.score].to_numpy(dtype=np.float64)
    if results.unit is None:
        return scores if results.way == "minimize" else -scores, results.head(results.score)
    return results.unit - scores, f"error, {results.unit:g} - {results.head(results.score)}"


def edf_section(results: Results) -> Html:
    """Return the place of the figure and how to read it."""
    _, name = errors_of(results)
    groups = len(_groups(results))
    margin = edf_margin(int(results.rows[results.score].notna().sum()))
    words = (
        f"For each {'error' if results.unit else name} the share of networks that are better: a line further "
        "to the left and above is the better population (Radosavovic et al. 2019). With 95% the line of all "
        f"networks is within {margin:.1%} of the one that they were drawn from, if they were drawn at random"
        f"{'; of fewer networks it is less sure' if groups > 1 else ''}."
    )
    return f'{place("edf", "Share of networks better than each score")}<p class="note">{escape(words)}</p>'


def edf_figure(results: Results) -> Spec:
    """Return the error distribution function of all networks and of the largest families."""
    _, name = errors_of(results)
    data = [
        _line(
            results,
            words,
            values,
            {"color": color, "dash": dash, "width": 3 if not at else 1.8, "shape": "hv"},
        )
        for at, (words, values, color, dash) in enumerate(_groups(results))
    ]
    layout = layout_of("", "share of networks that are better")
    percent = {"tickformat": ".1~%"} if results.known and results.unit == 1 else {}
    values = np.concatenate([group[1] for group in _groups(results)])
    low, high = (float(end) for end in np.quantile(values, [0, 0.98]))
    pad = 0.03 * (high - low or 1.0)
    negated = results.unit is None and results.way == "maximize"
    ends = [low - pad, high + pad]
    layout["xaxis"] = axis(name, range=[-end for end in ends] if negated else ends, **percent)
    layout["yaxis"] = axis("share of networks that are better", tickformat=".0%", range=[0, 1.02])
    return {"data": data, "layout": layout}


def ranks_section(results: Results) -> Html:
    """Return Spearman's rho of each cost with the score, with its interval; "" where there is none."""
    found = {cost: rho for cost in results.costs if (rho := _rank(results, cost)) is not None}
    if not found:
        return ""
    top = "".join(
        f'<th scope="col"{kind}>{head}</th>'
        for head, kind in (
            ("cost", ""),
            ("Spearman's rho", ' class="number"'),
            ("95% interval", ' class="number"'),
            ("−1 … 1", ""),
            ("networks", ' class="number"'),
        )
    )
    body = "".join(
        f'<tr><th scope="row">{escape(results.head(cost))}</th><td class="number">{rho.value:+.3f}</td>'
        f'<td class="number">{rho.low:+.3f} to {rho.high:+.3f}</td><td>{_bar(rho)}</td>'
        f'<td class="number">{rho.rows:,}</td></tr>'
        for cost, rho in found.items()
    )
    words = (
        f"How well the order by a cost tells the order by {results.head(results.score)}: 1 wholly, 0 not at "
        "all, -1 the other way round. Ties share their ranks; the interval is Fisher's z (Bonett and Wright "
        "2000) and takes the networks for a random sample."
    )
    return f'{html_table(top, body)}<p class="note">{escape(words)}</p>'


def _groups(results: Results) -> list[tuple[str, Floats, str, str]]:
    """Return (name, errors, colour, dash) of all networks, then of the families that have enough."""
    values, _ = errors_of(results)
    known = np.isfinite(values)
    groups = [("all networks", values[known], "--muted", "solid")]
    if results.family:
        families = results.rows[results.family].astype(str).to_numpy()
        for name, color, dash in zip(shown_families(results), COLORS, DASHES, strict=False):
            own = values[known & (families == name)]
            if len(own) >= FEWEST:
                groups.append((name, own, color, dash))
    return groups


def _line(results: Results, name: str, errors: Floats, line: Spec) -> Spec:
    at = np.unique(errors)
    if len(at) > POINTS:
        at = np.unique(np.quantile(errors, np.linspace(0, 1, POINTS), method="nearest"))
    shares = edf(errors, np.nextafter(at, np.inf))  # of those as good, not better alone
    negated = results.unit is None and results.way == "maximize"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{escaped(name)} ({len(errors):,})",
        "x": plain(-at if negated else at),
        "y": plain(shares.round(6)),
        "line": line,
        "hoverinfo": "text",
        "hovertext": list(_words(results, name, at, shares)),
    }


def _words(results: Results, name: str, at: Floats, shares: Floats) -> Iterable[str]:
    for error, share in zip(at, shares, strict=True):
        score = -error if results.way == "maximize" else error
        score = score + results.unit if results.unit is not None else score
        yield (
            f"<b>{escaped(name)}</b><br>{share:.0%} have {escaped(results.head(results.score))} "
            f"{results.text(results.score, float(score))} or better"
        )


def _rank(results: Results, cost: str) -> Correlation | None:
    """Return the correlation; None where there are too few networks, or one value alone."""
    try:
        return spearman(results.rows, cost, results.score)
    except InputError:
        return None


def _bar(rho: Correlation) -> Html:
    """Return the interval as a line from -1 to 1, with the value as a point."""
    low, high, value = (50 + 50 * number for number in (rho.low, rho.high, rho.value))
    return (
        '<svg class="interval" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        '<line class="zero" x1="50" x2="50" y1="0" y2="12"/>'
        f'<line class="reach" x1="{low:.1f}" x2="{high:.1f}" y1="6" y2="6"/>'
        f'<line class="value" x1="{value:.1f}" x2="{value:.1f}" y1="2" y2="10"/></svg>'
    )
