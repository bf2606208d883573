"""What quantisation to int8 adds to a network on TensorFlow Lite.

LiteRT's quantizer gives every map one scale. Operators that it does not quantise read and write floats. A
concatenation wants the scale of its output at every input: an operator that is free in its scale takes it, if
nothing else reads its map; between others a `QUANTIZE` is put. Where both scales happen to be the same it
falls away, which the graph alone does not tell: here it is always counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from archscape.spaces.graph import make

from .tflite import Model, Step, Tensor

FLOAT = {"LEAKY_RELU", "RELU6", "RELU_N1_TO_1", "REDUCE_MAX", "SELECT"}
"""Operators that stay float."""
WANT_OUTPUT_SCALE = {"CONCATENATION", "PADV2"}
"""Operators whose inputs have the scale of their output."""
BOUND = {
    *("AVERAGE_POOL_2D", "MAX_POOL_2D", "RESHAPE", "TRANSPOSE", "SLICE", "PAD", "MIRROR_PAD"),
    *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "CONCATENATION", "PADV2"),
    *("SOFTMAX", "TANH", "LOGISTIC"),
}
"""Operators that are not free in the scale of what they write."""


def quantize(model: Model) -> Model:
    """Return the network with what quantisation adds; its tensors stand behind all others."""
    return _Quantizer(model).run()


class _Quantizer:
    """Writes a network anew, with copies of other scales or of floats where they are needed."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.tensors = list(model.tensors)
        self.steps: list[Step] = []
        self.copies: dict[tuple[int, str, int], int] = {}
        self.writers = {step.output: step.code for step in model.steps}
        self.readers: dict[int, int] = {}
        for step in model.steps:
            for tensor in step.inputs:
                self.readers[tensor] = self.readers.get(tensor, 0) + 1
        for tensor in model.outputs:
            self.readers[tensor] = self.readers.get(tensor, 0) + 1

    def run(self) -> Model:
        """Return the network anew; one without operators as it is."""
        if not self.model.steps:
            return self.model
        for step in self.model.steps:
            inputs = self.float_inputs(step) if step.code in FLOAT else self.int8_inputs(step)
            self.steps.append(make(Step, (step.code, step.place, tuple(inputs), *step[3:])))
            if step.code in FLOAT:
                self.tensors[step.output] = self.tensors[step.output]._replace(quantized=False)
        outputs = [self.as_int8(tensor, step) for tensor in self.model.outputs]
        return self.model._replace(tensors=self.tensors, steps=self.steps, outputs=tuple(outputs))

    def float_inputs(self, step: Step) -> Iterator[int]:
        """Return the inputs of an operator that stays float, as floats."""
        for tensor in step.inputs:
            is_int8 = self.tensors[tensor].quantized
            yield self.copy(tensor, "DEQUANTIZE", 0, step) if is_int8 else tensor

    def int8_inputs(self, step: Step) -> list[int]:
        """Return the inputs of an operator, each in the scale that it wants."""
        if step.code not in WANT_OUTPUT_SCALE:
            return [self.as_int8(tensor, step) for tensor in step.inputs]
        wanted = {tensor: self.rescaled(tensor, step) for tensor in sorted(set(step.inputs))}
        return [wanted[tensor] for tensor in step.inputs]

    def as_int8(self, tensor: int, step: Step) -> int:
        """Return a tensor as int8."""
        return tensor if self.tensors[tensor].quantized else self.copy(tensor, "QUANTIZE", 0, step)

    def rescaled(self, tensor: int, step: Step) -> int:
        """Return an input in the scale of the operator's output."""
        is_free = self.writers.get(tensor, "") not in BOUND and tensor in self.writers
        if is_free and self.readers[tensor] == 1 and self.tensors[tensor].quantized:
            return tensor
        return self.copy(tensor, "QUANTIZE", 1 + step.output, step)

    def copy(self, tensor: int, code: str, scale: int, step: Step) -> int:
        """Return a copy of a tensor, made before the first operator that wants it."""
        key = tensor, code, scale
        if key not in self.copies:
            self.copies[key] = copied = len(self.tensors)
            self.tensors.append(Tensor(self.tensors[tensor].elements, code == "QUANTIZE", tensor))
            self.steps.append(Step(code, step.place, (tensor,), copied, (), 4))
        return self.copies[key]
