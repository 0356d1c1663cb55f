"""faq.jsonl to questions with their answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baize.domain.course import ID_PATTERN
from baize.errors import InvalidManifest
from ingest.extract.encoding import read_text

_EXAMPLE = '{"question": "…", "answer": "…"}'
_KEYS = {"id", "question", "answer"}


@dataclass(frozen=True, slots=True)
class FaqItem:
    """One entry; without an `id` of its own it is called after its line, from 1."""

    entry_id: str
    question: str
    answer: str


def read_faq(path: Path) -> list[FaqItem]:
    """The entries in file order; blank lines do not count.

    Raises:
        InvalidManifest: a line is no entry, or its id is taken; names the line.
        UnreadableSource: the file cannot be decoded.
    """
    items: dict[str, FaqItem] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            item = _item(path, number, line)
            if item.entry_id in items:
                raise _bad(path, number, f"The entry id {item.entry_id} is given twice.")
            items[item.entry_id] = item
    return list(items.values())


def _item(path: Path, number: int, line: str) -> FaqItem:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad(path, number, "This line is no JSON.") from error
    if not isinstance(entry, dict) or not {"question", "answer"} <= entry.keys() <= _KEYS:
        raise _bad(path, number, "An entry has a question, an answer and perhaps an id, nothing else.")
    texts = {key: value.strip() if isinstance(value, str) else "" for key, value in entry.items()}
    if not all(texts.values()):
        raise _bad(path, number, "Question, answer and id must be text and not empty.")
    entry_id = texts.get("id", f"line-{number}")
    if not ID_PATTERN.fullmatch(entry_id):
        raise _bad(path, number, f"{entry_id} cannot be an id.")
    return FaqItem(entry_id, texts["question"], texts["answer"])


def _bad(path: Path, line: int, message: str) -> InvalidManifest:
    return InvalidManifest(message, remedy=f"Write one entry a line: {_EXAMPLE}.", path=str(path), line=line)
