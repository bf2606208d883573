"""The reports of results as pages: one of a search, one of any table of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from pathlib import Path

from markupsafe import Markup

from ..assets import Assets
from ..figures.plotly_spec import spec, views
from ..format import NONE
from ..inspection.confusion import confusion_section
from ..page import write_page
from ..page.specs import Spec
from . import run_sections
from .calibration_text import said_of
from .choices import ENOUGH, SEARCHED, effects_figure, effects_of
from .chosen import chosen_section
from .frontier import frontier_figure
from .grids import networks_grid, trials_grid
from .leading import RIVALS, Lead, families_figure, leads, shown_families
from .phases import phase_strip, phases_of
from .predictions import predicted_figures, predictions_of
from .records import records
from .results import Results
from .rules import findings_of, rules_section
from .run import Digest, RunResults, digest, latest
from .spread import edf_figure, edf_note, rank_correlations
from .training import training_figures

__all__ = ["Extra", "RunResults", "write_report", "write_table_report"]

SCRIPTS = ("page/grid.js", "page/frontier.js")
TRIALS = ("page/trial.js", "results/records.js")
SHOWN = 10_000
"""How many trials a page holds one by one: with more of them a browser would stop."""


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A section that only some runs have.

    Attributes:
        html: The section with its heading; "" for none.
        figures: The figures that it has places for.
    """

    html: str
    figures: Mapping[str, Spec] = field(default_factory=dict)


def write_report(
    results: RunResults, path: Path, *, extras: Sequence[Extra] = (), assets: Assets = Assets.inline
) -> Path:
    """Write the report of a run as one HTML page.

    Args:
        results: The run; with no finished trial, one objective or failures only it still gives a page.
        path: The file to write.
        extras: Further sections, after that of the networks.
        assets: Where the page has its plotly.js.

    Raises:
        InputError: A table of the results lacks a column or holds what it must not; the folder is missing.
    """
    whole = digest(results)
    shown, table = latest(whole, SHOWN), whole.table
    leaders, networks = leads(table), run_sections.shown_networks(whole)
    layers = {network.number: f"network-{network.number}" for network in networks}
    phases, effects = phases_of(whole), effects_of(table)
    strip = phase_strip(whole, phases)
    figures = {name: spec(figure) for name, figure in training_figures(shown, strip).items()}
    chosen = chosen_section(whole, phases, effects)
    if len(table.rows):
        figures = {"frontier": _frontier(shown.table)} | figures | _families(table, leaders)
        figures["edf"] = spec(edf_figure(table))
        if effects:
            figures["choices"] = spec(effects_figure(effects, table.head(table.score)))
    figures |= chosen.figures
    for extra in extras:
        figures |= extra.figures
    environment = dict(results.environment)
    on_front = zip(whole.front["number"], whole.front["network"], strict=True)
    few = f" Of {len(whole.front):,} networks {run_sections.DETAILED}, at even steps."
    return write_page(
        path,
        "results/run.html",
        assets=assets,
        style="page/report.css",
        scripts=SCRIPTS + TRIALS,
        kicker="archscape search",
        title=results.name,
        summary=run_sections.summary(whole),
        numbers=run_sections.tiles(whole),
        results=table,
        leads=leaders,
        edf_note=edf_note(table) if len(table.rows) else "",
        estimator=SEARCHED,
        enough=ENOUGH,
        chosen=chosen.html,
        networks=networks,
        classes=_classes(whole),
        few=few if len(whole.front) > run_sections.DETAILED else "",
        rules=rules_section(findings_of({number: text for number, text in on_front if text})),
        extras=[Markup(extra.html) for extra in extras],
        trials=trials_grid(shown, layers),
        records=records(shown, layers),
        left=len(whole.trials) - len(shown.trials),
        command=environment.pop("command", ""),
        job=results.job,
        facts=list(run_sections.environment_rows(environment)),
        figures=figures,
    )


