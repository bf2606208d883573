"""The setup of a device: its name, its software, and how a network runs on it; a latency is of one setup."""

from __future__ import annotations

import platform
import re
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from archscape.spaces.errors import InputError, suggest

ITEMS = {"float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of an element of each type that a network may run in."""
DEVICES = ("cpu", "cuda")
LAYOUT = "channels_last"
"""How maps and weights of two and three axes lie in memory: as they do in training."""
_CPU = Path("/proc/cpuinfo")


@dataclass(frozen=True, kw_only=True)
class DeviceSetup:
    """Where and how a network runs.

    Attributes:
        device: `cpu` or `cuda`.
        threads: CPU threads of PyTorch.
        batch: Inputs at once.
        dtype: Type of weights and maps.
        name: The processor's or GPU's own name.
        torch: Version of PyTorch.

    Raises:
        InputError: If one is out of its range.
    """

    device: str = "cpu"
    threads: int = 1
    batch: int = 1
    dtype: str = "float32"
    name: str
    torch: str

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise InputError(f"device: it is cpu or cuda, but got '{self.device}'")
        if self.dtype not in ITEMS:
            raise InputError(f"dtype: no type '{self.dtype}'{suggest(self.dtype, ITEMS)}")
        for name, most in (("threads", 1024), ("batch", 65536)):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise InputError(f"{name}: a whole number from 1 to {most:,}, but got {value}")

    @property
    def item(self) -> int:
        """Bytes of an element."""
        return ITEMS[self.dtype]

    @property
    def description(self) -> str:
        """The setup to read: `AMD EPYC, 1 thread, batch 1, float32, torch 2.13.0+cpu`."""
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}, " if self.device == "cpu" else ""
        return f"{self.name}, {threads}batch {self.batch}, {self.dtype}, torch {self.torch}"

    @property
    def slug(self) -> str:
        """The setup as the name of a file."""
        parts = (self.name, self.device, f"t{self.threads}", f"b{self.batch}", self.dtype, self.torch)
        return re.sub(r"[^a-z0-9.]+", "-", "-".join(parts).lower()).strip("-")

    def command(self) -> str:
        """Return the command that calibrates it."""
        standard = {"device": "cpu", "threads": 1, "batch": 1, "dtype": "float32"}
        values = asdict(self)
        options = [f" --{key} {values[key]}" for key, value in standard.items() if values[key] != value]
        return f"archscape calibrate{''.join(options)}"


def this_machine(
    *, device: str = "cpu", threads: int = 1, batch: int = 1, dtype: str = "float32"
) -> DeviceSetup:
    """Return a setup of this machine and its PyTorch.

    Raises:
        InputError: If one of its parts is out of range, or there is no such device.
    """
    name = _gpu_name() if device == "cuda" else cpu_name()
    return DeviceSetup(
        device=device, threads=threads, batch=batch, dtype=dtype, name=name, torch=version("torch")
    )


def cpu_name() -> str:
    """Return the processor's name; PyTorch is not loaded for it."""
    lines = _CPU.read_text(encoding="utf-8").splitlines() if _CPU.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


def _gpu_name() -> str:
    import torch

    if not torch.cuda.is_available():
        raise InputError("device: this machine has no CUDA device that PyTorch can use; give --device cpu")
    return str(torch.cuda.get_device_name())
