"""A learner's rows → xAPI 1.0.3 statements (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md).

What has a verb of its own is told; what a learner likes, or what is remembered, is no activity and is not.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from baize.domain.record import Row

_NAMESPACE = uuid.UUID("6f0a5b62-3b0e-5d0c-9d0b-7b6a5e4d3c2b")

_ASKED = ("http://adlnet.gov/expapi/verbs/asked", "asked", "提问")
_COMMENTED = ("http://adlnet.gov/expapi/verbs/commented", "commented", "评价")


def statements(
    platform_id: str, learner_id: str, records: Mapping[str, Sequence[Row]]
) -> list[dict[str, Any]]:
    """One statement for each row that tells of an activity, oldest first; always the same ones."""
    told = [
        _whole(platform_id, learner_id, table, make(platform_id, row))
        for table, make in _MAKERS.items()
        for row in records.get(table, ())
    ]
    return sorted(told, key=lambda statement: (statement["timestamp"], statement["id"]))


def _whole(platform_id: str, learner_id: str, table: str, part: dict[str, Any]) -> dict[str, Any]:
    at = part.pop("at")
    name = "|".join((platform_id, learner_id, table, part["object"]["id"]))
    return {
        "id": str(uuid.uuid5(_NAMESPACE, name)),
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": f"urn:baize:platform:{quote(platform_id)}", "name": learner_id},
        },
        **part,
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
    }


def _asked(platform_id: str, row: Row) -> dict[str, Any]:
    answer = row["answer"]
    return {
        "verb": _verb(_ASKED),
        "object": _activity(platform_id, "question", row["answer_id"], answer["question"]),
        "result": {"response": answer["text"], "success": not answer["refusal"]},
        "at": row["stored_at"],
    }


def _commented(platform_id: str, row: Row) -> dict[str, Any]:
    said = row["correction"] or row["reason"] or row["rating"]
    return {
        "verb": _verb(_COMMENTED),
        "object": _activity(platform_id, "answer", row["answer_id"], ""),
        "result": {"response": said, "score": {"scaled": 1.0 if row["rating"] == "up" else -1.0}},
        "at": row["given_at"],
    }


_MAKERS: Mapping[str, Callable[[str, Row], dict[str, Any]]] = {"answers": _asked, "feedback": _commented}


def _verb(verb: tuple[str, str, str]) -> dict[str, Any]:
    iri, english, chinese = verb
    return {"id": iri, "display": {"en-US": english, "zh-CN": chinese}}


def _activity(platform_id: str, kind: str, name: str, title: str) -> dict[str, Any]:
    activity: dict[str, Any] = {
        "objectType": "Activity",
        "id": f"urn:baize:{kind}:{quote(platform_id)}:{quote(name)}",
    }
    return activity | ({"definition": {"name": {"und": title}}} if title else {})
