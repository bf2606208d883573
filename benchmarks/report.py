"""How a page bears 10,000 trials.

Claim: the report of a search with 10,000 trials can be used 2.5 s after it is opened, half the time of the
same page with all rows as elements; its table scrolls with less than one frame in a hundred late, sorts and
filters within 0.1 s.

Command: `python benchmarks/report.py` (a minute; needs Chromium; writes benchmarks/results/report-DATE.md)

The trials are drawn networks of the digits space with their costs, and accuracies that no training gave.
`usable` is from asking for the page to the first frame after all figures stand. While the table scrolls by
script, half a view a frame (17,000 pixels a second, faster than a hand), the time between frames is taken by
requestAnimationFrame; a browser without a screen draws 60 a second, so 16.7 ms is the least. The peer is the
same page whose table holds all rows as elements.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from helpers.browser import Page, chromium
from results import write_results

from archscape.analysis.reports.results.grids import trials_grid
from archscape.analysis.reports.results.page import RunResults, write_report
from archscape.analysis.reports.results.run import digest
from archscape.spaces import load_space

TRIALS = 10_000
AIMS = {"accuracy": "maximize", "macs": "minimize"}
SCROLL = """new Promise(done => {
  const box = document.querySelector('#trials .scroll');
  const times = [];
  box.scrollIntoView();
  box.scrollTop = 0;
  let before = null;
  function step(now) {
    if (before !== null) times.push(now - before);
    before = now;
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) return done(times);
    box.scrollTop += box.clientHeight / 2;
    requestAnimationFrame(step);
  }
  requestAnimationFrame(step);
})"""
TWO_FRAMES = "requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - before)))"
SORT = f"""new Promise(done => {{
  const before = performance.now();
  document.querySelectorAll('#trials th button')[2].click();
  {TWO_FRAMES};
}})"""
FILTER = f"""new Promise(done => {{
  const before = performance.now();
  const box = document.getElementById('filter');
  box.value = 'inverted';
  box.dispatchEvent(new Event('input'));
  {TWO_FRAMES};
}})"""


def search(count: int) -> RunResults:
    """Return a search of so many trials that nobody trained."""
    rng = random.Random(0)
    space = load_space("digits")
    rows = [_trial(number, space.sample(rng), rng) for number in range(count)]
    return RunResults(name=f"{count:,} trials", trials=pd.DataFrame(rows), objectives=AIMS)


def _trial(number: int, sample: Any, rng: random.Random) -> dict[str, object]:
    costs = sample.network.totals
    done = rng.random() < 0.8
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=6 * number)
    accuracy = 0.95 / (1 + np.exp(11 - np.log(max(costs.macs, 1)))) * rng.uniform(0.8, 1)
    return {
        "number": number,
        "status": "complete" if done else "pruned",
        "hash": sample.network.hash(),
        "accuracy": accuracy if done else np.nan,
        "test_accuracy": accuracy - 0.01 if done else np.nan,
        "params": costs.params,
        "macs": costs.macs,
        "activations": costs.activations,
        "seconds": rng.uniform(1, 5),
        "epochs": 4,
        "seed": number,
        "worker": "w0",
        "started": began.isoformat(),
        "finished": (began + timedelta(seconds=4)).isoformat(),
        "network": sample.network.to_json(),
        "decisions": json.dumps(dict(sample.decisions)),
    }


def as_elements(page: Path, results: RunResults) -> Path:
    """Write the page with all rows of its table as elements, where no script shows those in view."""
    grid = trials_grid(digest(results), {})
    rows = "".join(
        f"<tr>{''.join(f'<td class={column.kind}>{column.text(at)}</td>' for column in grid.columns)}</tr>"
        for at in range(grid.rows)
    )
    text = page.read_text(encoding="utf-8")
    start = text.index("<tbody>", text.index('id="trials"')) + len("<tbody>")
    text = text[:start] + rows + text[text.index("</tbody>", start) :]
    text = text.replace('<div class="scroll grid rows"', '<div class="scroll rows"')
    peer = page.with_name("elements.html")
    peer.write_text(text, encoding="utf-8")
    return peer


def open_page(page: Page, path: Path) -> float:
    """Open a page and return the seconds until its figures stand."""
    page.resize(1400)
    began = time.perf_counter()
    page.go(path.as_uri())
    page.wait(
        "document.readyState === 'complete' && document.querySelector('#plot-edf .scatterlayer .trace')"
    )
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
    return time.perf_counter() - began


def frames(page: Page) -> str:
    """Scroll from top to end and return the times between frames in words."""
    times = np.array(page.evaluate(SCROLL, patience=300))
    most, late = np.quantile(times, 0.99), (times > 50).mean()
    return f"{np.median(times):.1f} | {most:.1f} | {times.max():.1f} | {late:.1%} | {len(times):,}"


def main() -> None:
    began = time.perf_counter()
    results = search(TRIALS)
    drawn = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder, chromium(Path(folder) / "profile") as browser:
        began = time.perf_counter()
        page = write_report(results, Path(folder) / "report.html")
        written = time.perf_counter() - began
        peer = as_elements(page, results)
        lines = [
            f"{TRIALS:,} trials drawn in {drawn:.1f} s; the report written in {written:.1f} s.",
            "",
            "| table | page | usable | elements | frame, median ms | 99% | longest | over 50 ms | frames |",
            "|:--|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        tab = browser.page()
        for name, path in (("rows in view", page), ("all rows as elements", peer)):
            usable = open_page(tab, path)
            elements = tab.evaluate("document.querySelectorAll('*').length")
            size = path.stat().st_size / 1e6
            lines.append(f"| {name} | {size:.1f} MB | {usable:.1f} s | {elements:,} | {frames(tab)} |")
            if path is page:
                sort, narrow = tab.evaluate(SORT), tab.evaluate(FILTER)
            assert not tab.problems, tab.problems
        lines += [
            "",
            f"Sorting all rows {sort:.0f} ms, filtering them {narrow:.0f} ms, both with two frames.",
        ]
    claim = " ".join((__doc__ or "").split("Claim: ")[1].split("Command:")[0].split())
    write_results("report", f"{(__doc__ or '').splitlines()[0]} Claim: {claim}", lines)


if __name__ == "__main__":
    main()
