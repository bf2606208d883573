"""The blocks: every word a row can use. A new one is a function in a file here, and its name in `BLOCKS`."""

from __future__ import annotations

from typing import Any

from .attention import attention, non_local
from .block import Block, Parameter, block, repeat, trace
from .chain import avgpool, conv, dropout, factorised, linear, lrn, maxpool, norm, separable
from .convolutions import deform, masked, upconv
from .dense import dense, transition
from .gates import context, highway, se
from .identity import flatten, identity, reshape, shortcut, zero
from .inception import inception
from .inverted import inverted
from .joins import add, concat, multiply
from .joins import residual as residual_rows
from .mlpconv import mlpconv
from .pointwise import act, droppath, gdn, igdn, reparameterise, scale
from .residual import basic, bottleneck, plain
from .resize import crop, pad, pixelshuffle, resize, shift, unpool, upsample
from .shuffle import shuffle, shufflev1, shufflev2, split
from .wavenet import wavenet

BLOCKS: dict[str, Block[Any]] = {
    word.word: word
    for word in (
        act,
        add,
        attention,
        avgpool,
        basic,
        bottleneck,
        concat,
        context,
        conv,
        crop,
        deform,
        dense,
        dropout,
        droppath,
        factorised,
        flatten,
        gdn,
        highway,
        identity,
        igdn,
        inception,
        inverted,
        linear,
        lrn,
        masked,
        maxpool,
        mlpconv,
        multiply,
        non_local,
        norm,
        pad,
        pixelshuffle,
        plain,
        reparameterise,
        reshape,
        residual_rows,
        resize,
        scale,
        se,
        separable,
        shift,
        shortcut,
        shuffle,
        shufflev1,
        shufflev2,
        split,
        transition,
        unpool,
        upconv,
        upsample,
        wavenet,
        zero,
    )
}
"""The words of the language by name; the contract tests walk them."""

__all__ = ["BLOCKS", "Block", "Parameter", "block", "repeat", "trace"]
