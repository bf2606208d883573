"""Boards of small devices: the memory that a network may have there.

All of it, as the datasheets have it: the program, its stack and what else it holds take their part, so that a
limit of one's own below is often wise. Memory that is not one piece counts by its largest piece, as an arena
is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_KIB, _MIB = 2**10, 2**20


class Board(NamedTuple):
    """A board.

    Attributes:
        title: Its name, and its chip.
        sram: Bytes of working memory.
        flash: Bytes of the memory that programs and weights stand in.
        source: The datasheet that says so.
    """

    title: str
    sram: int
    flash: int
    source: str


BOARDS: Mapping[str, Board] = {
    "nano33ble": Board(
        "Arduino Nano 33 BLE Sense, nRF52840",
        256 * _KIB,
        _MIB,
        "Nordic nRF52840 Product Specification, memory",
    ),
    "sparkfun-edge": Board(
        "SparkFun Edge, Apollo3 Blue",
        384 * _KIB,
        _MIB,
        "Ambiq Apollo3 Blue MCU datasheet",
    ),
    "f412": Board(
        "NUCLEO-F412ZG, STM32F412ZG",
        256 * _KIB,
        _MIB,
        "ST DS11139",
    ),
    "f746": Board(
        "STM32F746G-DISCO, STM32F746NG",
        320 * _KIB,
        _MIB,
        "ST DS10916: 320 KB with 64 KB of DTCM, without 16 KB of ITCM",
    ),
    "h743": Board(
        "NUCLEO-H743ZI2, STM32H743ZI",
        512 * _KIB,
        2 * _MIB,
        "ST DS12110: 1 MB in pieces, the largest (AXI SRAM) of 512 KB",
    ),
    "pico": Board(
        "Raspberry Pi Pico, RP2040",
        264 * _KIB,
        2 * _MIB,
        "RP2040 datasheet, 264 kB in six banks; Raspberry Pi Pico datasheet, 2 MB beside the chip",
    ),
    "pico2": Board(
        "Raspberry Pi Pico 2, RP2350",
        520 * _KIB,
        4 * _MIB,
        "RP2350 datasheet, 520 kB in ten banks; Raspberry Pi Pico 2 datasheet, 4 MB beside the chip",
    ),
    "esp32s3": Board(
        "ESP32-S3-DevKitC-1-N8, ESP32-S3",
        416 * _KIB,
        8 * _MIB,
        "ESP32-S3 Technical Reference Manual: 512 KB in pieces, the largest (SRAM 1) of 416 KB; "
        "ESP32-S3-WROOM-1 datasheet, 8 MB beside the chip",
    ),
}
"""Boards by name."""
