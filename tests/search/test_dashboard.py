"""The dashboard: its numbers, its stream of events, its server, and the page in a real browser."""

from __future__ import annotations

import json
import math
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import sqlalchemy

from archscape.analysis.statistics.frontier import Direction, frontier, hypervolume_curve, reference_point
from archscape.search.dashboard import queries, stream
from archscape.search.dashboard.detail import LOG_BYTES, tail
from archscape.search.dashboard.frontier import FrontierState
from archscape.search.dashboard.page import assets, page
from archscape.search.dashboard.poller import Poller
from archscape.search.dashboard.queries import ChangedTrial, read_changes
from archscape.search.dashboard.state import DashboardState
from archscape.search.dashboard.stream import Stream
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

if TYPE_CHECKING:
    from helpers.browser import Browser
    from helpers.postgres import Cluster

AIMS: dict[str, Direction] = {"accuracy": "maximize", "macs": "minimize"}


def submit(study: Study, plan: SearchPlan) -> Lease:
    lease = study.ask_unique(plan.propose, Owner.current(), trials=1000)
    assert lease is not None
    return lease


# Its numbers


@pytest.mark.parametrize("aims", [AIMS, {**AIMS, "params": "minimize"}])
def test_reach_is_that_of_the_report(aims: dict[str, Direction]) -> None:
    rng = random.Random(0)
    table = {name: [round(rng.uniform(1, 50)) / 10 for _ in range(120)] for name in aims}
    reach = FrontierState(objectives=aims)
    for number in range(120):
        reach.take(number, {name: table[name][number] for name in aims}, ended=number + 1)
    assert sorted(reach.front) == frontier(table, aims).nonzero()[0].tolist()
    assert reach.reference() == reference_point(table, aims)
    volumes = hypervolume_curve(table, aims, reach.reference(), log=reach.log())
    steps = dict(reach.curve())
    assert steps == pytest.approx({ended: volumes[ended - 1] for ended in steps})
    rises = [i + 1 for i in range(120) if volumes[i] > (volumes[i - 1] if i else 0) + 1e-12]
    assert set(rises) <= set(steps)


def test_reach_of_one_objective_is_its_best_so_far() -> None:
    reach = FrontierState(objectives={"loss": "minimize"})
    for number, loss in enumerate([3.0, 4.0, 2.0, math.nan, math.inf]):
        reach.take(number, {"loss": loss}, ended=number + 1)
    assert reach.curve() == [(1, 3.0), (3, 2.0)]
    assert reach.front == [2]


def news(number: int, state: str, changed: int, **values: float) -> ChangedTrial:
    ends = {"started": f"2026-01-01T10:{number:02}:00+00:00", "finished": ""}
    if state in ("complete", "failed", "pruned"):
        ends["finished"] = f"2026-01-01T10:{number + 1:02}:00+00:00"
    cause = {"failed": "out_of_memory", "pruned": "halving"}.get(state, "")
    return ChangedTrial(
        number=number, changed=changed, state=state, rung=None, cause=cause, worker="w", values=values, **ends
    )


def board_of(*rows: ChangedTrial, trials: int = 10) -> DashboardState:
    board = DashboardState(objectives=AIMS)
    latest = {row.number: row.state for row in rows}
    working = tuple(
        queries.RunningTrial(number=number, worker="", started="", epoch=0, metrics={})
        for number, state in latest.items()
        if state == "running"
    )
    board.take(queries.Look(news=rows, running=working, trials=trials, should_stop=False, exists=True))
    return board


def test_board_counts_a_trial_once_whatever_it_went_through() -> None:
    board = board_of(
        news(0, "running", 0),
        news(0, "paused", 1),
        news(1, "failed", 2),
        news(0, "complete", 3, accuracy=0.5),
    )
    tiles = {name: (number, about) for name, number, about in board.tiles(0)}
    assert tiles["Trials ended"] == ("2", "of 10, 1 complete, nobody works on it now")
    assert tiles["Stopped early"] == ("0", "")
    assert tiles["Failed"] == ("1", "1 out of memory")
    assert [row.number for row in board.since(1)] == [1, 0]
    assert board.seen == 3


def test_best_is_the_cheapest_of_equals() -> None:
    rows = [news(i, "complete", i, accuracy=0.5, macs=macs) for i, macs in enumerate([30, 10, 20])]
    assert ("Best validation accuracy", "50.00%", "trial 1") in board_of(*rows).tiles(0)


