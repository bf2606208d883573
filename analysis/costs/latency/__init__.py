"""Latency: measured on this machine, and predicted from the graph by a calibration of the device.

`calibrate()` times generic operators for about a minute, and `store.save` keeps what it finds. From then on
`predict(network)` tells the latency of any network, with an interval. `measure([network])` runs the network.
"""

from __future__ import annotations

from .calibrating import calibrate
from .calibration import Calibration
from .device_setup import DeviceSetup, this_machine
from .measuring import Measurement, measure
from .prediction import Latency, Predictor, predict

__all__ = [
    "Calibration",
    "DeviceSetup",
    "Latency",
    "Measurement",
    "Predictor",
    "calibrate",
    "measure",
    "predict",
    "this_machine",
]
