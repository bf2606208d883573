"""Counts of fvcore in the trace of a module: operations beside the products, and activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from archscape.spaces.operators.opaque import PRODUCTS

WEIGHTED = ("conv", "linear", "addmm")
"""What fvcore calls the operators whose outputs are activations."""


class Traced(NamedTuple):
    """What fvcore counts; each mapping is by the name of a module, of its own operations alone.

    Attributes:
        macs: Products of the whole module; None where it could not be traced.
        failed: Why it could not.
        other: Norms, resizing, 2-D global average pooling.
        activations: Elements that convolutions and linear layers write.
        unsupported: Operations that it cannot count, with how often each stands.
    """

    macs: int | None
    failed: str
    other: Counter[str]
    activations: Counter[str]
    unsupported: dict[str, Counter[str]]


def trace(module: nn.Module, inputs: tuple[Tensor, ...]) -> Traced:
    """Trace a module; that it cannot be traced is told, not raised."""
    from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

    flops = FlopCountAnalysis(module, inputs).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    written = ActivationCountAnalysis(module, inputs).unsupported_ops_warnings(False)
    try:
        counts = exclusive(flops.by_module_and_operator())
        activations = exclusive(written.uncalled_modules_warnings(False).by_module_and_operator())
        unsupported = exclusive({name: flops.unsupported_ops(name) for name in counts})
    except Exception as error:
        # fvcore stands on PyTorch's tracer, which cannot follow every module: the macs do not need it.
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Traced(None, text[:200], Counter(), Counter(), {})
    products = _sums(counts, PRODUCTS)
    everything = Counter({name: int(sum(counter.values())) for name, counter in counts.items()})
    everything.subtract(products)
    return Traced(products.total(), "", everything, _sums(activations, WEIGHTED), unsupported)


def exclusive(counts: Mapping[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Return what each module counts without what its parts count.

    >>> exclusive({"": Counter(conv=7), "a": Counter(conv=7), "a.b": Counter(conv=4)})
    {'': Counter(), 'a': Counter({'conv': 3}), 'a.b': Counter({'conv': 4})}
    """
    result = {name: Counter(counter) for name, counter in counts.items()}
    for name, counter in counts.items():
        if name:
            result[name.rpartition(".")[0]] -= counter
    return result


def _sums(counts: Mapping[str, Counter[str]], words: Container[str]) -> Counter[str]:
    return Counter(
        {
            name: sum([int(n) for word, n in counter.items() if word in words])
            for name, counter in counts.items()
        }
    )
