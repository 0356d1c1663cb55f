"""Where `TiktokenTokenCounter` looks for its vocabulary, and that it never downloads one."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from pathlib import Path

import pytest

from baize.adapters.tokens_tiktoken import TiktokenTokenCounter
from baize.errors import InvalidSettings, ModelUnavailable

URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which tiktoken has never been online."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_missing_vocabulary_says_what_to_do(no_cache: Path) -> None:
    """Instead of a download there is an error that names the file and the setting."""
    with pytest.raises(
        ModelUnavailable, match=r"tokens\.vocabulary.*o200k_base\.tiktoken.*TIKTOKEN_CACHE_DIR"
    ):
        TiktokenTokenCounter("o200k_base").count("学习率")


def test_a_damaged_cache_is_not_used_nor_deleted(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tiktoken itself would delete a file of another digest and fetch it anew."""
    cached = no_cache / hashlib.sha1(URL.encode(), usedforsecurity=False).hexdigest()
    cached.write_bytes(base64.b64encode(b"a") + b" 0\n")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(no_cache))
    with pytest.raises(ModelUnavailable):
        TiktokenTokenCounter("o200k_base").count("学习率")
    assert cached.exists()


def test_configured_file_is_used(tmp_path: Path) -> None:
    """The operator's vocabulary counts, and its name shows in the counter's."""
    file = tmp_path / "mine.tiktoken"
    tokens = [bytes([n]) for n in range(256)] + [b"ab"]
    file.write_bytes(b"\n".join(base64.b64encode(t) + f" {n}".encode() for n, t in enumerate(tokens)))
    counter = TiktokenTokenCounter(vocabulary=file)
    assert counter.count("abab") == 2
    assert counter.name == "cl100k_base:mine"


@pytest.mark.parametrize("content", [b"no vocabulary\n", b"a b c\n", b""], ids=["words", "columns", "empty"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    """A file that is no vocabulary fails with its path."""
    file = tmp_path / "wrong.tiktoken"
    file.write_bytes(content)
    with pytest.raises(InvalidSettings, match=r"wrong\.tiktoken"):
        TiktokenTokenCounter(vocabulary=file).count("学习率")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """So does one that is not there."""
    with pytest.raises(InvalidSettings, match=r"nowhere\.tiktoken"):
        TiktokenTokenCounter(vocabulary=tmp_path / "nowhere.tiktoken").count("学习率")


def test_unknown_encodings_are_refused_at_once() -> None:
    """The error lists what there is."""
    with pytest.raises(InvalidSettings, match="cl100k_base, o200k_base"):
        TiktokenTokenCounter("klingon_base")
