"""The connection to Ray: a small one of our own on this machine, or a cluster that is there."""

from __future__ import annotations

import logging
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

from archscape.search.shutdown import restoring_signals
from archscape.spaces.errors import InputError, StudyError

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
}
"""Ray's settings, where the user has not set them: nothing is reported to its makers or on the terminal,
signals and records are left to us."""

STORE_BYTES = 128 << 20
"""Memory of our own Ray for objects; updates of actors are small."""


@contextmanager
def connected(address: str, log: Path) -> Iterator[None]:
    """Be connected to Ray for the length of the block; a connection that this process has is used and kept.

    Args:
        address: `HOST:PORT` of a cluster's head or `auto`; "" for a Ray of our own, ended with the block.
        log: File for the output of Ray.

    Raises:
        InputError: If there is no such cluster, or it does not know us.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    own = not ray.is_initialized()
    with log.open("a", buffering=1) as file, redirect_stdout(file):
        if own:
            with restoring_signals(signal.SIGINT, signal.SIGTERM):
                _connect(address)
        try:
            with _logging_to(file):
                yield
        finally:
            if own:
                ray.shutdown()


def _connect(address: str) -> None:
    import ray
    from ray.exceptions import AuthenticationError

    if "://" in address:
        raise InputError(
            f"--ray-address {address}: a search runs on a node of the cluster, with `auto` or HOST:PORT; "
            "`ray submit`, `ray job submit` and `ray exec` start it there"
        )
    try:
        if not address and not os.environ.keys() & {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}:
            os.environ["RAY_AUTH_TOKEN"] = uuid.uuid4().hex  # known to our own processes alone
        ray.init(
            address=address or "local",
            include_dashboard=None if address else False,
            object_store_memory=None if address else STORE_BYTES,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (AuthenticationError, ConnectionError) as error:
        raise InputError(
            f"--ray-address {address}: Ray does not answer; is it the address of its head, and is the token "
            "here the cluster's? RAY_AUTH_TOKEN_PATH names the file with it, by default ~/.ray/auth_token, "
            f"the same on all nodes ({_first_line(error)})"
        ) from None
    except ValueError as error:
        raise InputError(f"--ray-address {address}: {_first_line(error)}") from None
    except (RuntimeError, TimeoutError) as error:
        raise StudyError(f"Ray does not start: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


@contextmanager
def _logging_to(file: TextIO) -> Iterator[None]:
    """Send the records of Ray's loggers to a file."""
    handler = logging.StreamHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("ray")
    before, spread = list(logger.handlers), logger.propagate
    logger.handlers, logger.propagate = [handler], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before, spread
