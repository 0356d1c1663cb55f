"""A learner's rows as xAPI statements, each of which the house's own door takes."""

from __future__ import annotations

import json
from typing import Any

from baize.api.statement_wire import StatementBody
from baize.domain.record import Row
from baize.services.statements import statements

ATTEMPT = {"attempt_id": "a1", "item_id": "l~q1", "lesson_id": "l", "given": "五分钟", "attempted_at": 40.0}
KEPT = {
    "id": "0f3c1f6e-2f53-4f8e-9d8e-0b6a5d1f7a10",
    "actor": {"account": {"homePage": "https://learn.example", "name": "lin"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
    "object": {"id": "https://learn.example/club"},
    "timestamp": "1970-01-01T08:00:05+08:00",
}
RECORDS: dict[str, list[Row]] = {
    "attempts": [
        ATTEMPT | {"verdict": "correct"},
        ATTEMPT | {"attempt_id": "a2", "verdict": "wrong", "attempted_at": 41.0},
        ATTEMPT | {"attempt_id": "a3", "verdict": "uncertain", "attempted_at": 42.0},
    ],
    "reviews": [
        {"card_id": "l~q1", "recall": "again", "reviewed_at": 50.0},
        {"card_id": "l~q1", "recall": "good", "reviewed_at": 60.0},
    ],
    "progress": [
        {
            "lesson_id": "l",
            "course_id": "c",
            "spans": [{"start": 0.0, "end": 12.5}, {"start": 40.0, "end": 61.0}],
            "completed_at": 30.0,
            "updated_at": 20.0,
        },
        {"lesson_id": "m", "course_id": "c", "spans": [], "completed_at": None, "updated_at": 21.0},
    ],
    "archive": [
        {
            "record_id": "r",
            "course_id": "d",
            "title": "健康",
            "credits": 1.5,
            "certificate": "",
            "issuer": "",
            "completed_at": 70.0,
            "imported_at": 80.0,
        },
    ],
    "statements": [{"statement": json.dumps(KEPT)}],
}


def told() -> list[dict[str, Any]]:
    return statements("p", "lin", RECORDS)


def test_what_a_learner_did_is_told_in_order() -> None:
    """By instant, whatever its zone; the stored one as it came; nothing of a lesson that was not watched."""
    verbs = [one["verb"]["id"].rpartition("/")[2] for one in told()]
    assert verbs == ["attended", "progressed", "completed", *["answered"] * 3, *["reviewed"] * 2, "completed"]
    assert told()[0] == KEPT
    progressed, completed = told()[1:3]
    segments = "https://w3id.org/xapi/video/extensions/played-segments"
    assert progressed["result"] == {
        "extensions": {segments: "0.0[.]12.5[,]40.0[.]61.0"},
        "duration": "PT33.50S",
    }
    assert completed["result"] == {"completion": True}
    assert [one["result"].get("success") for one in told()[3:]] == [True, False, None, False, True, None]
    reported = {"urn:baize:extension:credits": 1.5}
    assert told()[-1]["result"] == {"completion": True, "extensions": reported}


def test_ids_stay_and_differ() -> None:
    """From one export to the next; more progress in the same lesson is another statement."""
    ids = [one["id"] for one in told()]
    assert ids == [one["id"] for one in told()]
    assert len(set(ids)) == len(ids)
    later = RECORDS | {"progress": [RECORDS["progress"][0] | {"updated_at": 25.0}]}  # type: ignore[operator]
    assert statements("p", "lin", later)[1]["id"] not in ids


def test_each_is_valid() -> None:
    """By the rules that statements from outside are held to."""
    for one in told():
        StatementBody.model_validate(one)
