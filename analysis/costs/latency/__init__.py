"""Latency: measured on this machine, and predicted from the graph by what a device was found to take.

`calibrate()` times generic operators for about a minute, and `store.save` keeps what it finds. From then on
`predict(network)` tells the latency of any network, with an interval. `measure([network])` runs the network.
"""

from __future__ import annotations

from .calibrating import calibrate
from .calibration import Calibration
from .device_setup import Setting, this_machine
from .measuring import Measurement, measure
from .prediction import Latency, Predictor, predict

__all__ = [
    "Calibration",
    "Latency",
    "Measurement",
    "Predictor",
    "Setting",
    "calibrate",
    "measure",
    "predict",
    "this_machine",
]
