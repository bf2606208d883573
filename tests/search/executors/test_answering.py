"""An address where no Ray answers is one line, in seconds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from archscape.search.executors.ray import answering
from archscape.search.executors.ray.answering import check_answers
from archscape.search.executors.ray.engine import RayEngine
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.spaces.errors import InputError


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which nobody listens, nor will while a test runs."""
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[int]:
    """A port on which somebody accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):  # the server was shut down
                while True:
                    connections.append(server.accept()[0])

        thread = Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)  # ends `accept`, which closing it does not
        thread.join()
        for connection in connections:
            connection.close()


def test_a_search_on_a_dead_address_is_refused(job_file: Path, tmp_path: Path, port: int) -> None:
    job = replace(read_job(job_file), trials=1)
    with pytest.raises(InputError, match=rf"--ray-address 127.0.0.1:{port}: nobody listens there"):
        run(job, out=tmp_path / "run", executor=RayEngine(address=f"127.0.0.1:{port}"))


def test_what_ray_would_find_by_itself_is_looked_at_too(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_answers("auto")
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(InputError, match=f"--ray-address auto, RAY_ADDRESS=127.0.0.1:{port}: nobody listens"):
        check_answers("auto")


def test_what_listens_and_is_no_ray_is_refused(silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 1.0)
    with pytest.raises(InputError, match="what listens there does not answer as Ray does"):
        check_answers(f"127.0.0.1:{silent}")


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port", "head:0", "head:65536", "a:-1"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(InputError, match=rf"--ray-address {address}: an address is HOST:PORT"):
        check_answers(address)


@pytest.mark.parametrize("address", ["me:Zebra@127.0.0.1:1", "Zebra@[::1]:1", "ray://me:Zebra@127.0.0.1:1"])
def test_who_asks_is_in_no_message(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    for given in (address, "auto"):
        with pytest.raises(InputError, match=r"\*\*\*@.*HOST:PORT") as caught:
            check_answers(given)
        assert "Zebra" not in str(caught.value)


def test_a_host_that_no_name_server_knows_is_refused() -> None:
    with pytest.raises(InputError, match=r"--ray-address nowhere\.invalid:6379: nobody listens there"):
        check_answers("nowhere.invalid:6379")
