"""Lines of data files, read with errors that name the file, the line and the field."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baize.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a file; `line` from 1."""

    path: Path
    line: int
    values: Mapping[str, Any]

    def wrong(self, message: str) -> InvalidInput:
        """An error about this line."""
        return InvalidInput(message, path=str(self.path), line=self.line, remedy="Mend this line.")

    def text(self, field: str, default: str | None = None) -> str:
        """A string; a number is taken as one, as ids often are.

        Raises:
            InvalidInput: it is missing and has no default, or is neither string nor number.
        """
        value = self.values.get(field, default)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.wrong(f"{field!r} must be a text.")
        return str(value)

    def number(self, field: str) -> float:
        """A finite number.

        Raises:
            InvalidInput: it is missing or no number.
        """
        try:
            value = float(self.values[field])
        except (KeyError, TypeError, ValueError):
            raise self.wrong(f"{field!r} must be a number.") from None
        if value != value or abs(value) == float("inf"):
            raise self.wrong(f"{field!r} must be a finite number.")
        return value

    def texts(self, field: str, default: list[Any] | None = None) -> tuple[str, ...]:
        """A list of strings.

        Raises:
            InvalidInput: it is missing and has no default, or is no list of strings.
        """
        value = self.values.get(field, default)
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise self.wrong(f"{field!r} must be a list of texts.")
        return tuple(value)

    def parts(self, field: str, default: list[Any] | None = None) -> list[Row]:
        """A list of objects, each as a row of the same line.

        Raises:
            InvalidInput: it is missing and has no default, or is no list of objects.
        """
        value = self.values.get(field, default)
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise self.wrong(f"{field!r} must be a list of objects.")
        return [Row(self.path, self.line, part) for part in value]


def read_jsonl(path: Path) -> Iterator[Row]:
    """The objects of a JSON Lines file; empty lines are passed over.

    Raises:
        InvalidInput: a line is no JSON object, or the file is not UTF-8.
    """
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except json.JSONDecodeError as cause:
            raise InvalidInput(f"Not JSON: {cause.msg}.", path=str(path), line=number) from None
        row = Row(path, number, values if isinstance(values, dict) else {})
        if not isinstance(values, dict):
            raise row.wrong("A line must hold one JSON object.")
        yield row


def read_tsv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a tab-separated file with a header that names at least `columns`.

    Raises:
        InvalidInput: the header or a row lacks one of them.
    """
    reader = csv.DictReader(_lines(path), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise InvalidInput(
            f"The header lacks {', '.join(missing)}.",
            path=str(path),
            line=1,
            remedy=f"It must be {' '.join(columns)}, with tabs between.",
        )
    for number, values in enumerate(reader, 2):
        yield Row(path, number, values)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as cause:
        raise InvalidInput("This file is not UTF-8.", path=str(path), remedy="Save it as UTF-8.") from cause
