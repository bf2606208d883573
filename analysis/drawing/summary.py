"""Summaries: what a figure shows, in a sentence, for those who cannot see it."""

from __future__ import annotations

from collections import Counter

from archscape.spaces import Network, Space
from archscape.spaces.graph import Op

from .labels import label_of

NOUNS = {
    "conv": ("convolution", "convolutions"),
    "depthwise": ("depthwise or grouped convolution", "depthwise or grouped convolutions"),
    "pool": ("pooling", "poolings"),
    "resize": ("upsampling", "upsamplings"),
    "attention": ("attention", "attentions"),
    "join": ("join", "joins"),
    "linear": ("fully connected layer", "fully connected layers"),
}
"""One and several of each kind that is counted."""
FEW = 6
"""So many choices are named."""


def summary_of(network: Network) -> str:
    """Return what a network reads and is made of.

    >>> from archscape.spaces import load_network
    >>> summary_of(load_network("lenet5"))
    'It reads 1x32x32; 2 convolutions, 2 poolings, 3 fully connected layers; 61,706 parameters.'
    """
    kinds = Counter(
        label_of(node.op).kind for node in network.graph.flatten().nodes if isinstance(node.op, Op)
    )
    counts = [f"{kinds[kind]} {nouns[kinds[kind] > 1]}" for kind, nouns in NOUNS.items() if kinds[kind]]
    layers = f"{', '.join(counts)}; " if counts else ""
    return f"It reads {network.input_text}; {layers}{network.totals.params:,} parameters."


def summary_of_space(space: Space) -> str:
    """Return what networks of a space read, and what is chosen.

    >>> summary_of_space(Space.load("retina-vvs"))
    'A space of networks that read 1x32x32; 2 choices: nerve.width, vvs.depth.'
    """
    paths = [*space.paths]
    noun = "choice" if len(paths) == 1 else "choices"
    named = ", ".join(paths[:FEW]) + (", and others" if len(paths) > FEW else "")
    return f"A space of networks that read {space.input_text}; {len(paths)} {noun}: {named}."
