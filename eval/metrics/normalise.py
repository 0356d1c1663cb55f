"""The published normaliser of speech metrics: what two transcripts are reduced to before they are compared.

In this order:

1. Unicode NFKC (full-width letters and digits become narrow), then lower case.
2. Chinese only: traditional characters become simplified ones (OpenCC `t2s`).
3. Apostrophes between letters go (`don't` → `dont`); every other punctuation mark or symbol becomes a space.
   `%`, `+`, `=`, `<`, `>` and `°` carry meaning and stay, each a unit of its own.
4. White space: runs become one space; in Chinese there is none.

Nothing else: numbers are compared as they are written (`50 %` is not 百分之五十), spellings are not unified,
fillers (`um`, 嗯) count. The units are characters for Chinese and Japanese (CER), words elsewhere (WER).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

VERSION = "1"
"""Raise it when the same transcripts must give other units."""

CHARACTER_LANGUAGES = frozenset({"zh", "yue", "ja"})

_KEPT = frozenset("%+=<>°")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_SPACE = re.compile(r"\s+")


def normalise(text: str, language: str) -> str:
    """The text as it is compared; see the module."""
    text = unicodedata.normalize("NFKC", text).lower()
    if language in {"zh", "yue"}:
        text = _simplified()(text)
    text = "".join(_plain(char) for char in _APOSTROPHE.sub("", text))
    return _SPACE.sub("" if language in CHARACTER_LANGUAGES else " ", text).strip()


def units(text: str, language: str) -> list[str]:
    """What errors are counted in: characters or words of the normalised text."""
    plain = normalise(text, language)
    return list(plain) if language in CHARACTER_LANGUAGES else plain.split()


def _plain(char: str) -> str:
    if char in _KEPT:
        return f" {char} "
    return " " if unicodedata.category(char)[0] in "PSZC" else char


@lru_cache(maxsize=1)
def _simplified() -> Callable[[str], str]:
    import opencc

    convert: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return convert
