"""The connection to Ray: a small one of our own on this machine, or a cluster that is there."""

from __future__ import annotations

import logging
import os
import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import TextIO

from archscape.search.shutdown import restoring_signals
from archscape.search.workers.log_files import open_log
from archscape.spaces.errors import InputError, StudyError

from .answering import check_answers
from .watched import watched

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
def connected(address: str, log: Path) -> Iterator[Path]:
    """Be connected to Ray for the length of the block; a connection that this process has is used and kept.

    A folder for temporary files is yielded. It goes with the block, and so does all of our own Ray, also if
    this process is killed.

    Args:
        address: `HOST:PORT` of a cluster's head or `auto`; "" for a Ray of our own, ended with the block.
        log: File for the output of Ray.

    Raises:
        InputError: If there is no such cluster, or it does not know us.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    given = ray.is_initialized()
    with (
        watched() as driver,
        os.fdopen(open_log(log), "a", buffering=1) as file,
        redirect_stdout(file),
    ):
        if not given:
            with restoring_signals(signal.SIGINT, signal.SIGTERM):
                _connect(address) if address else _start(driver.folder)
        try:
            own = not given and not address
            with _logging_to(file), driver.following(_dead_processes) if own else nullcontext():
                yield driver.folder
        finally:
            if not given:
                ray.shutdown()


def _connect(address: str) -> None:
    """Connect to a cluster that is there.

    Raises:
        InputError: If it is not, or does not know us.
    """
    import ray
    from ray.exceptions import AuthenticationError

    check_answers(address)  # which takes none with a password or a token in it: it can be shown from here on
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (AuthenticationError, ConnectionError) as error:
        raise InputError(
            f"--ray-address {address}: Ray does not answer; is it the address of its head, and is the token "
            "here the cluster's? RAY_AUTH_TOKEN_PATH names the file with it, by default ~/.ray/auth_token, "
            f"the same on all nodes ({_first_line(error)})"
        ) from None
    except ValueError as error:
        raise InputError(f"--ray-address {address}: {_first_line(error)}") from None
    except (RuntimeError, TimeoutError) as error:
        raise StudyError(f"--ray-address {address}: no connection: {_first_line(error)}") from None


def _start(folder: Path) -> None:
    """Start a Ray of our own, which only this machine reaches.

    Raises:
        StudyError: If it does not start.
    """
    import ray

    if not os.environ.keys() & {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}:
        os.environ["RAY_AUTH_TOKEN"] = uuid.uuid4().hex  # known to our own processes alone
    try:
        with _on_loopback():
            ray.init(
                address="local",
                include_dashboard=False,
                object_store_memory=STORE_BYTES,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=str(folder),
            )
    except (OSError, RuntimeError, TimeoutError, ValueError) as error:
        raise StudyError(f"Ray does not start: {_first_line(error)}") from None


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Let a Ray that starts meanwhile listen on 127.0.0.1 alone.

    That is what Ray does on macOS and Windows, where it makes no clusters; elsewhere it takes no such address
    from a caller.
    """
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _dead_processes() -> Sequence[tuple[str, object]]:
    """Return the processes of our own Ray that have died, each with its name."""
    from ray._private import worker

    return worker._global_node.dead_processes() if worker._global_node else ()


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
