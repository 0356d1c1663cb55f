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
LABELS = (*_BY_MODEL.values(), *_EXTRACTIVE.values())


def label(language: str, model: str) -> str:
    """The notice in the language of the answer; `model` is what `start` reports."""
    texts = _EXTRACTIVE if model == "extractive" else _BY_MODEL
    return texts.get(language, texts["en"])
