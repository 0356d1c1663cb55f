"""Sentence boundaries in Chinese and English: one rule for ingestion, quotes and streamed answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ENDERS = "。！？!?…；"
_CLOSERS = "”’\"'）)】」』》]"
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof sr jr st vs etc e.g i.e eg ie cf fig eq no al approx dept inc ltd vol".split()
)
_WORD_BEFORE = re.compile(r"([A-Za-z.]+)$")
_LONGEST_WORD = 12
_LIST_NUMBER = re.compile(r"\s*(?:[-*•·]\s*)?[(（]?\d{1,2}")
_BOUNDARY = re.compile(
    # A run of dots is tried once, from its first: a table of contents may be one line of them.
    rf"[{_ENDERS}]+[{re.escape(_CLOSERS)}]*|(?<!\.)\.+[{re.escape(_CLOSERS)}]*(?=\s|$)|\n+"
)
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’…—]")
_WORD = re.compile(r"[^\W\d_]+")
_HAN_PER_WORD = 0.4


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences in `text`, in order, without the white space around them.

    A full stop ends a sentence only before white space and not after an abbreviation, an initial or the
    number of a list item, so `3.5`, `e.g. this`, `J. Smith` and `2. Then` stay whole. A line break always
    ends one. Every character that is not white space lies in exactly one span.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if match.group().startswith(".") and _goes_on(text[start : match.start()]):
            continue
        _append(spans, text, start, match.end())
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def ends_sentence(text: str) -> bool:
    """Whether `text` ends with the end of a sentence (white space aside)."""
    stripped = text.rstrip().rstrip(_CLOSERS)
    if not stripped:
        return False
    if stripped[-1] in _ENDERS:
        return True
    return stripped[-1] == "." and not _goes_on(stripped[:-1])


def _goes_on(before: str) -> bool:
    """Whether a full stop behind `before` ends no sentence: an abbreviation, an initial, `1.` of a list."""
    if _LIST_NUMBER.fullmatch(before):
        return True
    # A longer word is no abbreviation, and most full stops stand behind long sentences.
    word = _WORD_BEFORE.search(before[-_LONGEST_WORD:])
    if word is None:
        return False
    last = word.group(1)
    return last.lower() in _ABBREVIATIONS or (len(last) == 1 and last.isupper() and last != "I")


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return
    first = start + len(piece) - len(piece.lstrip())
    if not any(ch.isalnum() for ch in stripped) and spans:
        # Punctuation alone is no sentence: it closes the one before.
        spans[-1] = (spans[-1][0], first + len(stripped))
    else:
        spans.append((first, first + len(stripped)))


def detect_language(text: str, default: str = "en") -> str:
    """`zh` or `en`, by script; `default` when there is no letter at all.

    A Chinese sentence with several English terms is Chinese; an English one that quotes a Chinese word is
    English.
    """
    others, n_han = _CJK.subn(" ", text)
    n_words = len(_WORD.findall(others))
    if n_han == n_words == 0:
        return default
    return "zh" if n_han >= _HAN_PER_WORD * n_words else "en"


def joint(before: str, after: str) -> str:
    """What stands between two pieces of running text: nothing beside Chinese, else a space."""
    if not before or not after:
        return ""
    if before[-1].isascii() and after[0].isascii():
        return " "
    return "" if _WIDE.match(before[-1]) or _WIDE.match(after[0]) else " "


def joined(texts: Iterable[str]) -> str:
    """Sentences side by side: Chinese ones without a space, others with one."""
    pieces: list[str] = []
    last = ""
    for text in texts:
        if text:
            pieces += (joint(last, text), text)
            last = text
    return "".join(pieces)


def has_han(text: str) -> bool:
    return not text.isascii() and _CJK.search(text) is not None
