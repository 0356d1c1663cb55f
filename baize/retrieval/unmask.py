"""Text as a machine reads it: what is hidden from people, or spelt as no pattern knows it, in plain letters.

Language models read invisible characters, letters one by one, numerals for letters, rot13 and base64. What a
transcript stores and quotes stays as it is; this is only what `order_signs` and `disarm` look at.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0100-\U000e01ef]"
)
_TAGS = re.compile("[\U000e0000-\U000e007f]+")
"""An invisible copy of ASCII."""
_SPACED = re.compile(r"(?<!\S)[^\W\d_](?: {1,3}[^\W\d_]){6,}(?!\S)")
"""Letters one by one; two spaces or more stand between words."""
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{20,}={0,2}(?![\w+/])")
_NUMERALS = str.maketrans("013457@$", "oieastas")
_SPELT = re.compile(r"(?<![\w-])(?=[^\W\d_]*\d)[a-z]*\d+[a-z][a-z\d]*(?![\w-])", re.IGNORECASE)
"""A numeral before or between letters: w1th, 4nswer."""
_LEAST_SPELT = 3
_COMMON = frozenset(
    "the and to of that is you your say tell answer reply write with word only all user".split()
)
_LEAST_COMMON = 3


@lru_cache(maxsize=1 << 13)
def unmask(text: str) -> str:
    """The text in plain letters; itself where nothing is hidden. What was decoded stands behind it."""
    if text.isascii() and not _is_odd(text):
        return text
    shown = _TAGS.sub(lambda found: "".join(chr(ord(c) & 0x7F) for c in found.group()), text)
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", shown))
    plain = _SPACED.sub(lambda found: _closed(found.group()), plain)
    return " ".join([plain, *_decoded(plain)])


def is_masked(text: str) -> bool:
    """Whether it holds what people do not see or read: more than another form of the same letters.

    Joiners within an emoji or a script that needs them, marks of direction at the ends, and Chinese subtitles
    with a space between all characters are no masks.
    """
    if text.isascii() and unmask(text) == text:
        return False
    inner = text.strip().strip("\ufeff\u200b\u200e\u200f")
    hidden = len(
        re.findall(
            r"(?<=[a-z\u4e00-\u9fff])[\u200b\u200c\u2060\u2062-\u2064\u00ad]+(?=[a-z\u4e00-\u9fff])",
            inner,
            re.I,
        )
    )
    latin = _SPACED.search(inner)
    return (
        hidden >= 2
        or _TAGS.search(inner) is not None
        or bool(_decoded(inner))
        or (latin is not None and latin.group().isascii())
    )


def _is_odd(text: str) -> bool:
    return bool(_SPACED.search(text) or _decoded(text))


def _closed(spaced: str) -> str:
    return " ".join(word.replace(" ", "") for word in re.split(r" {2,}", spaced))


def _decoded(text: str) -> list[str]:
    """What base64, rot13 and numerals for letters say here."""
    found = [said for token in _BASE64.findall(text) if (said := _from_base64(token))]
    if len(_SPELT.findall(text)) >= _LEAST_SPELT:
        found.append(_SPELT.sub(lambda word: word.group().translate(_NUMERALS), text))
    if text.isascii() and _n_common(text) == 0:
        turned = codecs.decode(text, "rot13")
        if _n_common(turned) >= _LEAST_COMMON:
            found.append(turned)
    return found


def _from_base64(token: str) -> str:
    """Its text, or nothing where it is none: an address, a long word, a digest."""
    try:
        said = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    is_text = (said.isprintable() and " " in said.strip()) or _is_han(said)
    return said if is_text else ""


def _is_han(text: str) -> bool:
    return text.isprintable() and sum("\u4e00" <= c <= "\u9fff" for c in text) * 2 > len(text)


def _n_common(text: str) -> int:
    return sum(word in _COMMON for word in re.findall(r"[a-z]+", text.lower()))
