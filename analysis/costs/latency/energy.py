"""Energy meters: what the machine's own say, where it has them and lets this user read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

RAPL = Path("/sys/class/powercap")
_MICRO, _MILLI = 1e-6, 1e-3


class Meter(Protocol):
    """Counts the energy of a device.

    Attributes:
        name: What counts it.
    """

    name: str

    def joules(self) -> float:
        """Return the count."""

    def since(self, before: float) -> float:
        """Return the joules since a count, which may have begun anew once."""


class Rapl:
    """Intel's and AMD's running average power limit: the packages of all processors, which are alike.

    It counts all that the processors do, other programs included. What counts the whole board is left out.

    Attributes:
        name: What counts it.
    """

    name = "RAPL, whole processor"

    def __init__(self, zones: list[Path]) -> None:
        self._counters = [zone / "energy_uj" for zone in zones]
        self._range = float((zones[0] / "max_energy_range_uj").read_text()) * _MICRO
        self.joules()

    def joules(self) -> float:
        """Return the count."""
        return sum([float(counter.read_text()) for counter in self._counters]) * _MICRO

    def since(self, before: float) -> float:
        """Return the joules since a count, which may have begun anew once."""
        return (self.joules() - before) % self._range


class Nvml:
    """NVIDIA's management library: the whole first GPU, since its driver was loaded.

    Attributes:
        name: What counts it.
    """

    name = "NVML, whole GPU"

    def __init__(self, library: Any) -> None:
        self._library = library
        library.nvmlInit()
        self._handle = library.nvmlDeviceGetHandleByIndex(0)
        self.joules()

    def joules(self) -> float:
        """Return the count."""
        return float(self._library.nvmlDeviceGetTotalEnergyConsumption(self._handle)) * _MILLI

    def since(self, before: float) -> float:
        """Return the joules since a count."""
        return self.joules() - before


def meter_of(device: str, *, rapl: Path = RAPL) -> Meter | None:
    """Return the meter of a device; None where there is none that can be read.

    NVML is read through `pynvml`, where that is installed.
    """
    if device == "cuda":
        return _nvml()
    try:
        zones = sorted(zone for zone in rapl.glob("*-rapl:*") if _is_package(zone))
        return Rapl(zones) if zones else None
    except (OSError, ValueError):  # counters are often for the administrator alone
        return None


def _is_package(zone: Path) -> bool:
    """Return whether a zone is a processor, not a part of one, nor the board (`psys`) that holds them."""
    return zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package")


def _nvml() -> Meter | None:
    try:
        import pynvml  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    try:
        return Nvml(pynvml)
    except pynvml.NVMLError:
        return None
