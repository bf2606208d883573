"""A summary of a calibrated device, in the units of data sheets."""

from __future__ import annotations

from statistics import median

from archscape.spaces import Network, Row

from .calibration import Calibration
from .prediction import Predictor


def device_summary(calibration: Calibration) -> dict[str, float]:
    """Return figures by name, the unit in each: what it takes for layers that a device is good at."""
    convolution = Row("conv", width=256, kernel=3, norm=None, act=None, bias=False)
    computes = Network(name="computes", input=(256, 28, 28), layers=(convolution,))
    reads = Network(name="reads", input=(8192, 1), layers=(Row("linear", width=8192, bias=False),))
    predictor, setup = Predictor(calibration), calibration.setup
    macs = setup.batch * computes.totals.macs / predictor.seconds(computes)
    read = setup.item * reads.totals.params / predictor.seconds(reads)
    call = median(rates.seconds[0] for rates in calibration.rates.values())
    return {
        "3x3 convolution of 256 maps of 28x28, GMAC/s": macs / 1e9,
        "weights of a linear layer read from memory, GB/s": read / 1e9,
        "call of an operator, median of the classes, us": call * 1e6,
        "operators timed": calibration.operators,
        "chains that PyTorch cannot run in this setting": calibration.left_out,
        "classes of operators": len(calibration.rates),
        "error on chains left out, median, %": 100 * calibration.quality.error,
        "interval begins, %": 100 * (calibration.quality.low - 1),
        "interval ends, %": 100 * (calibration.quality.high - 1),
    }
