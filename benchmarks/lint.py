"""Lint against the number of rows, in one process, interleaved, medians.

Claim: `lint` takes time linear in the rows of a network, and none that grows with kernels, rates or extents.

Command: `python benchmarks/lint.py` (writes benchmarks/results/lint-DATE.md)

What is timed: the design rules alone, on networks that are lowered already. `gates` is a chain of residual
blocks with squeeze-and-excitation (a global pooling each), `dilated` a chain of dilated convolutions at one
resolution. The peer is the shortest chain of its kind: microseconds for each operator beside its own.
"""

from __future__ import annotations

from statistics import median
from timeit import timeit

from results import write_results

from archscape.analysis.lint import lint
from archscape.spaces import Network

REPEATS = 5
LENGTHS = (100, 400, 1600)
KINDS = {
    "gates": ("3x64x64", "basic: {{width: 8, se: 1/4, depth: {}}}"),
    "dilated": ("8x65536", "conv: {{width: 8, dilation: 2, depth: {}}}"),
}
WIDE = {
    "kernel 3, rate 1, 64 elements": "1x64, conv: {width: 2}",
    "kernel 9,999, rate 1, 65,536 elements": "1x65536, conv: {width: 2, kernel: 9999}",
    "kernel 3, rate 30,000, 65,536 elements": "1x65536, conv: {width: 2, dilation: 30000}",
    "kernel 999,999, rate 1, 65,536 elements": "1x65536, conv: {width: 2, kernel: 999999}",
}


def network(shape: str, *rows: str) -> Network:
    return Network.from_yaml(f"network: n\ninput: {shape}\nlayers: [{', '.join(rows)}]")


def chain(kind: str, length: int) -> Network:
    shape, row = KINDS[kind]
    rows = [row.format(min(1000, length - done)) for done in range(0, length, 1000)]
    return network(shape, "conv: {width: 8}", *rows)


def medians(networks: dict[tuple[str, object], Network]) -> dict[tuple[str, object], float]:
    times: dict[tuple[str, object], list[float]] = {key: [] for key in networks}
    for _ in range(REPEATS):
        for key, net in networks.items():
            times[key].append(timeit(lambda net=net: lint(net), number=1))
    return {key: median(values) for key, values in times.items()}


def main() -> None:
    networks: dict[tuple[str, object], Network] = {
        (kind, length): chain(kind, length) for kind in KINDS for length in LENGTHS
    }
    networks |= {("wide", what): network(*row.split(", ", 1)) for what, row in WIDE.items()}
    seconds = medians(networks)
    lines = [
        "| chain | blocks | operators | ms | us an operator | against the shortest |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for kind in KINDS:
        first = None
        for length in LENGTHS:
            count = len(networks[kind, length].graph.flatten().nodes)
            each = seconds[kind, length] / count
            first = first or each
            lines.append(
                f"| {kind} | {length:,} | {count:,} | {1e3 * seconds[kind, length]:.1f} | {1e6 * each:.1f} "
                f"| {each / first:.2f} |"
            )
    lines += ["", "| one convolution | ms |", "|:--|--:|"]
    lines += [f"| {what} | {1e3 * seconds['wide', what]:.2f} |" for what in WIDE]
    write_results("lint", __doc__ or "", lines)


if __name__ == "__main__":
    main()
