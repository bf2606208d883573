"""Surroundings in which PyTorch's exporters work: they print nothing, and no garbage is collected."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("torch.onnx", "onnxscript", "onnx_ir")


@contextmanager
def quiet_export(*more: str) -> Iterator[None]:
    """Silence what exporters say of their own insides, which no user can mend.

    Args:
        more: Further loggers, of one exporter.
    """
    loggers = [logging.getLogger(name) for name in (*LOGGERS, *more)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), collector_paused():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Collect no garbage meanwhile: it would take a sixth of the time of an export.

    Its imports and its traces make a million objects that stay, which the collector walks through again and
    again.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
