"""Times of a busy machine are known for what they are: with real programs in the way."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.processes import popen

from archscape.analysis.costs.latency import Calibration, Contention, calibrate, contention, measure
from archscape.analysis.costs.latency.calibration import Quality
from archscape.analysis.costs.latency.contention import watch_contention
from archscape.analysis.costs.latency.store import load, path_of, save
from archscape.spaces import load_network
from archscape.spaces.errors import InputError

BUSY = Contention(waited=0.31, others=0.48)
IDLE = Contention(waited=0.0, others=0.02)
LARGE = bytes(10**6)
SPIN = "print(flush=True)\nwhile True: pass"


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep every processor busy with another program."""
    others = [
        popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE)
        for _ in range(len(os.sched_getaffinity(0)))
    ]
    try:
        for other in others:
            assert other.stdout is not None
            other.stdout.readline()  # it runs
        yield
    finally:
        for other in others:
            other.kill()
            other.communicate()


def test_other_programs_are_noticed_while_this_one_computes() -> None:
    with busy_machine():
        since, end = watch_contention(), time.process_time() + 0.3
        while time.process_time() < end:
            pass
        found = since()
    assert found.is_busy
    assert "the machine was busy" in found.sentence


def test_a_process_without_a_processor_has_waited() -> None:
    since = watch_contention()
    threading.Event().wait(0.3)
    assert since().waited > 0.5
    on_a_gpu = watch_contention("cuda")
    threading.Event().wait(0.3)
    assert on_a_gpu().waited == 0


def test_its_examples_hold() -> None:
    assert doctest.testmod(contention).failed == 0


@contextmanager
def two_processors() -> Iterator[None]:
    """Let this thread, and whatever it starts, run on two processors at most."""
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(all_of_them)[:2])
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


@pytest.mark.slow
def test_threads_that_are_held_off_have_waited_though_their_times_add_up() -> None:
    found, ended = [], threading.Event()

    def compute() -> None:
        while not ended.is_set() and time.process_time() < end:
            zlib.crc32(LARGE)  # without the lock of Python
        found.append(since())
        ended.set()

    with two_processors(), busy_machine():
        since, end = watch_contention(), time.process_time() + 0.6
        threads = [threading.Thread(target=compute) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found[0].waited > 0.2


@pytest.mark.parametrize(
    ("waited", "others", "is_busy"),
    [(0.0, None, False), (0.01, 0.1, False), (0.1, 0.0, True), (0.0, 0.5, True)],
)
def test_either_share_makes_a_machine_busy(waited: float, others: float | None, is_busy: bool) -> None:
    assert Contention(waited=waited, others=others).is_busy == is_busy


@pytest.mark.slow
def test_a_calibration_of_a_busy_machine_is_not_kept(devices: Path) -> None:
    with ExitStack() as others:

        def begin_before_the_timing(words: str, share: float) -> None:
            if (words, share) == ("making operators", 0.9):
                others.enter_context(busy_machine())

        calibration = calibrate(seconds=0.1, graphs=10, progress=begin_before_the_timing)
    assert calibration.is_disturbed
    with pytest.raises(InputError, match=r"the machine was busy: .* not kept: .*--keep-anyway"):
        save(calibration)
    assert not path_of(calibration.setup).exists()
    save(calibration, anyway=True)
    assert load(calibration.setup) == calibration


def test_what_ran_meanwhile_is_kept_with_a_calibration(calibration: Calibration, devices: Path) -> None:
    save(replace(calibration, contention=IDLE))
    assert load(calibration.setup).contention == IDLE
    with pytest.raises(InputError, match="this process waited 31% of the time, others used 48%"):
        save(replace(calibration, contention=BUSY))
    assert load(calibration.setup).contention == IDLE, "the older one stays"


def test_a_measurement_says_whether_the_machine_was_busy() -> None:
    with busy_machine():
        (measured,) = measure([load_network("lenet5")])
    assert measured.contention is not None
    assert measured.contention.is_busy


@pytest.mark.parametrize(
    ("low", "high", "is_wide"), [(0.78, 1.38, False), (0.77, 4.57, True), (0.4, 1.2, True)]
)
def test_a_wide_interval_is_known(low: float, high: float, is_wide: bool) -> None:
    assert Quality(error=0.1, low=low, high=high).is_wide == is_wide
