"""Latency: measured on this machine, and predicted from the graph by a calibration of the device.

`calibrate()` times generic operators for about a minute, and `store.save` keeps what it finds. From then on
`predict(network)` tells the latency of any network, with an interval. `measure([network])` runs the network.
"""

from __future__ import annotations

from .calibrating import calibrate as calibrate
from .calibration import Calibration as Calibration
from .contention import Contention as Contention
from .device_setup import DeviceSetup as DeviceSetup
from .device_setup import this_machine as this_machine
from .measuring import Measurement as Measurement
from .measuring import measure as measure
from .prediction import Latency as Latency
from .prediction import Predictor as Predictor
from .prediction import predict as predict
