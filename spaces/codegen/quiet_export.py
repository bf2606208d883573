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
    """Silence what exporters say of their own insides, which no user can mend, and pause the collector.

    It would walk through all that torch has imported again and again, in a fifth of the time.

    Args:
        more: Further loggers, of one exporter.
    """
    loggers = [logging.getLogger(name) for name in (*LOGGERS, *more)]
    levels, collects = [logger.level for logger in loggers], gc.isenabled()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if collects:
            gc.enable()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
