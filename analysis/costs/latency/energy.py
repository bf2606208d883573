"""Energy meters: what the machine's own say, where it has them and lets this user read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

RAPL = Path("/sys/class/powercap")
_MICRO, _MILLI = 1e-6, 1e-3


class Meter:
    """Counts the energy of a device.

    Attributes:
        name: What counts it.
        joules: Returns the count.

    Args:
        span: The count at which it begins anew.

    Raises:
        OSError: If it cannot be read.
    """

    def __init__(self, name: str, joules: Callable[[], float], *, span: float = float("inf")) -> None:
        self.name, self.joules, self._span = name, joules, span
        joules()

    def since(self, before: float) -> float:
        """Return the joules since a count, which may have begun anew once."""
        return (self.joules() - before) % self._span


def meter_of(device: str, *, rapl: Path = RAPL) -> Meter | None:
    """Return the meter of a device; None where there is none that can be read.

    NVML is read through `pynvml`, where that is installed.
    """
    if device == "cuda":
        return _nvml()
    try:
        zones = sorted(zone for zone in rapl.glob("*-rapl:*") if _is_package(zone))
        return _rapl(zones) if zones else None
    except (OSError, ValueError):  # counters are often for the administrator alone
        return None


def _is_package(zone: Path) -> bool:
    """Return whether a zone is a processor, not a part of one, nor the board (`psys`) that holds them."""
    return zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package")


def _rapl(zones: list[Path]) -> Meter:
    """Return Intel's and AMD's running average power limit: the packages of all processors, which are alike.

    It counts all that the processors do, other programs included. What counts the whole board is left out.
    """
    counters = [zone / "energy_uj" for zone in zones]
    span = float((zones[0] / "max_energy_range_uj").read_text()) * _MICRO
    return Meter(
        "RAPL, whole processor",
        lambda: sum([float(counter.read_text()) for counter in counters]) * _MICRO,
        span=span,
    )


def _nvml() -> Meter | None:
    """Return NVIDIA's management library: the whole first GPU, since its driver was loaded."""
    try:
        import pynvml  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
        return Meter(
            "NVML, whole GPU", lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu)) * _MILLI
        )
    except pynvml.NVMLError:
        return None
