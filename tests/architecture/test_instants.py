"""An instant has one form at every door: RFC 3339 in UTC. Numbers are seconds of media and lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Double, Float

from baize.adapters.db.learner_rows import learner_tables
from baize.api.app import create_app
from baize.api.record_wire import is_instant
from baize.settings import Settings

INSTANT = re.compile(r"(^due|(^|_)(at|until|before|since|timestamp|stored|created|expires))$")
SECOND_OF_MEDIA = {("QuizItemBody", "ask_at")}
OPENAI = {(name, "created") for name in ("Completion", "CompletionChunk", "ModelCard")}
"""OpenAI's API has whole seconds since the epoch there, and its clients read them."""
NUMBERS = {"credits", "difficulty", "stability", "speech_rate", "support", "scheduled_s", "cost"}


def _fields() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for schema, body in create_app(Settings()).openapi()["components"]["schemas"].items():
        for name, field in body.get("properties", {}).items():
            yield schema, name, field


def _forms(field: dict[str, Any]) -> set[str]:
    kinds = [field, *field.get("anyOf", ())]
    return {kind.get("format") or kind["type"] for kind in kinds if "type" in kind} - {"null"}


def test_instants_of_the_api_are_rfc_3339() -> None:
    """Of what is sent and of what is asked for."""
    told = {(schema, name): _forms(field) for schema, name, field in _fields() if INSTANT.search(name)}
    assert len(told) > 20
    others = {field for field, forms in told.items() if forms & {"number", "integer"}}
    assert others == SECOND_OF_MEDIA | OPENAI


def test_no_field_is_described_as_seconds_since_the_epoch() -> None:
    """Under whichever name."""
    assert [
        (schema, name) for schema, name, field in _fields() if "epoch" in field.get("description", "")
    ] == []


def test_every_number_with_a_fraction_in_the_export_is_told_for_what_it_is() -> None:
    """A new column of instants is named as one, or its export would hold a bare number."""
    columns = {
        column.name
        for table in learner_tables()
        for column in table.columns
        if isinstance(column.type, Double | Float)
    }
    assert {name for name in columns if not is_instant(name)} <= NUMBERS
    assert {name for name in columns if is_instant(name)} >= {"due", "stored_at", "completed_at"}
