"""Which language a file name or a text is in: by tag, and by script where no tag says it."""

from __future__ import annotations

import re
from collections import Counter

_ALIASES = {
    "zh": "zh", "zho": "zh", "chi": "zh", "chs": "zh", "cht": "zh", "cn": "zh", "sc": "zh", "tc": "zh",
    "en": "en", "eng": "en", "ja": "ja", "jpn": "ja", "jp": "ja", "ko": "ko", "kor": "ko",
}  # fmt: skip
_OTHERS = frozenset((
    "ar", "bo", "de", "es", "fr", "hi", "id", "it", "kk", "mn", "ms", "nl", "pl", "pt", "ru", "th",
    "tr", "ug", "uk", "vi",
))  # fmt: skip
_SUBTAG = re.compile(r"[-_&+]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ]+")
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH = frozenset((
    "the", "of", "and", "to", "in", "is", "that", "it", "you", "this", "for", "we", "are", "on",
    "as", "with", "be", "have", "not", "so", "what", "can", "if", "at", "or", "an",
))  # fmt: skip
_MIN_WORDS = 20
_HAN_PER_LATIN_WORD = 0.3


def language_of_tag(tag: str) -> str:
    """`zh-CN` → `zh`, `chs&eng` → `zh-en`, `pt-BR` → `pt`; empty when it is no language tag."""
    parts = _SUBTAG.split(tag.lower())
    first = _ALIASES.get(parts[0], parts[0] if parts[0] in _OTHERS else "")
    second = _ALIASES.get(parts[1], "") if len(parts) == 2 else ""
    # Only zh and en pair up: `fr-CA` or `pt-BR` name a region, though `ca` and `br` are languages too.
    both = {first, second} == {"zh", "en"} and parts[1] != "cn"
    return f"{first}-{second}" if both else first


def split_tag(stem: str) -> tuple[str, str]:
    """A file's stem without its language, and the language: `intro.zh-CN` → (`intro`, `zh`)."""
    base, dot, tag = stem.rpartition(".")
    language = language_of_tag(tag) if dot and base else ""
    return (base, language) if language else (stem, "")


def script_of(text: str) -> str:
    """`zh`, `en`, `ja` or `ko` by the script of most of it; `other`, or empty without any letter.

    Chinese with some Latin terms in it is Chinese: a Han character weighs more than a Latin word.
    """
    n_han, n_kana, n_hangul = (len(pattern.findall(text)) for pattern in (_HAN, _KANA, _HANGUL))
    n_latin = len(_LATIN_WORD.findall(text))
    if n_kana > 0.1 * (n_han + n_kana) and n_kana + n_han >= _HAN_PER_LATIN_WORD * n_latin:
        return "ja"
    if n_han and n_han >= _HAN_PER_LATIN_WORD * n_latin:
        return "zh"
    counts = Counter({"en": n_latin, "ko": n_hangul, "other": _n_other_letters(text)})
    script, count = counts.most_common(1)[0]
    return script if count else ""


def detect_language(text: str) -> str:
    """ISO 639-1 of a text by its script; empty where the script alone cannot tell.

    Latin script counts as English unless a longer text has hardly any English function word.
    """
    script = script_of(text)
    if script == "en":
        words = [word.lower() for word in _LATIN_WORD.findall(text[:20_000])]
        n_english = sum(word in _ENGLISH for word in words)
        return "en" if len(words) < _MIN_WORDS or n_english >= 0.1 * len(words) else ""
    return "" if script == "other" else script


def _n_other_letters(text: str) -> int:
    known = (_HAN, _KANA, _HANGUL, _LATIN_WORD)
    return len(_LETTER.findall(text)) - sum(len("".join(pattern.findall(text))) for pattern in known)
