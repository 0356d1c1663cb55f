"""A file of an archive → its records, one by one: CSV, JSON, JSON Lines, or xAPI statements in either JSON.

A line that cannot be used is told with its number and what to do; the rest goes on. Messages name columns,
never what a learner's line says.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from baize.domain.archive import Completion, Unusable
from baize.domain.course import ID_PATTERN
from baize.errors import InvalidInput

Format = Literal["csv", "json", "jsonl"]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "learner_id": ("learner_id", "学员编号", "学习者编号"),
    "course_id": ("course_id", "课程编号"),
    "completed_at": ("completed_at", "完成时间", "完成日期"),
    "title": ("title", "course_title", "课程名称"),
    "credits": ("credits", "学分"),
    "certificate": ("certificate", "证书编号"),
    "issuer": ("issuer", "发证单位", "颁发单位"),
    "record_id": ("record_id", "记录编号"),
}
"""Our fields, and what other archives call them; the first that a line has counts."""
_NEEDED = ("learner_id", "course_id", "completed_at")
_COURSE_DONE = (
    "http://adlnet.gov/expapi/verbs/completed",
    "http://adlnet.gov/expapi/verbs/passed",
    "https://w3id.org/xapi/adl/verbs/satisfied",
)
_COURSE_TYPES = (
    "http://adlnet.gov/expapi/activities/course",
    "https://w3id.org/xapi/cmi5/activitytype/course",
)
_OUR_COURSE = re.compile(r"urn:baize:course:[^:]+:(.+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?=$|[T ])")
_HOUR = re.compile(r"^([T ])(\d:)")
_LONGEST = 500
_MOST_CREDITS = 100_000.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Other:
    """A statement that tells of no completed course: nothing is wrong with it."""


Line = Completion | Unusable | Other


class _Bad(Exception):
    """What is wrong with a line, and the remedy."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True, slots=True)
class Reading:
    """What the lines are read for.

    Attributes:
        now: nothing was completed a day after it.
        zone: of instants without one.
    """

    platform_id: str
    now: float
    zone: tzinfo


def read_archive(lines: Iterable[str], form: Format, reading: Reading) -> Iterator[Line]:
    """Every record in its order; blank lines do not count.

    Args:
        lines: as a text file gives them, with their ends.

    Raises:
        InvalidInput: a CSV file has no header with the fields that are needed, or a JSON file is no JSON.
    """
    match form:
        case "csv":
            numbered = _csv_rows(lines)
        case "jsonl":
            numbered = _json_rows(lines)
        case "json":
            numbered = _json_items("".join(lines))
    for number, row in numbered:
        try:
            yield _line(row, reading)
        except _Bad as bad:
            yield Unusable(number, bad.problem, bad.remedy)


Row = Mapping[str, Any] | _Bad


