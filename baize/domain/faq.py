"""The lines of a `faq.jsonl` → questions with their answers, from a folder or from an upload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from baize.domain.course import ID_PATTERN
from baize.errors import InvalidManifest

FAQ_FILE = "faq.jsonl"
_EXAMPLE = '{"question": "…", "answer": "…"}'
_KEYS = {"id", "question", "answer"}


@dataclass(frozen=True, slots=True)
class FaqLine:
    """One entry; without an `id` of its own it is called after its line, from 1."""

    entry_id: str
    question: str
    answer: str


def faq_lines(text: str, path: str) -> list[FaqLine]:
    """The entries in file order; blank lines do not count.

    Raises:
        InvalidManifest: a line is no entry, or its id is taken; names `path` and the line.
    """
    items: dict[str, FaqLine] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            item = _item(path, number, line)
            if item.entry_id in items:
                raise _bad(path, number, f"The entry id {item.entry_id} is given twice.")
            items[item.entry_id] = item
    return list(items.values())


def _item(path: str, number: int, line: str) -> FaqLine:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _bad(path, number, "This line is no JSON.") from error
    if not isinstance(entry, dict) or not {"question", "answer"} <= entry.keys() <= _KEYS:
        raise _bad(path, number, "An entry has a question, an answer and perhaps an id, nothing else.")
    texts = {key: value.strip() if isinstance(value, str) else "" for key, value in entry.items()}
    if not all(texts.values()):
        raise _bad(path, number, "Question, answer and id must be text and not empty.")
    # JSON can escape what neither a database nor UTF-8 can hold: NUL, and half of a pair of surrogates.
    if any("\0" in value or not _is_utf8(value) for value in texts.values()):
        raise _bad(path, number, "Question, answer or id holds a character that cannot be stored.")
    entry_id = texts.get("id", f"line-{number}")
    if not ID_PATTERN.fullmatch(entry_id):
        raise _bad(path, number, f"{entry_id} cannot be an id.")
    return FaqLine(entry_id, texts["question"], texts["answer"])


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad(path: str, line: int, message: str) -> InvalidManifest:
    return InvalidManifest(message, remedy=f"Write one entry a line: {_EXAMPLE}.", path=path, line=line)
