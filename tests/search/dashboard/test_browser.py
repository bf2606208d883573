"""The page in a real browser."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from helpers.dashboard import serving, submit, submit_proposed
from helpers.pages import empty_axes, faults, not_opened
from helpers.processes import popen

from archscape.search.study.proposal import Prediction
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

if TYPE_CHECKING:
    from helpers.browser import Browser


WATCHED = """\
import time
from pathlib import Path


def fit(network, context):
    for epoch in range(1, context.epochs):
        context.report(epoch, {"accuracy": epoch / context.epochs})
        if Path(__file__).with_name("seen").exists():
            break
        time.sleep(0.1)
    return {"accuracy": 0.5}
"""
"""A training that ends when the page has shown it."""


@pytest.mark.slow
def test_the_page_shows_a_search_from_a_running_trial_to_its_end(
    browser: Browser, job_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "watched_fit.py").write_text(WATCHED)
    text = job_file.read_text().replace(
        "recipe: {preset: quick, epochs: 1}", "train: {call: watched_fit.py:fit, epochs: 9999}"
    )
    job_file.write_text(text.replace("data: digits\n", "").replace("trials: 8", "trials: 2"))
    search = popen(
        [sys.executable, "-m", "archscape", "search", job_file, "--out", "out", "--workers", "1"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (tmp_path / "out" / "study.db").exists():
            assert search.poll() is None
            time.sleep(0.05)
        with serving(tmp_path / "out", "--port", "0") as (url, _):
            page = browser.page()
            page.go(url)
            page.wait("Number(document.querySelector('#running tbody td:nth-child(2)')?.textContent) > 0")
            page.evaluate("window.loaded = 'once'")
            page.evaluate("location.hash = document.querySelector('#running a').hash")
            page.wait("document.querySelectorAll('#plot-curve .scatterlayer .point').length > 1")
            page.wait("document.getElementById('trial-log').textContent.includes('epoch 2')")
            (tmp_path / "seen").touch()
            page.wait("document.getElementById('trial-summary').textContent.startsWith('complete')")
            page.press("Escape")
            page.wait("document.getElementById('tiles').textContent.includes('the search has ended')")
            page.wait("document.querySelectorAll('#rows .status.complete').length === 2")
            page.wait("!document.querySelector('#running table')")
            assert page.evaluate("window.loaded") == "once"
            assert page.evaluate("document.getElementById('connection').textContent") == "live"
            assert page.problems == []
            assert {urlsplit(request).netloc for request in page.requests} == {urlsplit(url).netloc}
    finally:
        search.kill()
        search.wait()


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_before_the_first_data_the_frontier_is_an_empty_frame_in_the_colours_of_the_page(
    browser: Browser, run: Path, dark: bool
) -> None:
    with serving(run, "--port", "0") as (url, _):
        page = browser.page()
        page.resize(1400, dark=dark)
        page.send("Network.enable")
        page.send("Network.setBlockedURLs", urls=["*/events*"])
        page.go(url)
        page.wait("document.getElementById('plot-frontier').textContent.includes('No trial has ended yet.')")
        assert page.evaluate("document.querySelectorAll('#plot-frontier .ytick').length") == 0
        paper = "document.querySelector('#plot-frontier .main-svg').style.background"
        assert page.evaluate(paper) == "rgba(0, 0, 0, 0)"
        across = (
            "document.querySelector('.masthead').clientWidth / document.querySelector('main').clientWidth"
        )
        assert page.evaluate(across) > 0.9


@pytest.mark.slow
def test_the_page_runs_nothing_that_a_trial_says(
    browser: Browser, run: Path, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    evil = "<img src=x onerror=hacked=1>"
    lease = submit_proposed(study, plan, sampler=evil, reason=evil)
    bad = {"status": "failed", "metrics": {}, "history": [], "cause": evil, "message": evil, "worker": evil}
    study.report(lease, {1: {evil: 1.0, "accuracy": 0.5}})
    study.tell(finished(lease, **bad))
    study.tell(finished(submit(study, plan), worker=evil))
    (run / "logs" / "trial-00000.log").write_text(f"{evil}<script>hacked = 1</script>\n")
    with serving(run, "--port", "0") as (url, _):
        page = browser.page()
        page.go(f"{url}#trial-0")
        page.wait("document.getElementById('trial-log').textContent.includes('<script>hacked')")
        page.wait("document.querySelector('#rows .status.failed')?.textContent.includes('onerror')")
        assert page.evaluate("document.getElementById('trial-message').textContent") == evil
        why = "[...document.querySelectorAll('#trial-proposal dd')].map((part) => part.textContent)"
        assert page.evaluate(why) == [evil, evil]
        assert page.evaluate("document.querySelectorAll('img:not(.strip, .architecture img)').length") == 0
        assert page.evaluate("typeof hacked") == "undefined"
        assert page.problems == []


@pytest.mark.slow
def test_what_is_expected_of_a_trial_at_work_is_shown_and_why_it_was_proposed(
    browser: Browser, run: Path, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    submit(study, plan)
    expected = {"accuracy": Prediction(mean=0.75, deviation=0.05, incumbent=0.7)}
    lease = submit_proposed(study, plan, sampler="bayes", reason="best of 812", predicted=expected)
    with serving(run, "--port", "0") as (url, _):
        page = browser.page()
        page.resize(420)
        page.go(f"{url}#trial-1")
        page.wait("document.querySelectorAll('#running tbody tr').length === 2")
        cells = "[...document.querySelectorAll('#running tr')].map((row) => row.cells[3].textContent)"
        assert page.evaluate(cells) == ["expected", "–", "75.00% ± 5.00%"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
        study.tell(finished(lease, 0.875))
        why = "[...document.getElementById('trial-proposal').children].map((part) => part.textContent)"
        page.wait(f"{why}.length === 10")
        said = page.evaluate(why)
        assert dict(zip(said[::2], said[1::2], strict=True)) == {
            "sampler": "bayes",
            "reason": "best of 812",
            "predicted validation accuracy": "75.00% ± 5.00%",
            "validation accuracy of the incumbent": "70.00%",
            "measured validation accuracy": "87.50%, 2.5 deviations above",
        }
        page.wait("!document.querySelector('#running').textContent.includes('expected')")
        assert page.problems == []


@pytest.mark.slow
def test_the_page_says_that_the_connection_is_lost_and_finds_it_again(
    browser: Browser, run: Path, study: Study, plan: SearchPlan
) -> None:
    submit(study, plan)
    page = browser.page()
    with serving(run, "--port", "0") as (url, process):
        page.go(url)
        page.wait("document.querySelectorAll('#rows tbody tr').length === 1")
        process.kill()
        page.wait("document.getElementById('connection').textContent.includes('connection lost')")
    submit(study, plan)
    with serving(run, "--port", str(urlsplit(url).port)) as (again, _):
        assert again == url
        page.wait("document.getElementById('connection').textContent === 'live'")
        page.wait("document.querySelectorAll('#rows tbody tr').length === 2")


@pytest.mark.slow
def test_the_page_is_led_by_keys_and_fits_a_telephone(
    browser: Browser, run: Path, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    study.tell(finished(submit(study, plan)))
    with serving(run, "--port", "0") as (url, _):
        page = browser.page()
        page.resize(420)
        page.go(url)
        page.wait("document.querySelector('#plot-frontier .scatterlayer .point')")
        page.evaluate("document.getElementById('plot-frontier').focus()")
        page.press("ArrowRight")
        page.wait("document.getElementById('spoken').textContent.startsWith('trial 0')")
        page.press("Enter")
        page.wait("document.getElementById('trial').open")
        page.wait("document.getElementById('trial-summary').textContent.startsWith('complete')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
        page.press("Escape")
        page.wait("!document.getElementById('trial').open")
        assert page.problems == []


@pytest.mark.slow
def test_the_page_of_an_ended_search_offers_what_it_has(
    browser: Browser, run: Path, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    leases = [submit(study, plan) for _ in range(8)]
    bad = {
        "status": "failed",
        "metrics": {},
        "history": [],
        "cause": "diverged",
        "message": "a_long_word_" * 30,
    }
    for number, lease in enumerate(leases):
        study.tell(finished(lease, **(bad if number == 3 else {"accuracy": 0.5 + number / 20})))
    rows = "[...document.querySelectorAll('#rows tbody tr')].map(row => row.cells[0].textContent)"
    write = "(f => { f.value = 'diverged'; f.dispatchEvent(new Event('input')) })"
    with serving(run, "--port", "0") as (url, _):
        page = browser.page()
        page.resize(1400)
        page.go(url)
        page.wait("document.querySelectorAll('#rows tbody tr').length === 8")
        page.wait("document.getElementById('work').hidden")
        costs = page.evaluate("[...document.querySelectorAll('input[name=cost]')].map(input => input.value)")
        assert "latency" not in costs
        assert empty_axes(page) == []
        chips = page.evaluate("document.querySelectorAll('#rows .chip').length")
        assert chips == page.evaluate("document.querySelectorAll('#rows tr.on-front').length") > 0
        heads = page.evaluate("[...document.querySelectorAll('#rows th')].map(head => head.textContent)")
        assert set(study.trials()[0].decisions) & set(heads)
        page.evaluate(f"{write}(document.getElementById('filter'))")
        assert page.evaluate(rows) == ["3"]
        assert faults(page) == []
        assert not_opened(page, list(range(8))) == []
        assert faults(page) == []  # with a trial open


@pytest.mark.slow
def test_the_page_of_a_search_without_a_complete_trial_has_no_axes(
    browser: Browser, run: Path, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    study.tell(finished(submit(study, plan), status="failed", metrics={}, history=[], cause="diverged"))
    with serving(run, "--port", "0") as (url, _):
        page = browser.page()
        page.go(url)
        page.wait(
            "document.getElementById('plot-frontier').textContent.includes('No trial is complete yet.')"
        )
        page.wait("document.querySelectorAll('#rows tbody tr').length === 1")
        assert page.evaluate("document.querySelectorAll('#plot-frontier .ytick').length") == 0
        assert not_opened(page, [0]) == []
        assert faults(page) == []


@pytest.mark.slow
def test_the_page_marks_what_is_beyond_the_limits(
    browser: Browser, tmp_path: Path, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    facts = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "limits": {"f1": "0.5.."}, "seed": 0}
    facts["metrics"] = {"f1": {"direction": "maximize"}}
    (tmp_path / "job.yaml").write_text("search: tiny\n")
    with Study.open(tmp_path, name="tiny", facts=facts) as study:
        for number in range(4):
            lease = submit(study, plan)
            metrics = {"accuracy": 0.9 - number / 10, "f1": 0.4 + number / 10, "seconds": 1.0, **lease.costs}
            study.tell(finished(lease, metrics=metrics))
        with serving(tmp_path, "--port", "0") as (url, _):
            page = browser.page()
            page.go(url)
            page.wait("document.querySelectorAll('#rows tbody tr').length === 4")
            states = "[...document.querySelectorAll('#rows .status')].map(each => each.textContent)"
            assert sorted(page.evaluate(states)) == [*["complete"] * 3, "complete, beyond the limits"]
            fronts = (
                "[...document.querySelectorAll('#rows tr.on-front')].map(row => row.cells[0].textContent)"
            )
            assert "0" not in page.evaluate(fronts)
            legend = "document.getElementById('plot-frontier').textContent"
            page.wait(f"{legend}.includes('beyond the limits')")
            choose = "(f => { f.value = 'beyond the limits'; f.dispatchEvent(new Event('input')) })"
            page.evaluate(f"{choose}(document.getElementById('status'))")
            page.wait("document.querySelectorAll('#rows tbody tr').length === 1")
            assert faults(page) == []
