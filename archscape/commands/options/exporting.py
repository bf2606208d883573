"""How a network is exported, as options of a command."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

OpsetOption: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Of onnx: the version of ONNX's operators. [default: 20]", show_default=False),
]
SoftmaxOption: TypeAlias = Annotated[
    bool, typer.Option("--softmax", help="Of pt2 and onnx: give probabilities in place of logits.")
]
RawOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-preprocessing",
        help="Of pt2 and onnx: take standardised samples, not those of the data set.",
    ),
]
