"""Capabilities, preferences, feedback and spoken questions over HTTP."""

from __future__ import annotations

import pytest

from baize.bootstrap import House
from baize.domain.text import Cue
from baize.services.dictate import MAX_BYTES, Dictation
from baize.testing.scripted_transcriber import ScriptedTranscriber
from tests.unit.api.library import opens, served

pytestmark = pytest.mark.anyio


def speaking(*cues: Cue) -> ScriptedTranscriber:
    return ScriptedTranscriber({"recording": cues})


def hearing(*cues: Cue) -> object:
    def prepare(house: House) -> None:
        house.__dict__["transcriber"] = speaking(*cues)
        house.__dict__["dictation"] = Dictation(speaking(*cues), lambda _file, _seconds: False)

    return opens(prepare=prepare)


async def test_capabilities_say_what_there_is() -> None:
    """Modes, and how much may be said at once."""
    async with served(open_house=hearing()) as client:
        told = (await client.get("/v1/capabilities")).json()

    assert told["modes"] == ["explain", "guide", "test"]
    assert told["learner_id"] is None
    assert told["transcriptions"] == {"max_bytes": MAX_BYTES, "max_seconds": 60.0}


async def test_preferences_are_remembered() -> None:
    """Nothing first; then what was chosen; a field that nobody knows is refused by name."""
    async with served() as client:
        path = "/v1/learners/u1/preferences"
        before = (await client.get(path)).json()
        put = await client.put(path, json={"elder": True, "speech_rate": 0.75})
        after = (await client.get(path)).json()
        wrong = await client.put(path, json={"elderly": True})

    assert before == {}
    assert put.status_code == 200
    assert after == {"elder": True, "theme": "auto", "read_aloud": False, "speech_rate": 0.75}
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "elderly"


async def test_feedback_reaches_the_course_team_with_its_question() -> None:
    """Thumbs and correction stand beside the question, and an answer must exist."""
    async with served() as client:
        answer = (await client.post("/v1/answers", json={"question": "量血压之前坐多久？"})).json()
        body = {"answer_id": answer["answer_id"], "rating": "down", "reason": "wrong", "correction": "五分钟"}
        said = await client.post("/v1/feedback", json=body)
        items = (await client.get("/v1/feedback")).json()["items"]
        lost = await client.post("/v1/feedback", json={"answer_id": "nothing", "rating": "up"})

    assert said.status_code == 204
    assert [(item["question"], item["rating"], item["correction"]) for item in items] == [
        ("量血压之前坐多久？", "down", "五分钟")
    ]
    assert items[0]["text"] == answer["text"]
    assert lost.status_code == 404


async def test_feedback_comes_in_pages() -> None:
    """Newest first, each once; the last page says so, and what is no cursor is refused."""
    async with served() as client:
        answers = [
            (await client.post("/v1/answers", json={"question": f"量血压之前坐多久？{n}"})).json()[
                "answer_id"
            ]
            for n in range(3)
        ]
        for answer_id in answers:
            await client.post("/v1/feedback", json={"answer_id": answer_id, "rating": "up"})
        whole = [one["answer_id"] for one in (await client.get("/v1/feedback")).json()["items"]]
        first = (await client.get("/v1/feedback?limit=2")).json()
        rest = (await client.get(f"/v1/feedback?limit=2&cursor={first['next_cursor']}")).json()
        wrong = await client.get("/v1/feedback?cursor=x")

    assert sorted(whole) == sorted(answers)
    assert [one["answer_id"] for one in first["items"] + rest["items"]] == whole
    assert rest["next_cursor"] is None
    assert wrong.status_code == 422


async def test_a_spoken_question_is_written_down() -> None:
    """Sentences side by side; silence is an empty text, not an error."""
    async with served(open_house=hearing(Cue(0.0, 1.0, "忘了吃药"), Cue(1.0, 2.0, "怎么办？"))) as client:
        heard = await client.post("/v1/transcriptions?language=zh", content=b"RIFF")
    async with served(open_house=hearing()) as client:
        silence = await client.post("/v1/transcriptions", content=b"RIFF")

    assert heard.json() == {"text": "忘了吃药怎么办？"}
    assert silence.json() == {"text": ""}


@pytest.mark.parametrize(
    ("body", "cues", "status"),
    [
        (b"", (), 422),
        (b"x" * (MAX_BYTES + 1), (), 413),
        (b"RIFF", (Cue(0.0, 90.0, "很长"),), 422),
    ],
)
async def test_recordings_have_limits(body: bytes, cues: tuple[Cue, ...], status: int) -> None:
    """Empty, too large, too long: problems that say so."""
    async with served(open_house=hearing(*cues)) as client:
        refused = await client.post("/v1/transcriptions", content=body)

    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
