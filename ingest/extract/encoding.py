"""Bytes of a text file to text, refusing to guess where the guess does not read like language."""

from __future__ import annotations

import codecs
from functools import lru_cache
from pathlib import Path

from baize.domain.sentences import has_han
from baize.errors import UnreadableSource

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MAX_TEXT_BYTES = 32_000_000
"""A thousand-page book is 3 MB; a decoded text takes up to five times its bytes in memory."""
_USUAL = ("gb18030", "big5", "cp1252")
_MIN_PLAUSIBLE = 0.85
_MAX_ACCENTED = 0.4
_REMEDY = "Save the file as UTF-8."


def read_text(path: Path) -> str:
    """The text of a file, without its byte order mark; line ends are left as they are.

    Raises:
        UnreadableSource: no encoding makes it read like language; names the first bad line.
    """
    try:
        size = path.stat().st_size
        if size > MAX_TEXT_BYTES:
            raise UnreadableSource(
                f"The file holds {size / 1e6:,.0f} MB, which is too much for one text.",
                remedy=f"Split it into files of at most {MAX_TEXT_BYTES // 1_000_000} MB.",
                path=str(path),
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(
            f"The file cannot be opened ({error.strerror}).",
            remedy="Check that it exists and may be read.",
            path=str(path),
        ) from error
    return decode_text(raw, path)


def decode_text(raw: bytes, path: Path) -> str:
    """As `read_text`, for bytes that came from `path`."""
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return _decode_marked(raw, encoding, path)
    if b"\0" not in raw:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return _guess(raw, path, error.start)
    return _guess(raw, path, raw.index(b"\0"))


def _decode_marked(raw: bytes, encoding: str, path: Path) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(raw, path, error.start) from error


def _guess(raw: bytes, path: Path, first_bad: int) -> str:
    candidates = [text for encoding in _encodings(raw) if (text := _try_decode(raw, encoding)) is not None]
    best = max(candidates, key=_plausibility, default="")
    likely = _plausibility(best)
    # è in one Western code page is č in another, and nothing tells which was meant.
    doubtful = not has_han(best) and any(
        text != best and _plausibility(text) >= likely for text in candidates
    )
    if likely < _MIN_PLAUSIBLE or doubtful:
        raise _undecodable(raw, path, first_bad)
    return best


def _encodings(raw: bytes) -> list[str]:
    if b"\0" in raw:
        return ["utf-16-le", "utf-16-be"]
    # Costs 50 ms to import, and nearly every file is UTF-8.
    from charset_normalizer import from_bytes

    guess = from_bytes(raw).best()
    return [*_USUAL, guess.encoding] if guess else list(_USUAL)


def _try_decode(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _plausibility(text: str) -> float:
    """Share of the characters beyond ASCII that people write often, 0..1.

    A Chinese text read with the wrong code page is full of rare characters or of accented letters.
    """
    beyond = [char for char in text if ord(char) > 126 or (ord(char) < 32 and char not in "\t\n\r\f")]
    if not beyond:
        return 1.0 if text else 0.0
    n_accented = sum("\u00c0" <= char <= "\u024f" for char in beyond)
    n_ascii_letters = sum(char.isascii() and char.isalpha() for char in text)
    if n_accented > _MAX_ACCENTED * (n_ascii_letters + n_accented):
        return 0.0
    return sum(map(_is_ordinary, beyond)) / len(beyond)


@lru_cache(maxsize=20_000)
def _is_ordinary(char: str) -> bool:
    code = ord(char)
    if 0x4E00 <= code <= 0x9FFF:
        return _is_common_han(char)
    return (
        0xA0 <= code <= 0x24F  # Latin letters and signs
        or 0x370 <= code <= 0x6FF  # Greek, Cyrillic, Hebrew, Arabic
        or 0x2010 <= code <= 0x22FF  # punctuation, arrows, mathematics
        or 0x3000 <= code <= 0x30FF  # CJK punctuation, kana
        or 0xAC00 <= code <= 0xD7A3  # Hangul
        or 0xFF01 <= code <= 0xFF5E  # full-width forms
    )


def _is_common_han(char: str) -> bool:
    """In the frequent half of GB 2312 (by pinyin, rows B0..D7) or of Big5 (rows A4..C6)."""
    simplified = char.encode("gb2312", "ignore")
    traditional = char.encode("big5", "ignore")
    return bool(simplified and simplified[0] <= 0xD7) or bool(traditional and traditional[0] <= 0xC6)


def _undecodable(raw: bytes, path: Path, position: int) -> UnreadableSource:
    line = raw.count(b"\n", 0, position) + 1
    return UnreadableSource(
        "The text is in no encoding that reads like language.", remedy=_REMEDY, path=str(path), line=line
    )
