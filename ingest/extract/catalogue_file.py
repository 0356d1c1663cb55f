"""A catalogue file (JSON Lines or CSV) to its entries, one by one, so that it is never whole in memory.

A line that cannot be used is told with its number and what to do; the rest goes on.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from baize.errors import InvalidInput, InvalidManifest, UnreadableSource
from ingest.extract.days import day_of
from ingest.extract.encoding import decode_text
from ingest.extract.languages import language_of_tag

SUFFIXES = frozenset((".jsonl", ".ndjson", ".csv", ".tsv"))

_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "course_id", "identifier", "编号", "课程编号"),
    "title": ("title", "name", "course_title", "标题", "课程名称", "名称"),
    "description": ("description", "summary", "abstract", "about", "简介", "课程简介", "描述"),
    "tags": ("tags", "keywords", "subjects", "subject", "category", "标签", "分类", "关键词"),
    "level": ("level", "difficulty", "难度", "级别"),
    "language": ("language", "lang", "语言"),
    "url": ("url", "link", "course_url", "链接"),
    "prerequisites": ("prerequisites",),
    "same_as": ("same_as",),
    "published_at": ("published_at", "published", "发布时间", "发布日期", "上线时间"),
}
"""Our fields, and what other catalogues call them; the first that an entry has counts."""
_LEVELS = {
    "beginner": (
        "beginner",
        "beginner level",
        "introductory",
        "intro",
        "basic",
        "入门",
        "初级",
        "基础",
        "零基础",
    ),
    "intermediate": ("intermediate", "intermediate level", "中级", "进阶", "提高"),
    "advanced": ("advanced", "advanced level", "expert", "expert level", "高级", "精通"),
}
_LANGUAGES = {
    "chinese": "zh", "中文": "zh", "汉语": "zh", "普通话": "zh", "mandarin": "zh", "english": "en",
    "英语": "en", "英文": "en", "spanish": "es", "español": "es", "french": "fr", "german": "de",
    "japanese": "ja", "日语": "ja", "russian": "ru", "korean": "ko", "portuguese": "pt", "italian": "it",
    "arabic": "ar",
}  # fmt: skip
_MAX_LINE_BYTES = 1_000_000
_MAX_TITLE, _MAX_DESCRIPTION, _MAX_ID, _MAX_URL = 500, 20_000, 512, 2_000
_MAX_TAGS = 50
_SNIFFED_BYTES = 65_536
_BETWEEN_TAGS = re.compile(r"[;；,，、|]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A course as one catalogue describes it.

    Attributes:
        external_id: as the catalogue writes it.
        level: `beginner`, `intermediate`, `advanced`, or empty where it is none of them.
        language: ISO 639-1; empty where it is not given or not known.
        same_as: the canonical id of the course that it is, where another source docked it already.
        published_at: the day, `2026-05-31`; empty where it is not given or no day.
        place: where it stands, for messages: `catalogue.csv:12`.
    """

    external_id: str
    title: str
    description: str = ""
    tags: tuple[str, ...] = ()
    level: str = ""
    language: str = ""
    url: str = ""
    prerequisites: tuple[str, ...] = ()
    same_as: str = ""
    place: str = ""
    published_at: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A course that the catalogue says is gone."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that is no entry, and why. `external_id` where that much could be read."""

    problem: InvalidInput
    external_id: str = ""


Bad = Callable[[str, str], InvalidManifest]


@dataclass
class _Line:
    """Where the reader is, for messages."""

    path: Path
    number: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    def bad(self, message: str, remedy: str) -> InvalidManifest:
        return InvalidManifest(message, remedy=remedy, path=str(self.path), line=self.number)


def read_catalogue(path: Path) -> Iterator[CatalogueEntry | Unusable]:
    """Every entry in file order; blank lines do not count.

    Raises:
        UnreadableSource: the file cannot be opened, or its encoding is not known.
        InvalidManifest: a CSV file has no header with id and title.
    """
    line = _Line(path)
    rows = _csv_rows(line) if path.suffix.lower() in (".csv", ".tsv") else _json_rows(line)
    for row in rows:
        if isinstance(row, InvalidInput):
            yield Unusable(row)
            continue
        external_id = ""
        try:
            external_id = _text(row, "id", _MAX_ID, line.bad)
            _check_id(external_id, line)
            yield entry_of(row, external_id, f"{path}:{line.number}", line.bad)
        except InvalidManifest as problem:
            yield Unusable(problem, external_id)


