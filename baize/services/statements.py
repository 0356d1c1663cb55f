"""A learner's rows → xAPI 1.0.3 statements (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md).

What a learner did is told; what one likes, keeps as a card or is remembered by is no activity and is not.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from baize.domain.record import Row

_NAMESPACE = uuid.UUID("6f0a5b62-3b0e-5d0c-9d0b-7b6a5e4d3c2b")

_ASKED = ("http://adlnet.gov/expapi/verbs/asked", "asked", "提问")
_COMMENTED = ("http://adlnet.gov/expapi/verbs/commented", "commented", "评价")
_ANSWERED = ("http://adlnet.gov/expapi/verbs/answered", "answered", "作答")
_REVIEWED = ("http://id.tincanapi.com/verb/reviewed", "reviewed", "复习")
_PROGRESSED = ("http://adlnet.gov/expapi/verbs/progressed", "progressed", "学习")
_COMPLETED = ("http://adlnet.gov/expapi/verbs/completed", "completed", "完成")
_SEGMENTS = "https://w3id.org/xapi/video/extensions/played-segments"
"""`0[.]12.5[,]40[.]61` (https://profiles.adlnet.gov/profile/90b2c698-ca64-4a17-a1ee-3dd2dab32bd5)."""


def statements(
    platform_id: str, learner_id: str, records: Mapping[str, Sequence[Row]]
) -> list[dict[str, Any]]:
    """Those that were told, as they came, and what the other rows tell of activities; oldest first.

    The same row gives the same statement with the same id.
    """
    told = [json.loads(row["statement"]) for row in records.get("statements", ())]
    told += [
        _whole(platform_id, learner_id, table, part)
        for table, make in _MAKERS.items()
        for row in records.get(table, ())
        for part in make(platform_id, row)
    ]
    return sorted(told, key=lambda statement: (_instant(statement), statement["id"]))


def _instant(statement: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(statement["timestamp"])


def _whole(platform_id: str, learner_id: str, table: str, part: dict[str, Any]) -> dict[str, Any]:
    at, key = part.pop("at"), part.pop("key", None)
    name = "|".join((platform_id, learner_id, table, key or part["object"]["id"]))
    return {
        "id": str(uuid.uuid5(_NAMESPACE, name)),
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": f"urn:baize:platform:{quote(platform_id)}", "name": learner_id},
        },
        **part,
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
    }


def _asked(platform_id: str, row: Row) -> Iterator[dict[str, Any]]:
    answer = row["answer"]
    yield {
        "verb": _verb(_ASKED),
        "object": _activity(platform_id, "question", row["answer_id"], answer["question"]),
        "result": {"response": answer["text"], "success": not answer["refusal"]},
        "at": row["stored_at"],
    }


def _commented(platform_id: str, row: Row) -> Iterator[dict[str, Any]]:
    said = row["correction"] or row["reason"] or row["rating"]
    yield {
        "verb": _verb(_COMMENTED),
        "object": _activity(platform_id, "answer", row["answer_id"], ""),
        "result": {"response": said, "score": {"scaled": 1.0 if row["rating"] == "up" else -1.0}},
        "at": row["given_at"],
    }


def _answered(platform_id: str, row: Row) -> Iterator[dict[str, Any]]:
    """An uncertain one is neither right nor wrong."""
    result: dict[str, Any] = {"response": row["given"]}
    if row["verdict"] != "uncertain":
        result["success"] = row["verdict"] == "correct"
    yield {
        "verb": _verb(_ANSWERED),
        "object": _activity(platform_id, "item", row["item_id"], ""),
        "result": result,
        "context": _within(platform_id, "lesson", row["lesson_id"]),
        "at": row["attempted_at"],
        "key": row["attempt_id"],
    }


def _reviewed(platform_id: str, row: Row) -> Iterator[dict[str, Any]]:
    yield {
        "verb": _verb(_REVIEWED),
        "object": _activity(platform_id, "card", row["card_id"], ""),
        "result": {"response": row["recall"], "success": row["recall"] != "again"},
        "at": row["reviewed_at"],
        "key": f"{row['card_id']}|{row['reviewed_at']!r}",
    }


def _saw(platform_id: str, row: Row) -> Iterator[dict[str, Any]]:
    """What was watched until now, and the completion. What is told later is another statement."""
    part = {
        "object": _activity(platform_id, "lesson", row["lesson_id"], ""),
        "context": _within(platform_id, "course", row["course_id"]),
    }
    if spans := row["spans"]:
        segments = "[,]".join(f"{round(span['start'], 3)}[.]{round(span['end'], 3)}" for span in spans)
        watched = sum(span["end"] - span["start"] for span in spans)
        yield {
            "verb": _verb(_PROGRESSED),
            **part,
            "result": {"extensions": {_SEGMENTS: segments}, "duration": f"PT{watched:.2f}S"},
            "at": row["updated_at"],
            "key": f"{row['lesson_id']}|{row['updated_at']!r}",
        }
    if row["completed_at"] is not None:
        yield {
            "verb": _verb(_COMPLETED),
            **part,
            "result": {"completion": True},
            "at": row["completed_at"],
            "key": f"{row['lesson_id']}|completed|{row['completed_at']!r}",
        }


def _archived(platform_id: str, row: Row) -> Iterator[dict[str, Any]]:
    """As the archive reports it; a record that says something else is another statement."""
    reported = {
        name: row[name] for name in ("credits", "certificate", "issuer") if row[name] not in (None, "")
    }
    result: dict[str, Any] = {"completion": True}
    if reported:
        result["extensions"] = {f"urn:baize:extension:{name}": value for name, value in reported.items()}
    yield {
        "verb": _verb(_COMPLETED),
        "object": _activity(platform_id, "course", row["course_id"], row["title"]),
        "result": result,
        "at": row["completed_at"],
        "key": f"{row['record_id']}|{row['imported_at']!r}",
    }


_MAKERS: Mapping[str, Callable[[str, Row], Iterator[dict[str, Any]]]] = {
    "answers": _asked,
    "feedback": _commented,
    "attempts": _answered,
    "reviews": _reviewed,
    "progress": _saw,
    "archive": _archived,
}


def _within(platform_id: str, kind: str, name: str) -> dict[str, Any]:
    return {"contextActivities": {"parent": [_activity(platform_id, kind, name, "")]}}


def _verb(verb: tuple[str, str, str]) -> dict[str, Any]:
    iri, english, chinese = verb
    return {"id": iri, "display": {"en-US": english, "zh-CN": chinese}}


def _activity(platform_id: str, kind: str, name: str, title: str) -> dict[str, Any]:
    activity: dict[str, Any] = {
        "objectType": "Activity",
        "id": f"urn:baize:{kind}:{quote(platform_id)}:{quote(name)}",
    }
    return activity | ({"definition": {"name": {"und": title}}} if title else {})
