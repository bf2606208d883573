"""Secrets: wherever a password stands in an address or a command, it is replaced, and the rest stays."""

from __future__ import annotations

import doctest
import shlex
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import pq

from archscape.search.study import secrets as module
from archscape.search.study.secrets import HARMLESS, SECRET, hide_secrets, presentable_command
from archscape.search.study.storage import parse_storage, presentable
from archscape.spaces.errors import JobError

HIDDEN = {
    "postgresql://me:Zebra@host:1/db": "postgresql://me:***@host:1/db",
    "--storage=postgresql://me:Zebra@host/db": "--storage=postgresql://me:***@host/db",
    "postgresql+psycopg://me:Zebra@host/db": "postgresql+psycopg://me:***@host/db",
    "postgresql://me:Ze@b:r/a?Zebra@host/db": "postgresql://me:***@host/db",
    "postgresql://me%3AZebra@host/db": "postgresql://me:***@host/db",
    "postgresql://me:Zebra/db": "postgresql://me:***",  # it stands where a port may
    "postgresql:/me:Zebra@host/db": "postgresql:/me:***@host/db",
    "postgresql//me:Zebra@host/db": "postgresql//me:***@host/db",
    "me:Zebra@host/db": "me:***@host/db",
    "redis://:Zebra@host/0": "redis://:***@host/0",
    "postgresql:///db?host=/tmp&password=Zebra b&user=me": "postgresql:///db?host=/tmp&password=***&user=me",
    "postgresql:///db?p%61ssword=Zebra": "postgresql:///db?p%61ssword=***",
    "postgresql:///db?sslpassword=Zebra&sslkey=k": "postgresql:///db?sslpassword=***&sslkey=k",
    "postgresql:///db?options=-c%20my.secret%3DZebra": "postgresql:///db?options=***",
    "postgresql://me:pw1@host:5432/db?sslpassword=Ze@bra": "postgresql://me:***@host:5432/db?sslpassword=***",
    "postgresql://me@host:5432/db?password=pa@Zebra": "postgresql://me@host:5432/db?password=***",
    "postgresql://h/db?password=pa@Zebra&sslmode=require": "postgresql://h/db?password=***&sslmode=require",
    "postgresql://host/db?service=x;password=Zebra": "postgresql://host/db?service=x;password=***",
    "postgresql://host/db?service=x%3Bpassword%3DZebra": "postgresql://host/db?service=***",
    "?service=x;password=Zebra": "?service=x;password=***",
    "service=x;password=Zebra": "service=***",
    "postgresql://host/db?password=a;Zebra": "postgresql://host/db?password=***",
    "postgresql://host/db?password=a&Zebra": "postgresql://host/db?password=***&***",
    "postgresql://host/db?unheard_of=Zebra": "postgresql://host/db?***",
    "postgresql://me:Zebra?port=Zebra@host/db": "postgresql://me:***?port=***",
    "postgresql://me:1234?port=Zebra@host/db": "postgresql://me:***?port=***",
    "me:pw1@host/db?password=a@Zebra": "me:***@host/db?password=***",
    "host=h user=me:x password=a@Zebra": "host=h user=me:x password=***",
    "me:Zebra@127.0.0.1:1": "me:***@127.0.0.1:1",
    "host=h user=me password=Zebra dbname=db": "host=h user=me password=*** dbname=db",
    "host=h password = 'Zebra Ze\\'bra' dbname=db": "host=h password = *** dbname=db",
    "host=h password='Zebra bra": "host=h password=***",
    "RAY_AUTH_TOKEN=Zebra": "RAY_AUTH_TOKEN=***",
}


@pytest.mark.parametrize("text", HIDDEN)
def test_password_is_hidden_wherever_it_stands(text: str) -> None:
    assert hide_secrets(text) == HIDDEN[text]


@pytest.mark.parametrize(
    "text",
    [
        *("postgresql://me@host:5432/db?sslmode=require&passfile=/home/me/.pgpass", "postgresql://host:5432"),
        *("sqlite:////a/b.db", "a/b c.db", "10.0.0.1:6379", "net.py:make", "{w: 1}", "--trials", ""),
        "postgresql://me@host/db?options=-csearch_path%3Da",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide_secrets(text) == text


AROUND = st.text("abc019@:/?&;=%.-_ '", max_size=4)
"""What may stand before and behind a secret in a password: all that means something in an address."""
NO_SECRET = st.sampled_from(["sslmode=require", "host=/tmp", "port=1", "connect_timeout=3", "user=me"])
SECRETS_OF = (
    "service=x;password",
    "password",
    "sslpassword",
    "oauth_client_secret",
    "p%61ssword",
    "options",
    "unheard_of",
)


def refusal(address: str) -> str:
    """Return the message by which an address is refused; "" if it is taken."""
    try:
        parse_storage(address)
    except JobError as error:
        return str(error)
    return ""


@given(
    before=AROUND,
    after=AROUND,
    of=st.sampled_from(["user", *SECRETS_OF]),
    host=st.sampled_from(["@host", "@host:5432", ""]),
    others=st.tuples(st.lists(NO_SECRET, max_size=2), st.lists(NO_SECRET, max_size=2)),
    escaped=st.booleans(),
)
def test_a_planted_secret_survives_nowhere(
    before: str, after: str, of: str, host: str, others: tuple[list[str], list[str]], escaped: bool
) -> None:
    """It is hidden with all characters that a user forgets to escape, and with them escaped."""
    secret = f"{before}Zebra{after}"
    secret = quote(secret, safe="") if escaped else secret
    value = f"-c%20x.token%3D{secret}" if of == "options" else secret
    settings = "&".join([*others[0], *([] if of == "user" else [f"{of}={value}"]), *others[1]])
    user = f"me:{secret}@host" if of == "user" else f"me{host}"
    for scheme in ("postgresql://", "postgre://", "postgresql:/"):
        address = f"{scheme}{user}/db?{settings}"
        assert "Zebra" not in hide_secrets(address)
        assert "Zebra" not in presentable(address)
        assert "Zebra" not in refusal(address)
        assert "Zebra" not in presentable_command(f"search --storage={shlex.quote(address)}")


def test_all_settings_of_libpq_are_known_as_harmless_or_secret() -> None:
    known = {setting.keyword.decode() for setting in pq.Conninfo.get_defaults()}
    assert known <= HARMLESS | SECRET


def test_command_is_kept_with_its_secrets_hidden() -> None:
    command = "archscape search 'my job.yaml' --storage postgresql://me:Zebra@host/db --trials 3"
    kept = "archscape search 'my job.yaml' --storage 'postgresql://me:***@host/db' --trials 3"
    assert presentable_command(command) == kept
    assert presentable_command("it's postgresql://me:Zebra@host/db").endswith("me:***@host/db'")


def test_worked_examples_hold() -> None:
    assert doctest.testmod(module).failed == 0