def _classes(digest: Digest) -> Markup:
    """Return what the best trial takes for what, as a section; nothing where that was not kept."""
    best = digest.best
    confusion = None if best is None else digest.results.confusion_of(int(best["number"]))
    if best is None or confusion is None:
        return Markup()
    total = f"{confusion.support.sum():,} {confusion.unit}"
    repeats = best.get("kept_repeat", float("nan"))
    of = "" if isnan(repeats) else f" of repeat {repeats:.0f}, whose weights were kept,"
    text = f"Trial {best['number']}{of} on the validation part, {total}: {confusion.accuracy:.2%} are right."
    return confusion_section(confusion, heading="The best trial, class by class", text=text)


def write_table_report(results: Results, path: Path, *, assets: Assets = Assets.inline) -> Path:
    """Write the report of a table as one HTML page, its rows the best first.

    Raises:
        InputError: The folder is missing.
    """
    order = results.rows.sort_values(results.score, ascending=results.way == "minimize", kind="stable")
    results = replace(results, rows=order.reset_index(drop=True))
    leaders, known = leads(results), predictions_of(results)
    return write_page(
        path,
        "results/table.html",
        assets=assets,
        style="page/report.css",
        scripts=SCRIPTS,
        kicker="archscape report",
        title=results.title,
        summary=_summary(results),
        numbers=_tiles(results, leaders),
        results=results,
        leads=leaders,
        rule=_family_rule(results),
        edf_note=edf_note(results),
        correlations=rank_correlations(results),
        expected=said_of(results, known),
        networks=networks_grid(results),
        figures={
            "frontier": _frontier(results),
            **_families(results, leaders),
            "edf": spec(edf_figure(results)),
            **{name: spec(figure) for name, figure in predicted_figures(results, known).items()},
        },
    )


def _frontier(results: Results) -> Spec:
    return views({cost: frontier_figure(results, cost) for cost in results.costs})


def _families(results: Results, leaders: Mapping[str, Lead]) -> dict[str, Spec]:
    if not leaders:
        return {}
    return {"families": views({c: families_figure(results, c, leaders.get(c)) for c in results.costs})}


def _summary(results: Results) -> str:
    """Return in a sentence or two what the table holds."""
    scores = results.rows[results.score]
    low, high = (results.text(results.score, float(end)) for end in (scores.min(), scores.max()))
    families = results.rows[results.family].nunique() if results.family else 0
    among = f" of {families:,} families" if families > 1 else ""
    costs = ", ".join(results.head(cost) for cost in results.costs)
    return (
        f"{len(results.rows):,} networks{among}: {results.head(results.score)} from {low} to {high}, "
        f"against {costs}. Units are those of the table. {' '.join(results.explanations[:1])}"
    )


def _tiles(results: Results, leaders: Mapping[str, Lead]) -> list[run_sections.Tile]:
    """Return the numbers of the summary; the best network is the first."""
    cost, score = results.cost, results.score
    front, bend = results.on_frontier(cost), results.knee(cost)
    knee = NONE, "the frontier has no knee"
    if bend is not None:
        price = f"{results.cell(cost, bend)} {results.head(cost)}"
        knee = results.cell(score, bend), f"{results.names[bend]}, {price}"
    over = results.head(cost)
    last = ("Costs", str(len(results.costs)), ", ".join(results.head(name) for name in results.costs))
    if cost in leaders:
        family, share = leaders[cost].longest()
        last = ("Leads the longest", family, f"in {share:.0%} of the decades of {over}")
    return [
        (f"Best {results.head(score)}", results.cell(score, 0), results.names[0]),
        ("On the frontier", f"{len(front):,}", f"of {len(results.rows):,}, over {over}"),
        ("At the knee", *knee),
        last,
    ]


def _family_rule(results: Results) -> str:
    rule = next((sentence for sentence in results.explanations if sentence.startswith("Families")), "")
    shown = ", ".join(shown_families(results))
    many = bool(results.family) and results.rows[results.family].nunique() > RIVALS
    rivals = f"the {RIVALS} largest" if many else "any family"
    return f"{rule.removesuffix(' (--family).')}. Drawn are the largest: {shown}; {rivals} may lead."
