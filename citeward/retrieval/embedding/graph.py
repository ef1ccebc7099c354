"""A faster graph from the shipped weights.

The shipped graph is an exporter's output: it widens its 8-bit weights to floats and multiplies in float32, spells
attention and GELU out in small steps and carries a padding mask. This one is the same network written by hand for
ONNX Runtime's CPU kernels:

- The shipped 8-bit weights, each column with its own scale, are multiplied as they are (`DynamicQuantizeMatMul`):
  only the activations are quantized, on the fly, so nothing is lost on the weights a second time.
- Attention is one `MultiHeadAttention`, GELU one `Gelu` (the exact one, with erf).
- There is no mask: a text runs alone, so there is no padding (see `session`).

Input `input_ids` int64[1, tokens], output `last_hidden_state` float32[1, tokens, 384].

Architecture: Vaswani et al. 2017 as in BERT (Devlin et al. 2019); weights: MiniLM (Wang et al. 2020) trained for
sentence similarity (Reimers and Gurevych 2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

LAYERS = 6
HEADS = 12
WIDTH = 384
"""Numbers in a vector."""
EPSILON = 1e-12
CONTRIB = "com.microsoft"
"""ONNX Runtime's own operators, part of every build of it."""

UNSIGNED_ZERO = 128
"""What stands for 0 among unsigned weights."""

Array = npt.NDArray[Any]


class Weights:
    """The shipped weights, by the names that the exporter kept: biases have theirs, matrices only a number."""

    def __init__(self, model: onnx.ModelProto) -> None:
        from onnx import numpy_helper

        self._arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._makers = {output: node for node in model.graph.node for output in node.output}
        self._adds = [node for node in model.graph.node if node.op_type == "Add"]

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def quantized(self, name: str) -> tuple[Array, Array]:
        """An 8-bit matrix int8[rows, columns] and the scale of each column or row."""
        return self._arrays[f"{name}_q"], self._arrays[f"{name}_scale"]

    def linear(self, layer: str) -> tuple[Array, Array, Array]:
        """Matrix, scales and bias of a linear layer; the matrix is the one that the bias is added to."""
        bias = f"{layer}.bias"
        product = next(other for node in self._adds if bias in node.input for other in node.input if other != bias)
        matrix, scale = self.quantized(self._makers[product].input[1])
        return matrix, scale.reshape(-1), self._arrays[bias]


class Drawing:
    """Nodes and constants of a graph as it grows; every method returns the name of what it added."""

    def __init__(self, *, unsigned: bool) -> None:
        self._unsigned = unsigned
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        """A tensor that is part of the model."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        """One operator with one output."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def linear(self, inputs: str, weights: tuple[Array, Array, Array], output: str) -> str:
        """`inputs @ matrix + bias` with 8-bit products."""
        matrix, scale, bias = weights
        zero = ""  # no name: 0
        if self._unsigned:
            matrix = (matrix.astype(np.int16) + UNSIGNED_ZERO).astype(np.uint8)
            zero = self.constant(f"{output}.zero", np.full(scale.shape, UNSIGNED_ZERO, np.uint8))
        operands = [
            inputs,
            self.constant(f"{output}.matrix", matrix),
            self.constant(f"{output}.scale", scale),
            zero,
            self.constant(f"{output}.bias", bias),
        ]
        return self.node("DynamicQuantizeMatMul", operands, output, domain=CONTRIB)

    def norm(self, inputs: str, gain: Array, bias: Array, output: str) -> str:
        """Layer normalization over the last axis."""
        operands = [inputs, self.constant(f"{output}.gain", gain), self.constant(f"{output}.bias", bias)]
        return self.node("LayerNormalization", operands, output, axis=-1, epsilon=EPSILON)


def rewrite(shipped: bytes, *, unsigned: bool = False) -> bytes:
    """The faster graph, serialized; the same bytes for the same input and version of onnx.

    Args:
        shipped: The content of `files.MODEL`; the names in it are relied upon, which its sha256 makes safe.
        unsigned: Store the same weights as unsigned bytes. Processors without VNNI multiply signed ones a little faster
            but let large sums saturate; unsigned ones are exact everywhere.
    """
    import onnx
    from onnx import TensorProto, helper

    weights = Weights(onnx.load_model_from_string(shipped))
    drawing = Drawing(unsigned=unsigned)
    state = _embeddings(drawing, weights)
    for layer in range(LAYERS):
        output = "last_hidden_state" if layer == LAYERS - 1 else f"layer.{layer}"
        state = _layer(drawing, weights, f"inner.encoder.layer.{layer}", state, output)
    graph = helper.make_graph(
        drawing.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info(state, TensorProto.FLOAT, [1, "tokens", WIDTH])],
        drawing.constants,
    )
    # Opset 20 brought Gelu, and IR version 9 goes with it: both are read by every ONNX Runtime from 1.17 on.
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)], ir_version=9
    )
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _embeddings(drawing: Drawing, weights: Weights) -> str:
    """Word + position + segment, normalized. The segment is always the first: one text, no pairs."""
    from onnx import TensorProto

    prefix = "inner.embeddings"
    words, word_scale = weights.quantized(f"{prefix}.word_embeddings.weight")
    positions, position_scale = weights.quantized(f"{prefix}.position_embeddings.weight")
    segment = weights[f"{prefix}.token_type_embeddings.weight"][0]

    # The table stays 8-bit in memory: only the rows looked up are widened.
    rows = drawing.node("Gather", [drawing.constant("words", words), "input_ids"], "word.rows")
    wide = drawing.node("Cast", [rows], "word.wide", to=TensorProto.FLOAT)
    scale = drawing.constant("words.scale", word_scale)
    if word_scale.shape[0] == words.shape[0]:
        scale = drawing.node("Gather", [scale, "input_ids"], "word.scale")
    word = drawing.node("Mul", [wide, scale], "word")

    table = drawing.constant("positions", positions.astype(np.float32) * position_scale + segment)
    zero = drawing.constant("zero", np.array([0], np.int64))
    length = drawing.node("Shape", ["input_ids"], "length", start=1, end=2)
    position = drawing.node("Slice", [table, zero, length, zero], "position")

    total = drawing.node("Add", [word, position], "embedded")
    return drawing.norm(total, weights[f"{prefix}.LayerNorm.weight"], weights[f"{prefix}.LayerNorm.bias"], "layer.in")


def _layer(drawing: Drawing, weights: Weights, prefix: str, inputs: str, output: str) -> str:
    """One transformer layer: attention and a feed-forward network, each added to its input and normalized."""

    def linear(source: str, part: str) -> str:
        return drawing.linear(source, weights.linear(f"{prefix}.{part}"), f"{prefix}.{part}")

    def norm(source: str, beside: str, part: str, name: str) -> str:
        total = drawing.node("Add", [source, beside], f"{name}.sum")
        gain, bias = weights[f"{prefix}.{part}.weight"], weights[f"{prefix}.{part}.bias"]
        return drawing.norm(total, gain, bias, name)

    parts = [linear(inputs, f"attention.self.{part}") for part in ("query", "key", "value")]
    mixed = drawing.node("MultiHeadAttention", parts, f"{prefix}.mixed", domain=CONTRIB, num_heads=HEADS)
    attended = norm(linear(mixed, "attention.output.dense"), inputs, "attention.output.LayerNorm", f"{prefix}.attended")
    hidden = drawing.node("Gelu", [linear(attended, "intermediate.dense")], f"{prefix}.hidden")
    return norm(linear(hidden, "output.dense"), attended, "output.LayerNorm", output)
