"""Storages: which addresses there are, what they mean wherever one stands, and how they may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from archscape.search.study.storage import FORMS, absolute_storage, parse_storage, presentable
from archscape.spaces.errors import JobError

SHOWN = {
    "postgresql://me:Zebra@host:1/db": "postgresql://me@host:1/db",
    "postgresql+psycopg://me:Ze%40b%3Aa@host/db": "postgresql+psycopg://me@host/db",
    "postgresql://me:a/Zebra?b@host/db": "postgresql://me@host/db",
    "postgresql://host/db?user=me&password=Zebra": "postgresql://host/db?user=me",
    "postgresql:///db?host=/tmp&user=me&password=Zebra": "postgresql:///db?host=%2Ftmp&user=me",
    "postgresql:///db?p%61ssword=Zebra": "postgresql:///db",
    "postgresql://host/db?sslpassword=Zebra&sslkey=k.pem": "postgresql://host/db?sslkey=k.pem",
    "postgresql://host/db?options=-cx.token%3DZebra": "postgresql://host/db",
    "postgresql://host/db?service=x;password=Zebra": "postgresql://host/db",
    "postgresql://host/db?passfile=/a/pgpass": "postgresql://host/db?passfile=%2Fa%2Fpgpass",
}


@pytest.mark.parametrize("address", SHOWN)
def test_address_is_shown_without_its_secrets_and_as_good_as_before(address: str) -> None:
    assert presentable(address) == SHOWN[address]
    assert presentable(SHOWN[address]) == SHOWN[address]


REFUSED = {
    "postgre://me:Zebra@host/db": "of an unknown form; did you mean 'postgresql'?",
    "postgresq://me:Zebra@host/db": "did you mean 'postgresql'?",
    "postgres://me:Zebra@host/db": "did you mean 'postgresql'?",
    "sqllite:///a.db": "did you mean 'sqlite'?",
    "mysql://me:Zebra@host/db": "of an unknown form",
    "redis://:Zebra@host/0": "of an unknown form",
    "postgresql://me:Zebra@host:54x2/db": "its port",
    "postgresql://me:Zebra@host:/db": "its port",
    "postgresql://me:Zebra@host:99999/db": "a port that is not from 1 to 65535",
    "postgresql://me:Zebra@host:0/db": "a port that is not from 1 to 65535",
    "postgresql://me:Zebra": "its port",
    "postgresql://me:Zebra/db": "its port",
    "postgresql://me:a@Zebra@host/db": "write `@` in a user or a password as %40",
    "postgresql://me:a@Zebra/b@host/db": "write `@` in a user or a password as %40",
    "postgresql://me%3AZebra@host/db": "`:` as %3A",
    "postgresql://me:Zebra@host": "names no database",
    "postgresql://host/db?pasword=Zebra": "an unknown setting 'pasword'; did you mean 'password'?",
    "postgresql+nope://me:Zebra@host/db": "a driver",
    "postgresql:/me:Zebra@host/db": "no URL and no path",
    "postgresql:me:Zebra@host/db": "no URL and no path",
    "postgresql//me:Zebra@host/db": "no URL and no path",
    "me:Zebra@host/db": "no URL and no path",
    "me:Zebra/b@host/db": "no URL and no path",
    "//me:Zebra@host/db": "no URL and no path",
    "postgresql;//me:Zebra@host/db": "no URL and no path",
    "host=h password=Zebra dbname=db": "no URL and no path",
    "password='Zebra b' dbname=db": "no URL and no path",
    "service=x;password=Zebra": "no URL and no path",
    "?service=x;password=Zebra": "no URL and no path",
    "a.db?sslpassword=Zebra": "no URL and no path",
    "file:a.db?mode=ro": "no URL and no path",
    "sqlite:a.db": "no URL and no path",
    "sqlite://home/a.db": "two slashes",
    "sqlite:///:memory:": "names no file",
    "sqlite://": "names no file",
    "sqlite:///file:a.db?uri=true": "names no file",
    "sqlite+pysqlcipher://:Zebra@/a.db": "a driver",
    "a\0.db": "no URL and no path",
    "": "no URL and no path",
}


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_no_address_is_refused_by_its_fault_without_its_secrets(address: str) -> None:
    with pytest.raises(JobError) as caught:
        parse_storage(address)
    message = str(caught.value)
    assert REFUSED[address] in message
    assert message.endswith(f"; give {FORMS}")
    assert "Zebra" not in message + presentable(address)


def test_path_is_absolute_from_where_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for address in ("a.db", "./a.db", "b/../a.db", "sqlite:///a.db", f"sqlite:///{tmp_path}/a.db"):
        assert absolute_storage(address) == f"{tmp_path}/a.db"
    assert absolute_storage("~/a.db") == absolute_storage("sqlite:///~/a.db") == "/home/me/a.db"
    assert absolute_storage("postgresql://me:Zebra@host/db") == "postgresql://me:Zebra@host/db"
    assert absolute_storage("") == ""
