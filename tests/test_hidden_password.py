"""A password in the command line: it is in no list of processes, and the command has it all the same."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.processes import popen

from archscape.hidden_password import hidden_words, reveal_password
from archscape.spaces.errors import InputError


@pytest.mark.parametrize("form", [["--storage", "{}"], ["--storage={}"]])
def test_password_is_in_no_list_of_processes_once_the_server_is_asked(form: list[str]) -> None:
    """The server is a socket of the test's own: when it is asked, the command is at work."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"postgresql://me:Zebra@127.0.0.1:{server.getsockname()[1]}/db?sslmode=disable"
        words = ["study", "list", *(word.format(address) for word in form)]
        process = popen([sys.executable, "-m", "archscape", *words], stderr=subprocess.PIPE)
        connection, _ = server.accept()
        with connection:
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
            startup = connection.recv(4096)
        process.terminate()
        process.communicate()
    assert b"user\0me\0" in startup
    assert "Zebra" not in line
    assert "postgresql://me:***@127.0.0.1" in line
    assert line.split("\0")[1:5] == ["-m", "archscape", "study", "list"]


def test_words_without_a_password_stay() -> None:
    for words in (
        ["search", "a.yaml"],
        ["--storage", "a.db"],
        ["--storage"],
        ["--storage=postgresql://me@h/d"],
        ["--ray-address", "h:6379"],
        ["dashboard", "postgresql://me@h/d", "--port", "0"],
        ["--ray-address=auto"],
    ):
        assert hidden_words(words) == ("", words)


@pytest.mark.parametrize("address", ["me:Zebra@h:1", "Zebra@h:1", "ray://me:Zebra@h:1"])
def test_who_asks_a_cluster_is_hidden_beside_the_storage(address: str) -> None:
    storage = "postgresql://me:Zebra@h/d"
    hidden = address.replace("me:Zebra", "***").replace("Zebra", "***")
    words = ["--ray-address", address, "--storage", storage, f"--ray-address={address}", "--ray-address"]
    shown = ["--ray-address", hidden, "--storage", "postgresql://me:***@h/d", f"--ray-address={hidden}"]
    assert hidden_words(words) == (storage, [*shown, "--ray-address"])


def test_what_the_asterisks_stand_for_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ARCHSCAPE_STORAGE", "postgresql://me:Zebra@h/d")
    assert reveal_password("postgresql://me:***@h/d") == "postgresql://me:Zebra@h/d"
    assert reveal_password("a.db") == "a.db"
    with pytest.raises(InputError, match="stands for a password that was not kept"):
        reveal_password("postgresql://me:***@other/d")


@pytest.mark.parametrize("head", [["dashboard"], ["search", "a.yaml"], ["a", "--out"], ["--storag"]])
def test_address_where_none_belongs_is_shown_without_its_password(head: list[str]) -> None:
    """A message shows the word that is wrong, and so do lists of processes."""
    assert hidden_words([*head, "postgresql://me:Zebra@h/d"]) == ("", [*head, "postgresql://me:***@h/d"])
    assert hidden_words(["--storag=postgresql://me:Zebra@h/d"])[1] == ["--storag=postgresql://me:***@h/d"]
