"""Whether a cluster answers at its address, before Ray waits for it for minutes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from archscape.search.study.secrets import hide_user
from archscape.spaces.errors import InputError

CONNECT_SECONDS = 5.0
"""How long a head may take to accept a connection."""

ANSWER_SECONDS = 12.0
"""How long it may take to say which cluster it is; it takes milliseconds."""

ASK = """\
import sys
from ray._raylet import GcsClient
from ray.exceptions import AuthenticationError

print(flush=True)
try:
    GcsClient(address=sys.argv[1])
except AuthenticationError:
    pass
"""
"""Asks in a process of its own, which can be ended: Ray does not let itself be interrupted.

A token that the cluster does not take is an answer too; it is reported when it is met again."""


def check_answers(address: str) -> None:
    """Check that the head of a cluster answers; `auto` is left to Ray, unless RAY_ADDRESS says where.

    Raises:
        InputError: If it is no address of a head, nobody listens there, or what does not answer as Ray does.
    """
    option = f"--ray-address {hide_user(address)}"
    if address == "auto" and os.environ.get("RAY_ADDRESS"):
        address = os.environ["RAY_ADDRESS"]
        option += f", RAY_ADDRESS={hide_user(address)}"
    if address == "auto":
        return
    if "://" in address:
        raise InputError(
            f"{option}: a search runs on a node of the cluster, with `auto` or HOST:PORT; "
            "`ray submit`, `ray job submit` and `ray exec` start it there"
        )
    host, _, port = address.rpartition(":")
    if not host or "@" in host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise InputError(f"{option}: an address is HOST:PORT, as `ray start --head` prints it, or `auto`")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        law = "nobody listens there; is the cluster running, and is this the address of its head?"
        raise InputError(f"{option}: {law} ({why})") from None
    if not _answers(address):
        law = (
            f"what listens there does not answer as Ray does, in {ANSWER_SECONDS:g} s; is it the head's port?"
        )
        raise InputError(f"{option}: {law}")


def _answers(address: str) -> bool:
    command = [sys.executable, "-c", ASK, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()  # Ray is loaded now
        try:
            return process.wait(ANSWER_SECONDS) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            return False
