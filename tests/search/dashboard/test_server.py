"""The server: what it answers, to whom, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from helpers.dashboard import AIMS, blocks, get, serving, submit, until

from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

if TYPE_CHECKING:
    from helpers.postgres import Cluster


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
    report = json.loads(text)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert report["log"] == "<script>alert(1)</script>\n"
    assert report["epochs"] == [{"trial": 0, "epoch": 1, "loss": None, "accuracy": 0.5}]
    assert report["network"] == lease.network.to_yaml()
    assert report["decisions"].keys() == study.trials()[0].decisions.keys()

    for path in ("/strip/0.svg", f"/{report['figure']}"):
        answer, text = get(server, path)
        assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
        assert text.startswith(b"<svg ")
        assert get(server, path.replace("0", "7"))[0].status == 404

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
        assert until(events, "trials").id == f"{token}.0"
        study.tell(finished(lease))
        assert until(events, "trials").data[0][:2] == [0, "complete"]
    with closing(HTTPConnection(urlsplit(server).netloc, timeout=60)) as connection:
        connection.request("GET", "/events", headers={"Last-Event-ID": f"{token}.0"})
        again = until(blocks(connection.getresponse()), "trials")
        assert again.id == f"{token}.1"


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
                assert until(events, "running").data[0][3:] == [1, {"accuracy": 0.25}, {}]
                study.tell(finished(lease))
                assert until(events, "trials").data[0][:2] == [0, "complete"]
            report = json.loads(get(page, "/trial/0")[1])
    assert report["log"] is None  # it lies with the worker
    assert [epoch["epoch"] for epoch in report["epochs"]] == [1]


@pytest.mark.slow
def test_interrupt_ends_it_without_a_word_though_a_page_is_open(run: Path) -> None:
    with serving(run, "--port", "0") as (url, process):
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
            connection.request("GET", "/events")
            assert connection.getresponse().readline() == b"event: hello\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
        assert process.returncode == 0
        assert errors == "Ctrl-C ends it.\n"


@pytest.mark.slow
def test_a_taken_port_leads_to_the_next_one_that_is_free(run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(run, "--port", str(port)) as (url, process):
            first_port = urlsplit(url).port
            assert first_port is not None
            assert port < first_port <= port + 100
            assert process.stderr is not None
            assert process.stderr.readline() == f"port {port} is taken, so it is {first_port}\n"


@pytest.mark.slow
def test_another_address_is_said_to_be_open_to_others(run: Path) -> None:
    with serving(run, "--port", "0", "--host", "0.0.0.0") as (url, process):
        assert process.stderr is not None
        assert process.stderr.readline().startswith("WARNING: whoever reaches 0.0.0.0 can read this study")
        port = urlsplit(url).port
        assert get(f"http://127.0.0.1:{port}", "/health", Host="any.example")[0].status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 2, "nowhere: no such folder"),
        (["--storage", "no.db", "--study", "x"], 2, "no.db: no such file"),
        ([], 2, "which study?"),
        (["RUN", "--host", "no such host"], 2, "--host no such host"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Path, archscape: Callable[..., Any], arguments: list[str], code: int, message: str
) -> None:
    done = archscape("dashboard", *(str(run) if word == "RUN" else word for word in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("archscape: ")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
