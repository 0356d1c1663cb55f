"""The visible notice that an answer is AI-made (interfaces, `start.label`)."""

from __future__ import annotations

_BY_MODEL = {
    "zh": "内容由AI生成，请以课程原文为准",
    "en": "AI-generated; the course itself is authoritative",
}
_EXTRACTIVE = {
    "zh": "以下为课程原文摘录，由AI检索整理",
    "en": "Excerpts from the course, found and arranged by AI",
}
_FROM_FAQ = {
    "zh": "以下为常见问题原文，由AI检索",
    "en": "From the frequently asked questions, word for word; found by AI",
}
_BY_SERVICE = {"zh": "由AI客服自动回复", "en": "An automatic reply by AI"}
LABELS = tuple(text for texts in (_BY_MODEL, _EXTRACTIVE, _FROM_FAQ, _BY_SERVICE) for text in texts.values())


def label(language: str, model: str) -> str:
    """The notice in the language of the answer; `model` is what `start` reports."""
    return _in(language, _EXTRACTIVE if model == "extractive" else _BY_MODEL)


def service_label(language: str, *, quotes_faq: bool) -> str:
    """Beside what customer service says by itself: a FAQ's entry, an account's records, hours of a person."""
    return _in(language, _FROM_FAQ if quotes_faq else _BY_SERVICE)


def _in(language: str, texts: dict[str, str]) -> str:
    return texts.get(language, texts["en"])