def _csv_rows(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """Each line by itself, so that a quote that is never closed spoils no other line."""
    numbered = enumerate(lines, 1)
    header = _header(next(numbered, (1, ""))[1])
    for number, line in numbered:
        if line.strip():
            cells = _split(line)
            yield number, cells if isinstance(cells, _Bad) else _cells(header, cells)


def _header(line: str) -> list[str]:
    cells = _split(line.removeprefix("\ufeff"))
    header = [] if isinstance(cells, _Bad) else [name.strip().lower() for name in cells]
    missing = [name for name in _NEEDED if not set(_NAMES[name]) & set(header)]
    if missing:
        raise InvalidInput(
            f"The first line names no column {', '.join(missing)}.",
            remedy=f"It must name {', '.join(_NEEDED)}; {', '.join(list(_NAMES)[3:])} may follow.",
            line=1,
        )
    return header


def _split(line: str) -> list[str] | _Bad:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return _Bad(
            "This is no line of CSV.", "Close its quotes, double those within a cell, keep it on one line."
        )


def _cells(header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header):
        return _Bad(
            f"The line has {len(cells)} cells, the header {len(header)}.",
            "Put cells with commas into quotes.",
        )
    return dict(zip(header, cells, strict=False))


def _json_rows(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix("\ufeff").strip() if number == 1 else line.strip()
        if text:
            yield number, _object(text)


def _object(text: str) -> Row:
    try:
        return _checked(json.loads(text))
    except (ValueError, RecursionError):
        return _Bad("This is no JSON.", "Write one JSON object a line.")


def _json_items(text: str) -> Iterator[tuple[int, Row]]:
    """Of an array, or of an object that holds one: `records`, or an xAPI StatementResult."""
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise InvalidInput(
            "The file is no JSON.", remedy="Send an array of records; for one a line, say JSON Lines."
        ) from None
    if isinstance(found, dict):
        found = found.get("records", found.get("statements", [found]))
    if not isinstance(found, list):
        raise InvalidInput(
            "The file holds no array of records.",
            remedy="Send an array, or {records: […]} or {statements: […]}.",
        )
    for number, one in enumerate(found, 1):
        yield number, _checked(one)


def _checked(value: Any) -> Row:
    if isinstance(value, dict):
        return value
    return _Bad("This is no JSON object.", "Write a record or an xAPI statement.")


def _line(row: Row, reading: Reading) -> Line:
    if isinstance(row, _Bad):
        raise row
    return _of_statement(row, reading) if "verb" in row and "actor" in row else _of_record(row, reading)


def _of_record(row: Mapping[str, Any], reading: Reading) -> Completion:
    course_id = _id(_field(row, "course_id"), "course_id")
    record_id = _field(row, "record_id")
    return Completion(
        reading.platform_id,
        _id(_field(row, "learner_id"), "learner_id"),
        _id(record_id, "record_id") if record_id not in (None, "") else course_id,
        course_id,
        _instant(_field(row, "completed_at"), "completed_at", reading),
        _text(row, "title"),
        _credits(_field(row, "credits"), "credits"),
        _text(row, "certificate"),
        _text(row, "issuer"),
    )


def _field(row: Mapping[str, Any], name: str) -> Any:
    for alias in _NAMES[name]:
        value = row.get(alias)
        if value not in (None, ""):
            return value.strip() if isinstance(value, str) else value
    return None


def _id(value: Any, name: str) -> str:
    if value in (None, ""):
        raise _Bad(f"{name} is missing.", "Every record needs one.")
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not ID_PATTERN.fullmatch(written):
        raise _Bad(
            f"{name} is no id.",
            "Use the platform's own: 1 to 128 letters, digits and any of . : + ~ - _ only.",
        )
    return written


def _text(row: Mapping[str, Any], name: str) -> str:
    value = _field(row, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Bad(f"{name} is no text.", "Write it as text.")
    if len(value) > _LONGEST or _CONTROL.search(value):
        raise _Bad(
            f"{name} is longer than {_LONGEST} characters, or not on one line.",
            "Shorten it, and take out control characters.",
        )
    return value


def _credits(value: Any, name: str) -> float | None:
    if value in (None, ""):
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not 0 <= found <= _MOST_CREDITS:
        raise _Bad(
            f"{name} is no number from 0 to {_MOST_CREDITS:.0f}.", "Write a number such as 0.5, or nothing."
        )
    return found


def _instant(value: Any, name: str, reading: Reading) -> float:
    if value in (None, ""):
        raise _Bad(f"{name} is missing.", "Every record needs one: 2026-05-31, or 2026-05-31T09:30:00+08:00.")
    try:
        moment = datetime.fromisoformat(_spelled_out(value))
        at = (moment if moment.tzinfo else moment.replace(tzinfo=reading.zone)).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        raise _Bad(
            f"{name} is no date or instant.", "Write 2026-05-31, or 2026-05-31T09:30:00+08:00."
        ) from None
    if not 0 <= at <= reading.now + _DAY_S:
        raise _Bad(
            f"{name} is before {date(1970, 1, 1)}, or has not come yet.",
            "Write when the course was completed.",
        )
    return at


def _spelled_out(written: str) -> str:
    """`2026-05-03 09:30` of `2026/5/3 9:30`, as spreadsheets write it, and of `2026年5月3日`."""
    day = _DAY.match(written)
    if day is None:
        return written
    hour = _HOUR.sub(r"\g<1>0\2", written[day.end() :])
    return f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}{hour}"


def _of_statement(row: Mapping[str, Any], reading: Reading) -> Completion | Other:
    """https://github.com/adlnet/xAPI-Spec/blob/1.0.3/xAPI-Data.md; no rule for credits is in it."""
    verb, activity, result = _part(row, "verb"), _part(row, "object"), _part(row, "result")
    definition = _part(activity, "definition")
    is_course = definition.get("type") in (None, *_COURSE_TYPES) and activity.get("objectType") in (
        None,
        "Activity",
    )
    done = result.get("completion") is not False and result.get("success") is not False
    if verb.get("id") not in _COURSE_DONE or not is_course or not done:
        return Other()
    account = _part(_part(row, "actor"), "account")
    if "name" not in account:
        raise _Bad("The actor has no account.", "Name the learner: actor.account.name.")
    course_id = _id(course_of(activity.get("id")), "object.id")
    more = _part(result, "extensions")
    statement_id = row.get("id")
    return Completion(
        reading.platform_id,
        _id(account["name"], "actor.account.name"),
        _id(statement_id, "id") if statement_id else course_id,
        course_id,
        _instant(row.get("timestamp"), "timestamp", reading),
        _text({"title": _said(_part(definition, "name"))}, "title"),
        _credits(_extension(more, "credits"), "credits"),
        _text({"certificate": _extension(more, "certificate")}, "certificate"),
        _text({"issuer": _extension(more, "issuer")}, "issuer"),
    )


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _Bad(f"{name} is no object.", "Write the statement as xAPI 1.0.3 says.")
    return found


def course_of(iri: Any) -> str:
    """`elder-health` of `https://learn.example/courses/elder-health`, or of our own IRI of a course."""
    if not isinstance(iri, str):
        return ""
    ours = _OUR_COURSE.fullmatch(iri)
    try:
        return unquote(ours.group(1) if ours else urlsplit(iri).path.rstrip("/").rpartition("/")[2])
    except ValueError:
        return ""


def _said(names: Mapping[str, Any]) -> Any:
    """Chinese where there is any."""
    return next((names[tag] for tag in names if tag.lower().startswith("zh")), next(iter(names.values()), ""))


def _extension(extensions: Mapping[str, Any], name: str) -> Any:
    """The one whose IRI ends in the name."""
    return next((value for iri, value in extensions.items() if re.split(r"[/#:]", iri)[-1] == name), None)