def entry_of(row: Mapping[str, Any], external_id: str, place: str, bad: Bad) -> CatalogueEntry:
    """The entry of a row of fields, named in lower case.

    Args:
        bad: makes the error of a field that cannot be used, from a message and a remedy.

    Raises:
        InvalidManifest: there is no title, or a field is too long or no text.
    """
    title = _text(row, "title", _MAX_TITLE, bad)
    if not title:
        raise bad("The course has no title.", "Give it a title.")
    url = _text(row, "url", _MAX_URL, bad)
    # It becomes a link on the platform's page.
    if url and not re.match(r"https?://[^\s<>\"]+$", url):
        raise bad(f"{url[:80]} is no web address.", "Write the url as https://…, or leave it out.")
    same_as = _text(row, "same_as", _MAX_ID, bad)
    return CatalogueEntry(
        external_id,
        title,
        _text(row, "description", _MAX_DESCRIPTION, bad, lines=True),
        _list(row, "tags", bad),
        _level(_text(row, "level", _MAX_TITLE, bad)),
        _language(_text(row, "language", _MAX_TITLE, bad)),
        url,
        _list(row, "prerequisites", bad),
        same_as,
        place,
        _day(_text(row, "published_at", _MAX_TITLE, bad)),
    )


def _day(written: str) -> str:
    try:
        return day_of(written)
    except ValueError:
        return ""


def _check_id(external_id: str, line: _Line) -> None:
    if not external_id:
        raise line.bad("The course has no id.", "Give each course a stable id of its own.")
    if external_id in line.seen:
        raise line.bad(
            f"The id {external_id} is given twice, first in line {line.seen[external_id]}.",
            "Give each course its own.",
        )
    line.seen[external_id] = line.number


def _json_rows(line: _Line) -> Iterator[Mapping[str, Any] | InvalidInput]:
    with _opened(line.path) as file:
        # A line without an end is read in pieces, so that it cannot fill the memory.
        while raw := file.readline(_MAX_LINE_BYTES + 1):
            line.number += 1
            if len(raw) > _MAX_LINE_BYTES:
                while not raw.endswith(b"\n") and (raw := file.readline(_MAX_LINE_BYTES)):
                    pass
                yield line.bad(
                    f"The line is longer than {_MAX_LINE_BYTES:,} bytes.", "Shorten the description."
                )
            elif raw.strip():
                yield _json_row(raw, line)


