"""A password in an address, kept from the list of processes, which every user of a machine may read.

The process starts itself anew, under its number, with `***` among its words and the address in its
environment, which its user alone may read. What records the words of a command, as Ray does, has no more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from .search.study.secrets import hide_secrets, hide_user
from .spaces.errors import InputError

STORAGE = "--storage"
VARIABLE = "ARCHSCAPE_STORAGE"

OPTIONS: dict[str, Callable[[str], str]] = {STORAGE: hide_secrets, "--ray-address": hide_user}
"""Options that take an address, and how it is shown. Ray takes none with a secret, so that is not kept."""


def hide_password() -> None:
    """Start the process anew if its command line holds a password."""
    arguments, words = sys.argv[1:], sys.orig_argv
    if sys.platform == "win32" or not arguments or words[-len(arguments) :] != arguments:
        return  # another program runs this one, and would not survive
    given, shown = hidden_words(words)
    if shown != words:
        os.environ.update({VARIABLE: given} if given else {})
        os.execv(sys.executable, shown)


def hidden_words(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the storage with a secret among words, "" if there is none, and the words without secrets.

    So is an address hidden that stands where none belongs: the error shows what was given.
    """
    given, shown = "", [hide_secrets(word) if "://" in word else word for word in words]
    for at, word in enumerate(words):
        option, equals, address = word.partition("=")
        place = at if equals else at + 1
        if option not in OPTIONS or place == len(words):
            continue
        address = address if equals else words[place]
        hidden = OPTIONS[option](address)
        if hidden != address:
            given = address if option == STORAGE else given
            shown[place] = f"{option}={hidden}" if equals else hidden
    return given, shown


def reveal_password(address: str) -> str:
    """Return the address that a command got, with the password that `***` stands for in it.

    Raises:
        InputError: If that is not known.
    """
    if "***" not in address:
        return address
    password = os.environ.get(VARIABLE, "")
    if hide_secrets(password) != address:
        raise InputError(
            f"--storage {address}: `***` stands for a password that was not kept; give the address with it, "
            f"here or in {VARIABLE}, or without it and the password in PGPASSWORD or ~/.pgpass"
        )
    return password
