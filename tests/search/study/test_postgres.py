"""The server that tests and benchmarks use: what was committed survives both ways of stopping it."""

from __future__ import annotations

import socket

import psycopg
import pytest
from helpers.postgres import Cluster
from helpers.programs import need_program


def test_committed_rows_survive_a_crash(postgres: Cluster) -> None:
    url = postgres.url("crash")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
        connection.execute("INSERT INTO kept VALUES (2)")
        postgres.restart("immediate")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with psycopg.connect(postgres.url("crash")) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_while_it_is_stopped_nobody_answers(postgres: Cluster) -> None:
    url = postgres.url("away")
    postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    postgres.start()
    psycopg.connect(postgres.socket_url("away")).close()


@pytest.mark.postgresql
def test_nothing_is_left_behind() -> None:
    need_program("PostgreSQL")
    with Cluster.temporary() as cluster:
        socket.create_connection(("127.0.0.1", cluster.port)).close()
    assert not cluster.folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", cluster.port))