def _json_row(raw: bytes, line: _Line) -> Mapping[str, Any] | InvalidInput:
    try:
        row = json.loads(raw.decode("utf-8-sig" if line.number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return line.bad("This line is not UTF-8.", "Save the file as UTF-8.")
    except (ValueError, RecursionError):
        return line.bad("This line is no JSON.", 'Write one course a line: {"id": "…", "title": "…"}.')
    if not isinstance(row, dict):
        return line.bad("This line is no JSON object.", 'Write one course a line: {"id": "…", "title": "…"}.')
    return {name.lower(): value for name, value in row.items()}


def _csv_rows(line: _Line) -> Iterator[Mapping[str, Any] | InvalidInput]:
    encoding, delimiter = _sniff(line.path)
    with line.path.open(encoding=encoding, newline="") as file:
        # A line without an end is read in pieces, so that it cannot fill the memory.
        pieces = iter(lambda: file.readline(_MAX_LINE_BYTES + 1), "")
        reader = csv.reader(_bounded(pieces), delimiter=delimiter)
        try:
            header = [name.strip().lower() for name in next(reader, [])]
            line.number = 1
            if not all(set(_NAMES[key]) & set(header) for key in ("id", "title")):
                raise line.bad(
                    "The first line does not name the columns id and title.",
                    "Write a header, e.g. id,title,description,tags,level,language,url.",
                )
            for cells in reader:
                line.number = reader.line_num
                if len(cells) > len(header):
                    yield line.bad(
                        f"The row has {len(cells)} cells, the header {len(header)}.",
                        "Put text that holds a comma in double quotes.",
                    )
                elif any(cell.strip() for cell in cells):
                    yield dict(zip(header, cells, strict=False))
        except UnicodeDecodeError:
            line.number = reader.line_num + 1
            yield line.bad(f"From here the text is no {encoding}.", "Save the whole file as UTF-8.")
        except csv.Error as error:
            line.number = reader.line_num
            yield line.bad(f"The row cannot be read ({error}).", "Export the file again as CSV.")


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    """A quote that is never closed would make one cell of the whole file; `csv` limits a cell to 128 KB."""
    for text in lines:
        if len(text) > _MAX_LINE_BYTES:
            raise csv.Error(f"a line is longer than {_MAX_LINE_BYTES:,} characters")
        yield text


def _sniff(path: Path) -> tuple[str, str]:
    """(encoding, delimiter) from the beginning of the file."""
    with _opened(path) as file:
        beginning = file.read(_SNIFFED_BYTES)
    if not beginning:
        raise InvalidManifest("The catalogue is empty.", remedy="Export it again.", path=str(path))
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        header = beginning.decode("utf-16", "ignore").split("\n", 1)[0]
        return "utf-16", max(",\t;", key=header.count)
    whole_lines = beginning[: beginning.rfind(b"\n") + 1] or beginning
    encoding = "utf-8-sig"
    try:
        text = whole_lines.decode(encoding)
    except UnicodeDecodeError:
        text = decode_text(whole_lines, path)
        usual = ("gb18030", "big5", "cp1252")
        encoding = next((name for name in usual if _decodes(whole_lines, name, text)), "utf-8")
    header = text.split("\n", 1)[0]
    return encoding, max(",\t;", key=header.count)


def _decodes(raw: bytes, encoding: str, text: str) -> bool:
    try:
        return raw.decode(encoding) == text
    except UnicodeDecodeError:
        return False


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise UnreadableSource(
            f"The catalogue cannot be opened ({error.strerror}).",
            remedy="Check that it exists and may be read.",
            path=str(path),
        ) from error


def _value(row: Mapping[str, Any], key: str) -> Any:
    return next((row[name] for name in _NAMES[key] if row.get(name) not in (None, "")), None)


def _text(row: Mapping[str, Any], key: str, limit: int, bad: Bad, *, lines: bool = False) -> str:
    value = _value(row, key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise bad(f"{key} is no text.", f"Write {key} as one text.")
    text = str(value)
    parts = [" ".join(_CONTROL.sub(" ", part).split()) for part in (text.splitlines() if lines else [text])]
    text = "\n".join(part for part in parts if part)
    if len(text) > limit:
        raise bad(f"{key} has {len(text):,} characters.", f"Shorten it to {limit:,}.")
    return text


def _list(row: Mapping[str, Any], key: str, bad: Bad) -> tuple[str, ...]:
    value = _value(row, key)
    if value is None:
        return ()
    items = value if isinstance(value, list) else _BETWEEN_TAGS.split(str(value))
    if not all(isinstance(item, str | int | float) for item in items):
        raise bad(f"{key} is no list of texts.", f'Write {key} as ["…", "…"].')
    texts = [" ".join(_CONTROL.sub(" ", str(item)).split()) for item in islice(items, _MAX_TAGS)]
    return tuple(dict.fromkeys(text[:_MAX_TITLE] for text in texts if text))


def _level(written: str) -> str:
    return next((level for level, names in _LEVELS.items() if written.lower() in names), "")


def _language(written: str) -> str:
    first = re.split(r"[\s,，(（/-]", written.strip().lower(), maxsplit=1)[0]
    language = _LANGUAGES.get(first) or (language_of_tag(written) if len(written) <= 12 else "")
    return "" if "-" in language else language
