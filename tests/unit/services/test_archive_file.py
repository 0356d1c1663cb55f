"""Lines of an archive: what is read of each form, and what is said of lines that cannot be."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from baize.domain.archive import Completion, Unusable
from baize.errors import InvalidInput
from baize.services.archive_file import Format, Line, Other, Reading, read_archive

NOON = 1_780_200_000.0
"""2026-05-31 12:00 in Beijing."""
READING = Reading("p", NOON + 86_400, ZoneInfo("Asia/Shanghai"))
MIDNIGHT = NOON - 12 * 3600
HEAD = "learner_id,course_id,completed_at,credits,certificate,title,issuer,record_id"


def read(text: str, form: Format = "csv") -> list[Line]:
    return list(read_archive(text.splitlines(keepends=True), form, READING))


def problem(line: Line) -> tuple[int, str]:
    assert isinstance(line, Unusable)
    assert line.remedy
    return line.line, line.problem


def test_a_whole_record() -> None:
    """As it is reported; where there is no id of the record, the course is it."""
    whole = 'lin,elder-health,2026-05-31T12:00:00+08:00,1.5,证-7,"健康, 一",老年大学,r1'
    assert read(f"\ufeff{HEAD}\r\n{whole}\r\n\r\nlin,c,2026-05-31\r\n") == [
        Completion("p", "lin", "r1", "elder-health", NOON, "健康, 一", 1.5, "证-7", "老年大学"),
        Completion("p", "lin", "c", "c", MIDNIGHT),
    ]


def test_chinese_headers_and_dates() -> None:
    """As spreadsheets of Chinese platforms write them."""
    rows = ["张,c,2026年5月31日,2", "张,d,2026/5/31 9:30,", "张,e,2026-05-31 12:00:00,0"]
    found = read("\n".join(["学员编号,课程编号,完成时间,学分", *rows]))
    assert [(one.completed_at, one.credits) for one in found if isinstance(one, Completion)] == [
        (MIDNIGHT, 2.0),
        (MIDNIGHT + 9.5 * 3600, None),
        (NOON, 0.0),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",c,2026-05-31", "learner_id is missing."),
        ("lin,a b,2026-05-31", "course_id is no id."),
        ("lin,c,", "completed_at is missing."),
        ("lin,c,31.05.26", "completed_at is no date or instant."),
        ("lin,c,2027-05-31", "completed_at is before 1970-01-01, or has not come yet."),
        ("lin,c,2026-05-31,-1", "credits is no number from 0 to 100000."),
        ("lin,c,2026-05-31,nan", "credits is no number from 0 to 100000."),
        ("lin,c,2026-05-31,1,x\x00y", "certificate is longer than 500 characters, or not on one line."),
        ('lin,"c,2026-05-31', "This is no line of CSV."),
        ("lin,c,2026-05-31,1,2,3,4,5,6", "The line has 9 cells, the header 8."),
    ],
)
def test_a_bad_line_spoils_no_other(line: str, said: str) -> None:
    """It is told with its number, and without what stands in it."""
    before, bad, after = read(f"{HEAD}\nlin,c,2026-05-31\n{line}\nlin,d,2026-05-31\n")
    assert isinstance(before, Completion)
    assert isinstance(after, Completion)
    assert problem(bad) == (3, said)


def test_a_file_of_another_kind_is_refused() -> None:
    """With what it lacks."""
    with pytest.raises(InvalidInput, match="course_id, completed_at"):
        read("learner_id,title\nlin,x\n")
    with pytest.raises(InvalidInput, match="names no column"):
        read("")
    with pytest.raises(InvalidInput, match="no JSON"):
        read("{", "json")
    with pytest.raises(InvalidInput, match="no array"):
        read('"x"', "json")


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0f3c1f6e-2f53-4f8e-9d8e-0b6a5d1f7a10",
        "actor": {"account": {"homePage": "https://learn.example", "name": "lin"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {
            "id": "https://learn.example/courses/elder-health",
            "definition": {
                "name": {"en": "Health", "zh-CN": "健康"},
                "type": "http://adlnet.gov/expapi/activities/course",
            },
        },
        "result": {
            "completion": True,
            "extensions": {"https://learn.example/x/credits": 2, "urn:x:certificate": "证-7"},
        },
        "timestamp": "2026-05-31T04:00:00Z",
    } | changes


def test_statements_and_records_in_json() -> None:
    """An array, a StatementResult, or one a line; other statements are no mistake."""
    lesson = {"id": "https://x/l", "definition": {"type": "http://adlnet.gov/expapi/activities/lesson"}}
    items: list[Any] = [
        statement(),
        statement(verb={"id": "http://adlnet.gov/expapi/verbs/attempted"}),
        statement(object=lesson),
        statement(result={"success": False}),
        {"learner_id": 7, "course_id": "c", "completed_at": "2026-05-31", "credits": "0.5"},
        statement(actor={"mbox": "mailto:x@example.com"}),
        statement(object={"id": "https://learn.example/"}),
        [],
        {"learner_id": "lin", "course_id": "c", "completed_at": 5, "title": 7},
    ]
    done = Completion("p", "lin", items[0]["id"], "elder-health", NOON, "健康", 2.0, "证-7")
    for text, form in (
        (json.dumps(items, indent=1), "json"),
        (json.dumps({"statements": items}), "json"),
        ("\n".join(json.dumps(item) for item in items), "jsonl"),
    ):
        found = read(text, form)  # type: ignore[arg-type]
        assert found[:5] == [
            done,
            Other(),
            Other(),
            Other(),
            Completion("p", "7", "c", "c", MIDNIGHT, credits=0.5),
        ]
        assert [problem(one) for one in found[5:]] == [
            (6, "The actor has no account."),
            (7, "object.id is missing."),
            (8, "This is no JSON object."),
            (9, "completed_at is no date or instant."),
        ]
    assert problem(read("{\n", "jsonl")[0]) == (1, "This is no JSON.")


def test_our_own_iri_of_a_course() -> None:
    """As the export writes it, back."""
    (found,) = read(json.dumps([statement(object={"id": "urn:baize:course:p:a%3Ab"})]), "json")
    assert isinstance(found, Completion)
    assert found.course_id == "a:b"


def test_hostile_json_ends_nothing() -> None:
    """Deep, or with numbers that no float holds."""
    deep = "[" * 100_000
    big = '{"learner_id": "a", "course_id": "c", "completed_at": "2026-05-31", "credits": 1' + "0" * 400 + "}"
    found = read(f"{deep}\n{big}\n{json.dumps(statement(result=[]))}\n", "jsonl")
    assert [problem(one)[0] for one in found] == [1, 2, 3]
