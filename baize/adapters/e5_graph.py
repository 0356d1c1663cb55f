"""multilingual-e5-small as an ONNX graph: 4-bit embedding table, 8-bit products, 32-bit everything else.

Built once by `e5_store` from `e5_weights`, run by `embed_e5_onnx`. It is BERT: positions from 0, one token
type, layer norm after each half of a layer, mean pooling over all tokens.

Activations are quantised per token, each with a scale of its own. onnxruntime's stock dynamic quantisation
has one scale for the whole batch, which costs accuracy and lets a vector depend on its neighbours.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baize.adapters.e5_onnx_file import GRAPH, MICROSOFT, WEIGHTS, OnnxFile, type_number
from baize.adapters.e5_weights import BLOCK, E5Weights

IDS, LENGTHS, POOL, MEANS = "ids", "lengths", "pool", "means"
"""Inputs: ids (texts, tokens) int64; lengths (texts,) int32; pool (texts, 1, tokens) float32, the weight of
each token in its mean. Output: means (texts, hidden) float32, not normalised."""

_LEVELS = 127
_ZERO = 128


def write(weights: E5Weights, folder: Path) -> None:
    """Write the graph and its weights into a folder."""
    with (folder / WEIGHTS).open("wb") as stream:
        file = OnnxFile(stream)
        _Network(file, weights).build()
    (folder / GRAPH).write_bytes(file.graph())


class _Network:
    def __init__(self, file: OnnxFile, weights: E5Weights) -> None:
        self._file = file
        self._weights = weights
        self._hidden = weights.shape.hidden

    def build(self) -> None:
        file = self._file
        for name, dtype, dims in (
            (IDS, "int64", ("texts", "tokens")),
            (LENGTHS, "int32", ("texts",)),
            (POOL, "float32", ("texts", 1, "tokens")),
        ):
            file.input(name, dtype, *dims)
        embedded = self._embedded()
        # Products and norms see one long list of tokens; only attention knows texts.
        self._by_text = file.op("Shape", embedded)
        flat = file.op("Reshape", embedded, self._constant("flat", [-1, self._hidden]))
        for layer in range(self._weights.shape.layers):
            flat = self._layer(f"l{layer}", flat)
        pooled = file.op("MatMul", POOL, file.op("Reshape", flat, self._by_text))
        file.op("Squeeze", pooled, self._constant("second", [1]), name=MEANS)
        file.output(MEANS, "float32", "texts", self._hidden)

    def _constant(self, name: str, values: list[int]) -> str:
        return self._file.weight(name, np.array(values, dtype=np.int64))

    def _scalar(self, name: str, value: float, dtype: type[np.generic]) -> str:
        return self._file.weight(name, np.array(value, dtype=dtype))

    def _floats(self, name: str) -> str:
        return self._file.weight(name, self._weights.floats(name))

    def _embedded(self) -> str:
        file, hidden = self._file, self._hidden
        codes, scales = self._weights.codes("emb.word", hidden)
        words = file.op(
            "GatherBlockQuantized",
            file.weight("words", (codes[..., 0::2] | codes[..., 1::2] << 4).reshape(-1, hidden // 2)),
            IDS,
            file.weight("words.scale", scales),
            domain=MICROSOFT,
            bits=4,
            block_size=BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )
        words = file.op("Cast", words, to=type_number("float32"))
        first_type = self._weights.floats("emb.type")[:hidden]
        table = self._weights.floats("emb.pos").reshape(-1, hidden) + first_type
        n_tokens = file.op("Shape", IDS, start=1)
        positions = file.op(
            "Slice", file.weight("positions", table), self._constant("first", [0]), n_tokens, "first"
        )
        return file.op(
            "LayerNormalization",
            file.op("Add", words, positions),
            self._floats("emb.ln.w"),
            self._floats("emb.ln.b"),
            axis=-1,
            epsilon=self._weights.shape.epsilon,
        )

    def _layer(self, layer: str, tokens: str) -> str:
        file = self._file
        attended = self._attention(layer, tokens)
        tokens = self._add_and_norm(tokens, attended, f"{layer}.ao.b", f"{layer}.aln")
        wide = self._product(f"{layer}.fi.w", self._hidden, *self._quantised(tokens))
        wide = file.op("BiasGelu", wide, self._floats(f"{layer}.fi.b"), domain=MICROSOFT)
        narrow = self._product(f"{layer}.fo.w", self._weights.shape.feed_forward, *self._quantised(wide))
        return self._add_and_norm(tokens, narrow, f"{layer}.fo.b", f"{layer}.oln")

    def _attention(self, layer: str, tokens: str) -> str:
        file = self._file
        codes, scale = self._quantised(tokens)
        parts = [
            file.op("Reshape", self._product(f"{layer}.{part}.w", self._hidden, codes, scale), self._by_text)
            for part in "qkv"
        ]
        biases = np.concatenate([self._weights.floats(f"{layer}.{part}.b") for part in "qkv"])
        mixed = file.op(
            "MultiHeadAttention",
            *parts,
            file.weight(f"{layer}.qkv.b", biases),
            LENGTHS,
            domain=MICROSOFT,
            num_heads=self._weights.shape.heads,
        )
        codes, scale = self._quantised(file.op("Reshape", mixed, "flat"))
        return self._product(f"{layer}.ao.w", self._hidden, codes, scale)

    def _add_and_norm(self, tokens: str, change: str, bias: str, norm: str) -> str:
        return self._file.op(
            "SkipLayerNormalization",
            tokens,
            change,
            self._floats(f"{norm}.w"),
            self._floats(f"{norm}.b"),
            self._floats(bias),
            domain=MICROSOFT,
            epsilon=self._weights.shape.epsilon,
        )

    def _quantised(self, tokens: str) -> tuple[str, str]:
        """Codes around 128 and, as a column, the scale of each token."""
        file = self._file
        largest = file.op("ReduceMax", file.op("Abs", tokens), self._constant("second", [1]), keepdims=0)
        step = file.op("Mul", largest, self._scalar("step", 1 / _LEVELS, np.float32))
        step = file.op("Max", step, self._scalar("tiny", 1e-20, np.float32))
        zeros = file.op(
            "Expand", file.weight("zeros", np.array([_ZERO], dtype=np.uint8)), file.op("Shape", step)
        )
        codes = file.op("QuantizeLinear", tokens, step, zeros, axis=0)
        return codes, file.op("Unsqueeze", step, "second")

    def _product(self, name: str, n_in: int, codes: str, scale: str) -> str:
        whole, steps = _eight_bit(self._weights.matrix(name, n_in))
        product = self._file.op(
            "MatMulIntegerToFloat",
            codes,
            self._file.weight(name, whole.T),
            self._scalar("one", 1, np.float32),
            self._file.weight(f"{name}.scale", steps),
            self._scalar("zero", _ZERO, np.uint8),
            domain=MICROSOFT,
        )
        return self._file.op("Mul", product, scale)


def _eight_bit(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes and one scale for each row, i.e. for each output."""
    steps = np.abs(matrix).max(axis=1) / np.float32(_LEVELS)
    return np.rint(matrix / steps[:, None]).astype(np.int8), steps
