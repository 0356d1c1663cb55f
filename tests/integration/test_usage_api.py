"""GET /v1/usage over a library whose answers a model gave."""

from __future__ import annotations

import pytest

from baize.testing.scripted_chat_model import ScriptedChatModel
from tests.unit.api.library import opens, served, settings

pytestmark = pytest.mark.anyio


async def test_what_answers_used_is_reported_with_its_cost() -> None:
    """Tokens and cost by day, course and model, and in all; a course that was not asked about has none."""
    said = ["量血压之前，先安静坐五分钟。[1][2][3]"]
    chat = ScriptedChatModel(said, said, name="deepseek-flash")
    # Reused, the second answer would cost nothing.
    chosen = settings(answers={"reuse": "off"})
    async with served(chosen, open_house=opens(chat=chat)) as client:
        asked = {"question": "量血压之前坐多久？", "scope": {"course_ids": ["health"]}}
        answers = [(await client.post("/v1/answers", json=asked)).json() for _ in range(2)]
        report = (await client.get("/v1/usage")).json()
        none = (await client.get("/v1/usage", params={"course_id": "sheets"})).json()
        refused = await client.get("/v1/usage", params={"from": "2026-12-01", "to": "2026-01-01"})
    assert all(answer["cost"] > 0 for answer in answers)
    assert report["currency"] == "CNY"
    (line,) = report["items"]
    assert (line["course_id"], line["model"], line["answers"]) == ("health", "deepseek-flash", 2)
    assert report["total"]["prompt_tokens"] == sum(answer["usage"]["prompt_tokens"] for answer in answers)
    assert report["total"]["cost"] == pytest.approx(sum(answer["cost"] for answer in answers), abs=1e-6)
    assert none["items"] == []
    assert none["total"]["answers"] == 0
    assert refused.status_code == 422


async def test_the_first_days_of_the_calendar_are_days() -> None:
    """No answer is of them, and nothing fails."""
    async with served() as client:
        told = await client.get("/v1/usage", params={"to": "0001-01-02"})
    assert told.status_code == 200
    assert (told.json()["first_day"], told.json()["items"]) == ("0001-01-01", [])
