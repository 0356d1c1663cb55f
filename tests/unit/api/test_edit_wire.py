"""What a course team is told of a line that cannot be taken."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from baize.api.edit_wire import SummaryPut
from baize.api.field_words import wrong_fields

SPAN = {"char_start": 1, "char_end": 2}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"kind": "pdf", "file": "a.pdf"} | SPAN, [": its kind must be 'time' or 'text'"]),
        ({"kind": ["text"]}, [": its kind must be 'time' or 'text'"]),
        ({"kind": "text"} | SPAN, [".file: this field is missing"]),
        ({"kind": "time", "start": 1}, [".end: this field is missing"]),
        ({"start": 1}, [".end: this field is missing"]),
        ({"start": 2, "end": 1}, [": a span must end after it starts"]),
        ({"kind": "time", "start": 1, "end": 2, "file": "a"}, [".file: there is no such field"]),
        (5, [": must be an object"]),
    ],
)
def test_of_a_wrong_place_only_its_own_kind_is_told(place: Any, told: list[str]) -> None:
    """With what is allowed, where there is no such kind."""
    sent = {"lines": [{"text": "先静坐。", "locators": [place]}]}
    with pytest.raises(ValidationError) as failed:
        SummaryPut.model_validate(sent)
    found = wrong_fields([(entry["loc"], entry) for entry in failed.value.errors()], sent)
    assert [f"{one.dotted}: {one.message}" for one in found] == [f"lines.0.locators.0{one}" for one in told]