def test_speed_is_that_of_the_latest_trials_while_somebody_works() -> None:
    ended = [news(i, "complete", i, accuracy=0.5, macs=1) for i in range(6)]
    now = stream_time("2026-01-01T10:06:00+00:00")
    assert board_of(*ended).per_hour(now) == 0.0
    board = board_of(*ended, news(6, "running", 6))
    assert board.per_hour(now) == pytest.approx(60.0)
    assert ("Time left", "4\xa0min\xa00\xa0s", "at this speed") in board.tiles(now)
    assert board.per_hour(now + 360) == pytest.approx(30.0)


def stream_time(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp()


# What it reads


def work_of(study: Study, since: int) -> int:
    """Return how many steps SQLite takes for a look."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def listen(connection: sqlite3.Connection, *rest: object) -> None:
        connection.set_progress_handler(count, 1)

    sqlalchemy.event.listen(study.database.engine, "checkout", listen)
    try:
        study.database.read(lambda connection: read_changes(connection, study.key, since=since))
    finally:
        sqlalchemy.event.remove(study.database.engine, "checkout", listen)
    return taken


def test_a_look_takes_as_long_after_many_trials_as_after_few(
    study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    work = []
    for ended in (10, 100):
        while study.counts().get("complete", 0) < ended:
            study.tell(finished(submit(study, plan)))
        seen = study.trials()[-1].changed
        work.append(work_of(study, seen))
    assert work_of(study, -1) > 3 * work[1]  # the measure does grow for one who reads everything
    assert work[1] <= 1.2 * work[0]


def test_a_look_brings_the_latest_epoch_of_each_running_trial(study: Study, plan: SearchPlan) -> None:
    first, second = submit(study, plan), submit(study, plan)
    study.report(first, {1: {"loss": 2.0}, 2: {"loss": 1.0}})
    found = study.database.read(lambda connection: read_changes(connection, study.key, since=0))
    assert [(one.number, one.epoch, one.metrics) for one in found.running] == [
        (0, 2, {"loss": 1.0}),
        (1, 0, {}),
    ]
    assert [row.number for row in found.news] == [second.number]
    assert found.news[0].values == dict(second.costs)
    assert found.running[0].worker == Owner.current().text


def test_only_the_tail_of_a_long_log_is_sent(tmp_path: Path) -> None:
    log = tmp_path / "trial-00000.log"
    assert tail(log) is None
    log.write_text("short\n")
    assert tail(log) == "short\n"
    log.write_bytes(b"first\n" + b"x\xff\n" * LOG_BYTES + b"last\n")
    found = tail(log)
    assert found is not None
    assert found.startswith("x\ufffd\n")
    assert found.endswith("x\ufffd\nlast\n")


# The stream


class Event(NamedTuple):
    mark: str
    kind: str
    data: Any


def parsed(text: bytes) -> list[Event]:
    """Return the events of a piece of a stream."""
    events = []
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append(Event(fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return events


@pytest.fixture
def poller(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Poller]:
    monkeypatch.setattr("archscape.search.dashboard.poller.LOOK_SECONDS", 0.02)
    poller = Poller(study)
    poller.start()
    yield poller
    poller.close()


def until(events: Iterator[bytes], kind: str, fits: Callable[[Any], bool] = bool) -> Event:
    """Return the first event of a kind whose data fits."""
    for text in events:
        for event in parsed(text):
            if event.kind == kind and fits(event.data):
                return event
    raise AssertionError(f"the stream ended without {kind}")


def test_stream_tells_what_changed_and_no_more(
    poller: Poller, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    first, second = submit(study, plan), submit(study, plan)
    events = iter(Stream(poller=poller, token="t"))
    assert parsed(next(events))[0].data["study"] == "tiny"
    start = until(events, "trials")
    assert [row[:2] for row in start.data] == [[0, "running"], [1, "running"]]
    assert start.mark == "t.1"
    study.tell(finished(second, accuracy=0.75))
    event = until(events, "trials")
    assert [row[:2] for row in event.data] == [[1, "complete"]]
    assert event.mark == "t.2"
    study.report(first, {1: {"loss": 1.5, "accuracy": 0.25}})
    working = until(events, "running", lambda found: found[0][3] == 1)
    assert working.data[0][4] == {"loss": 1.5, "accuracy": 0.25}


def test_stream_goes_on_from_the_last_event(poller: Poller, study: Study, plan: SearchPlan) -> None:
    for _ in range(3):
        submit(study, plan)
    known = until(iter(Stream.resumed(poller, "t", "t.1")), "trials")
    assert [row[0] for row in known.data] == [2]
    for last in ("", "other.1", "t.x", "1"):
        assert Stream.resumed(poller, "t", last).place == -1


def test_a_large_study_comes_in_pieces(
    poller: Poller, study: Study, plan: SearchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        submit(study, plan)
    monkeypatch.setattr(stream, "CHUNK", 2)
    monkeypatch.setattr(queries, "BATCH", 3)
    monkeypatch.setattr("archscape.search.dashboard.poller.BATCH", 3)
    seen: list[int] = []
    for text in Stream(poller=poller, token="t"):
        found = [event.data for event in parsed(text) if event.kind == "trials"]
        assert all(len(rows) <= 2 for rows in found)
        seen += [row[0] for rows in found for row in rows]
        if len(seen) == 7:
            break
    assert seen == list(range(7))


def test_stream_shows_that_it_lives(poller: Poller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    assert any(text.startswith(b":") for text in Stream(poller=poller, token="t"))


def test_nobody_looks_nothing_is_read(poller: Poller) -> None:
    events = iter(Stream(poller=poller, token="t"))
    until(events, "summary")
    events.close()  # type: ignore[attr-defined]
    poller.wait(poller.looks, seconds=0.2)  # a look may have been under way
    looks = poller.looks
    assert poller.wait(looks, seconds=0.3) == looks


@pytest.mark.slow
def test_a_database_that_is_away_is_told_and_found_again(
    poller: Poller, study: Study, plan: SearchPlan
) -> None:
    submit(study, plan)
    events = iter(Stream(poller=poller, token="t"))
    until(events, "trials")
    with closing(sqlite3.connect(study.address.target)) as connection:
        connection.execute("ALTER TABLE archscape_trials RENAME TO gone")
        assert "no such table" in until(events, "trouble").data
        connection.execute("ALTER TABLE gone RENAME TO archscape_trials")
    assert until(events, "trouble", lambda text: text == "").data == ""


# The server


@contextmanager
def serving(*arguments: str | Path, cwd: Path | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `archscape dashboard` and yield the address that it prints."""
    command = [sys.executable, "-m", "archscape", "dashboard", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def get(url: str, path: str, *, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()


@pytest.fixture
def run(tmp_path: Path, study: Study) -> Path:
    (tmp_path / "job.yaml").write_text("search: tiny\n")
    (tmp_path / "logs").mkdir()
    return tmp_path


@pytest.fixture
def server(run: Path) -> Iterator[str]:
    with serving(run, "--port", "0") as (url, _):
        yield url


@pytest.mark.slow
def test_it_serves_a_study_to_this_machine_only_and_read_only(
    server: str, run: Path, study: Study, plan: SearchPlan
) -> None:
    lease = submit(study, plan)
    study.report(lease, {1: {"loss": 1e999, "accuracy": 0.5}})
    (run / "logs" / "trial-00000.log").write_text("<script>alert(1)</script>\n")

    answer, text = get(server, "/")
    assert answer.status == 200
    assert "script-src 'self'; " in answer.headers["Content-Security-Policy"]
    assert not re.search(rb"""(src|href)=["']?(https?:)?//""", text)
    for name in re.findall(r'(?:src|href)="([\w.]+\?\w+)"', text.decode()):
        answer, _ = get(server, f"/{name}", Accept_Encoding="gzip")
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] == "gzip"

    answer, text = get(server, "/trial/0")
    found = json.loads(text)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert found["log"] == "<script>alert(1)</script>\n"
    assert found["epochs"] == [{"trial": 0, "epoch": 1, "loss": None, "accuracy": 0.5}]
    assert found["network"] == lease.network.to_yaml()
    assert found["decisions"].keys() == study.trials()[0].decisions.keys()

    assert json.loads(get(server, "/health")[1])["status"] == "ok"
    assert get(server, "/trial/7")[0].status == 404
    for path in ("/trial/../job.yaml", "/trial/-1", "/job.yaml", "/trial/0/x", "//evil/trial/0"):
        assert get(server, path)[0].status == 404
    assert get(server, "/", Host="attacker.example")[0].status == 403
    assert get(server, "/trial/0", Host="localhost:1234")[0].status == 200
    assert get(server, "/trial/0", method="POST")[0].status == 501


@pytest.mark.slow
def test_events_come_over_http(
    server: str, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    lease = submit(study, plan)
    with closing(HTTPConnection(urlsplit(server).netloc, timeout=60)) as connection:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        events = blocks(answer)
        token = until(events, "hello").data["token"]
        assert until(events, "trials").mark == f"{token}.0"
        study.tell(finished(lease))
        assert until(events, "trials").data[0][:2] == [0, "complete"]
    with closing(HTTPConnection(urlsplit(server).netloc, timeout=60)) as connection:
        connection.request("GET", "/events", headers={"Last-Event-ID": f"{token}.0"})
        again = until(blocks(connection.getresponse()), "trials")
        assert again.mark == f"{token}.1"


def blocks(answer: HTTPResponse) -> Iterator[bytes]:
    """Yield the events of a response as they come."""
    block = b""
    for line in answer:
        block += line
        if line == b"\n":
            yield block
            block = b""


@pytest.mark.slow
def test_the_whole_report_is_built_on_demand(
    tmp_path: Path, tiny: Any, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    facts = {"objectives": AIMS, "seed": 0}
    with Study.open(tmp_path, name="tiny", facts=facts, settings={"space": tiny.to_yaml()}) as study:
        study.tell(finished(submit(study, plan)))
        (tmp_path / "job.yaml").write_text("search: tiny\n")
        with serving(tmp_path, "--port", "0") as (url, _):
            answer, text = get(url, "/report")
    assert answer.status == 200
    assert b"<title>tiny" in text


@pytest.mark.slow
def test_it_serves_a_study_that_lies_on_a_server(
    tmp_path: Path, plan: SearchPlan, finished: Callable[..., Any], postgres: Cluster
) -> None:
    (tmp_path / "mine").mkdir()
    url = postgres.url("dashboard")
    with Study.open(
        tmp_path / "mine", name="tiny", storage=url, facts={"objectives": AIMS, "seed": 0}
    ) as study:
        lease = submit(study, plan)
        study.report(lease, {1: {"accuracy": 0.25}})
        with serving("--study", "tiny", "--storage", url, "--port", "0", cwd=tmp_path) as (page, _):
            with closing(HTTPConnection(urlsplit(page).netloc, timeout=60)) as connection:
                connection.request("GET", "/events")
                events = blocks(connection.getresponse())
                assert until(events, "running").data[0][3:] == [1, {"accuracy": 0.25}]
                study.tell(finished(lease))
                assert until(events, "trials").data[0][:2] == [0, "complete"]
            found = json.loads(get(page, "/trial/0")[1])
    assert found["log"] is None  # it lies with the worker
    assert [epoch["epoch"] for epoch in found["epochs"]] == [1]


@pytest.mark.slow
def test_interrupt_ends_it_without_a_word_though_a_page_is_open(run: Path) -> None:
    with serving(run, "--port", "0") as (url, process):
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
            connection.request("GET", "/events")
            assert connection.getresponse().readline() == b"event: hello\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == 0
        assert errors == "Ctrl-C ends it.\n"


@pytest.mark.slow
def test_a_taken_port_leads_to_the_next_one_that_is_free(run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(run, "--port", str(port)) as (url, process):
            found = urlsplit(url).port
            assert found is not None
            assert port < found <= port + 100
            assert process.stderr is not None
            assert process.stderr.readline() == f"port {port} is taken, so it is {found}\n"


@pytest.mark.slow
def test_another_address_is_said_to_be_open_to_others(run: Path) -> None:
    with serving(run, "--port", "0", "--host", "0.0.0.0") as (url, process):
        assert process.stderr is not None
        assert process.stderr.readline().startswith("WARNING: whoever reaches 0.0.0.0 can read this study")
        port = urlsplit(url).port
        assert get(f"http://127.0.0.1:{port}", "/health", Host="any.example")[0].status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 2, "nowhere: not the folder of a search"),
        (["--storage", "no.db", "--study", "x"], 1, "no.db: no such file"),
        ([], 2, "which study?"),
        (["RUN", "--host", "no such host"], 2, "--host no such host"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Path, archscape: Callable[..., Any], arguments: list[str], code: int, said: str
) -> None:
    done = archscape("dashboard", *(str(run) if word == "RUN" else word for word in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"archscape: {said}")
    assert len(done.stderr.splitlines()) == 1


def test_a_name_is_escaped_in_the_page() -> None:
    assert "<script>alert" not in page("</title><script>alert(1)</script>", assets()).text


# The page, in a real browser


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
            page.wait("document.getElementById('trial-lede').textContent.startsWith('complete')")
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
        page.wait("document.getElementById('trial-lede').textContent.startsWith('complete')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
        page.press("Escape")
        page.wait("!document.getElementById('trial').open")
        assert page.problems == []
