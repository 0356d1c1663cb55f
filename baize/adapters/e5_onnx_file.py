"""Writes an ONNX file: a graph, and its weights beside it, to be mapped into memory rather than read.

`e5_graph` builds with it. Only what that graph needs of onnx.proto is here, so that no installation has to
carry the `onnx` package for one conversion. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from numpy.typing import NDArray

MICROSOFT = "com.microsoft"
"""Domain of onnxruntime's own operators."""

GRAPH = "model.onnx"
WEIGHTS = "weights.bin"

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10}
_IR_VERSION = 10
_OPERATORS = 21
_INLINE_BYTES = 256
# Weights are mapped from the file at page boundaries.
_PAGE = 4096


def type_number(dtype: str) -> int:
    """The number that ONNX gives this numpy type, e.g. for the attribute `to` of Cast."""
    return _TYPES[dtype]


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _attribute(name: str, value: float | int) -> bytes:
    if isinstance(value, float):
        return _block(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    return _block(1, name) + _number(3, value) + _number(20, 2)


def _port(name: str, dtype: str, dims: tuple[int | str, ...]) -> bytes:
    shape = b"".join(
        _block(1, _number(1, size) if isinstance(size, int) else _block(2, size)) for size in dims
    )
    tensor = _number(1, _TYPES[dtype]) + _block(2, shape)
    return _block(1, name) + _block(2, _block(1, tensor))


class OnnxFile:
    """A graph in the making; nodes run in the order in which they are added.

    Args:
        weights: the file `weights.bin`, open for writing.
    """

    def __init__(self, weights: BinaryIO) -> None:
        self._weights = weights
        self._nodes: list[bytes] = []
        self._stored: dict[str, bytes] = {}
        self._ports: list[bytes] = []

    def input(self, name: str, dtype: str, *dims: int | str) -> str:
        """An input of the graph; a dimension with a name may have any size."""
        self._ports.append(_block(11, _port(name, dtype, dims)))
        return name

    def output(self, name: str, dtype: str, *dims: int | str) -> None:
        """Make the value `name` an output of the graph."""
        self._ports.append(_block(12, _port(name, dtype, dims)))

    def weight(self, name: str, values: NDArray[Any]) -> str:
        """A constant; one name is stored once."""
        if name not in self._stored:
            head = b"".join(_number(1, size) for size in values.shape)
            head += _number(2, _TYPES[values.dtype.name]) + _block(8, name)
            content = values.tobytes()
            self._stored[name] = head + (
                _block(9, content) if len(content) <= _INLINE_BYTES else self._outside(content)
            )
        return name

    def _outside(self, content: bytes) -> bytes:
        self._weights.write(b"\0" * (-self._weights.tell() % _PAGE))
        place = {"location": WEIGHTS, "offset": str(self._weights.tell()), "length": str(len(content))}
        self._weights.write(content)
        entries = b"".join(_block(13, _block(1, key) + _block(2, value)) for key, value in place.items())
        return entries + _number(14, 1)

    def op(self, kind: str, *inputs: str, domain: str = "", name: str = "", **attributes: float | int) -> str:
        """Add a node; returns the name of its output. An input that is left out is ""."""
        output = name or f"{kind}_{len(self._nodes)}"
        node = b"".join(_block(1, value) for value in inputs) + _block(2, output) + _block(4, kind)
        node += b"".join(_block(5, _attribute(key, value)) for key, value in attributes.items())
        self._nodes.append(node + (_block(7, domain) if domain else b""))
        return output

    def graph(self) -> bytes:
        """The content of `model.onnx`."""
        graph = b"".join(_block(1, node) for node in self._nodes) + _block(2, "e5")
        graph += b"".join(_block(5, tensor) for tensor in self._stored.values()) + b"".join(self._ports)
        versions = (("", _OPERATORS), (MICROSOFT, 1))
        model = _number(1, _IR_VERSION) + _block(7, graph)
        return model + b"".join(
            _block(8, _block(1, domain) + _number(2, version)) for domain, version in versions
        )
