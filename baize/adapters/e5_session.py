"""Opens the converted e5 in onnxruntime, so that its 8-bit products are exact on every CPU.

Between `e5_store`, which gives the graph, and `embed_e5_onnx`, which runs it.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from baize.adapters.e5_onnx_file import OnnxFile
from baize.adapters.e5_weights import REMEDY
from baize.errors import ModelUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, SessionOptions

_PROBE_SIZE = 16


def opened(graph: Path, threads: int | None) -> InferenceSession:
    """A session over the graph; any number of threads may run it.

    Args:
        graph: the ONNX file, its weights beside it.
        threads: CPU threads of one run; None for all cores.

    Raises:
        ModelUnavailable: onnxruntime is not installed, or cannot run the graph.
    """
    try:
        # Takes a tenth of a second.
        import onnxruntime
    except ImportError as cause:
        raise _unusable(cause) from cause
    try:
        return onnxruntime.InferenceSession(
            graph, options(threads, exact=not saturates()), providers=["CPUExecutionProvider"]
        )
    except Exception as cause:  # its errors have no common base
        raise _unusable(cause) from cause


def _unusable(cause: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"The embedding model cannot run on onnxruntime: {cause}.",
        remedy=f"Run `pip install --force-reinstall onnxruntime`. Or: {REMEDY}",
    )


def options(threads: int | None, *, exact: bool) -> SessionOptions:
    """How sessions of this module run.

    Args:
        threads: CPU threads of one run; None for all cores.
        exact: whether products of unsigned and signed bytes are exact on this CPU (`saturates`).
    """
    from onnxruntime import SessionOptions

    chosen = SessionOptions()
    chosen.intra_op_num_threads = threads or 0
    chosen.log_severity_level = 3
    # Threads that spin while they wait take the cores from everybody else.
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not exact:
        # Weights as unsigned numbers: the same vectors to the last bit, but a third of the speed where
        # the CPU would have been exact anyway.
        chosen.add_session_config_entry("session.x64quantprecision", "1")
    return chosen


def saturates() -> bool:
    """Whether this CPU adds products of unsigned and signed bytes in 16 bits, and so cuts large sums off.

    x86 without VNNI does. A product whose sums are known says it of any CPU.
    """
    from onnxruntime import InferenceSession

    session = InferenceSession(probe(), options(1, exact=True), providers=["CPUExecutionProvider"])
    return not is_exact(session)


def probe() -> bytes:
    """A graph that multiplies the largest signed bytes, as constants, by what it is given."""
    file = OnnxFile(BytesIO())
    weights = np.full((_PROBE_SIZE, _PROBE_SIZE), 127, dtype=np.int8)
    left = file.input("left", "uint8", _PROBE_SIZE, _PROBE_SIZE)
    file.op("MatMulInteger", left, file.weight("right", weights), name="sums")
    file.output("sums", "int32", _PROBE_SIZE, _PROBE_SIZE)
    return file.graph()


def is_exact(session: InferenceSession) -> bool:
    """Whether a session over `probe` gets the largest sums right."""
    (sums,) = session.run(["sums"], {"left": np.full((_PROBE_SIZE, _PROBE_SIZE), 255, dtype=np.uint8)})
    return bool((sums == 255 * 127 * _PROBE_SIZE).all())
