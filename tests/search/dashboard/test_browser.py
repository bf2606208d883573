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
from helpers.dashboard import serving, submit

from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

if TYPE_CHECKING:
    from helpers.browser import Browser


@pytest.mark.slow
def test_the_page_shows_a_search_from_a_running_trial_to_its_end(
    browser: Browser, job_file: Path, tmp_path: Path
) -> None:
    job_file.write_text(
        job_file.read_text().replace("epochs: 1", "epochs: 40").replace("trials: 8", "trials: 2")
    )
    search = subprocess.Popen(
        [sys.executable, "-m", "archscape", "search", job_file, "--out", "out", "--workers", "1"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "out" / "study.db").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with serving(tmp_path / "out", "--port", "0") as (url, _):
            page = browser.page()
            page.go(url)
            page.wait("Number(document.querySelector('#running tbody td:nth-child(2)')?.textContent) > 0")
            page.evaluate("window.loaded = 'once'")
            page.evaluate("location.hash = document.querySelector('#running a').hash")
            page.wait("document.querySelectorAll('#plot-curve .scatterlayer .point').length > 1")
            page.wait("document.getElementById('trial-log').textContent.includes('epoch 2')")
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
def test_the_page_runs_nothing_that_a_trial_says(
    browser: Browser, run: Path, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    evil = "<img src=x onerror=hacked=1>"
    lease = submit(study, plan)
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
        assert page.evaluate("[...document.querySelectorAll('img')].length") == 0
        assert page.evaluate("typeof hacked") == "undefined"
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
