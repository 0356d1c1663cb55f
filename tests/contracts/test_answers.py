"""What every `Answers` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baize.adapters.db.answers import SqlAnswers
from baize.adapters.db.codec import decode, encode
from baize.adapters.db.engine import Database
from baize.domain.chat import Answer, Citation, Refusal, Usage
from baize.domain.locator import FaqEntry, TextSpan, TimeSpan
from baize.domain.search import Hit, Match, Moment
from baize.domain.text import Chunk, Segment
from baize.ports import Answers
from baize.testing.memory_answers import MemoryAnswers

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]


class HeldClock:
    """A clock that stands still: order must not depend on it."""

    def now(self) -> float:
        return 1_763_000_000.0


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of one's own; empty for the double."""
    match request.param:
        case "sqlite":
            return f"sqlite:///{tmp_path}/library/catalogue.db"
        case "postgres":
            return str(request.getfixturevalue("postgres_url"))
    return ""


@pytest.fixture
async def answers(address: str) -> AsyncIterator[Answers]:
    if not address:
        yield MemoryAnswers(HeldClock())
        return
    database = Database(address)
    await database.migrate()
    yield SqlAnswers(database, HeldClock())
    await database.close()


def answer(
    answer_id: str = "a1", conversation_id: str = "c1", platform_id: str = "p1", **facts: Any
) -> Answer:
    known = {"question": "问？", "language": "zh", "model": "m", "prompt": "answer@v1#1", "text": "答。"}
    return Answer(answer_id, platform_id, conversation_id, **(known | facts))


SEGMENT = Segment("收缩压低于 140。", TimeSpan(12.34, 15.6), ("第二章",))
CHUNK = Chunk(
    id=str(uuid.UUID(int=7)),
    platform_id="p1",
    course_id="health",
    lesson_id="health.2",
    lesson_title="量血压",
    source_file="02.zh.vtt",
    language="zh",
    headings=("老年健康", "量血压"),
    text="先休息。收缩压低于 140。",
    sentences=(Segment("先休息。", TimeSpan(10, 12.34)), SEGMENT),
    locator=TimeSpan(10, 15.6),
    position=3,
)
HIT = Hit(
    CHUNK,
    1,
    0.1 + 0.2,
    "fused",
    (Match(CHUNK.id, "zh", 2, 0.75, "dense"), Match(CHUNK.id, "zh", 1, 9.25, "lexical")),
)
CITATION = Citation(
    1, "低于 140。", CHUNK.id, "health", "health.2", "量血压", SEGMENT.locator, SEGMENT.text, 0.87, "build-7"
)


async def test_answer_comes_back_equal(answers: Answers) -> None:
    """Citations of every kind of place, usage and counters survive unchanged."""
    citations = (
        CITATION,
        replace(CITATION, marker=2, locator=TextSpan("a.pdf", 3, 9, 2, "剂量")),
        replace(CITATION, marker=2, locator=TextSpan("b.md", 0, 0)),
        replace(CITATION, marker=3, locator=FaqEntry("q-7"), quote='两行\n"引" \\ \x00 😀'),
    )
    full = answer(
        citations=citations,
        follow_ups=("然后呢？", ""),
        usage=Usage(100, 64, 20, 5, "deepseek-chat", "stop"),
        withheld=2,
        unknown_markers=1,
        degraded="extractive",
    )
    await answers.put(full)
    assert await answers.get("p1", "a1") == full


async def test_refusal_comes_back_with_its_nearest_moments(answers: Answers) -> None:
    """A refusal keeps its moments whole: hit, the hits that it was fused from, chunk and focus."""
    refused = answer(refusal=Refusal("not_covered", (Moment(HIT, SEGMENT),)))
    await answers.put(refused)
    assert await answers.get("p1", "a1") == refused


async def test_citations_keep_every_byte(answers: Answers) -> None:
    """A number is read back with its type and digits, so a later response equals the first one."""
    exact = answer(citations=(replace(CITATION, locator=TimeSpan(5, 6.000000000000001), support=1),))
    await answers.put(exact)
    found = await answers.get("p1", "a1")
    assert found is not None
    assert json.dumps(asdict(found)) == json.dumps(asdict(exact))


async def test_unknown_answer_is_none(answers: Answers) -> None:
    """An answer that does not exist is None; a conversation that does not exist has no turns."""
    assert await answers.get("p1", "none") is None
    assert await answers.turns("p1", "none", 5) == []


async def test_turns_are_the_latest_oldest_first(answers: Answers) -> None:
    """Of four turns the last two come, in the order in which they were put, whatever their ids."""
    turns = [answer(answer_id) for answer_id in ("z", "m", "b", "a")]
    for turn in turns:
        await answers.put(turn)
    await answers.put(answer("other", "c2"))
    assert await answers.turns("p1", "c1", 2) == turns[2:]
    assert await answers.turns("p1", "c1", 9) == turns


async def test_earlier_turns_are_left_out_in_blocks(answers: Answers) -> None:
    """The first one told changes with every second turn only; there are never more than the limit."""
    told: list[list[str]] = []
    for n in range(1, 10):
        await answers.put(answer(str(n)))
        told.append([turn.id for turn in await answers.turns("p1", "c1", 4, block=2)])
    assert [ids[0] for ids in told] == ["1", "1", "1", "1", "3", "3", "5", "5", "7"]
    assert [ids[-1] for ids in told] == [str(n) for n in range(1, 10)]
    assert {len(ids) for ids in told[3:]} == {3, 4}


@pytest.mark.parametrize("limit", [0, -1])
async def test_no_turns_for_no_limit(answers: Answers, limit: int) -> None:
    """A limit of nothing gives nothing, not everything."""
    await answers.put(answer())
    assert await answers.turns("p1", "c1", limit) == []


async def test_put_again_replaces_in_place(answers: Answers) -> None:
    """An answer that is put twice stays the turn that it was."""
    await answers.put(answer("a1"))
    await answers.put(answer("a2"))
    await answers.put(answer("a1", text="改。"))
    assert await answers.turns("p1", "c1", 5) == [answer("a1", text="改。"), answer("a2")]


async def test_concurrent_puts_lose_nothing(answers: Answers) -> None:
    """Many answers at once, in one conversation, all stay, and each is one turn."""
    await asyncio.gather(*(answers.put(answer(f"a{n}")) for n in range(40)))
    turns = await answers.turns("p1", "c1", 100)
    assert sorted(turn.id for turn in turns) == sorted(f"a{n}" for n in range(40))


async def test_cancelled_put_holds_nothing_back(answers: Answers) -> None:
    """When a client leaves in the middle of a write, the next write goes on at once and nothing is broken."""
    for n in range(30):
        with anyio.move_on_after(n / 5_000):
            await answers.put(answer(f"gone{n}", "gone"))
        with anyio.fail_after(60):
            await answers.put(answer(f"a{n}"))
    assert len(await answers.turns("p1", "c1", 100)) == 30


texts = st.text(max_size=12)
numbers = st.floats(0, 1e6, allow_nan=False) | st.integers(0, 10**6)
spans = st.tuples(numbers, numbers).map(sorted)
offsets = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(sorted)
text_spans = st.builds(
    lambda file, span, page, section: TextSpan(file, span[0], span[1], page, section),
    texts,
    offsets,
    st.none() | st.integers(1, 999),
    texts,
)
locators = spans.map(lambda span: TimeSpan(*span)) | text_spans | st.builds(FaqEntry, texts)
words = st.lists(texts, max_size=3).map(tuple)
segments = st.builds(Segment, texts, locators, words)
chunks = st.builds(
    Chunk, *[texts] * 7, words, texts, st.lists(segments, max_size=2).map(tuple), locators, st.integers(0, 99)
)
matches = st.builds(Match, texts, texts, st.integers(1, 99), numbers, texts)
bare_hits = st.builds(Hit, chunks, st.integers(1, 99), numbers, texts)
hits = st.builds(replace, bare_hits, parts=st.lists(matches, max_size=1).map(tuple))
moments = st.builds(Moment, hits, segments)
reasons = st.sampled_from(["not_covered", "graded_item", "unsafe", "out_of_scope", "person"])
refusals = st.builds(Refusal, reasons, st.lists(moments, max_size=2).map(tuple))
citations = st.builds(Citation, st.integers(1, 99), *[texts] * 5, locators, texts, st.floats(0, 1))
usages = st.builds(Usage, *[st.integers(0, 10**9)] * 4, texts, texts)
any_answer = st.builds(
    Answer,
    *[texts] * 8,
    st.lists(citations, max_size=2).map(tuple),
    st.none() | refusals,
    words,
    usages,
    st.integers(0, 9),
    st.integers(0, 9),
    texts,
)


@settings(max_examples=200)
@given(value=any_answer)
def test_codec_is_exact(value: Answer) -> None:
    """Any answer at all survives the store's text form: equal, and equal in every digit."""
    again = decode(encode(value))
    assert again == value
    assert encode(again) == encode(value)


def test_codec_knows_every_field() -> None:
    """No field of an answer is left out when it is stored."""
    stored = json.loads(
        encode(answer(citations=(CITATION,), refusal=Refusal("unsafe", (Moment(HIT, SEGMENT),))))
    )
    assert stored.keys() == {"_"} | {field.name for field in fields(Answer)}
    assert stored["citations"][0].keys() == {"_"} | {field.name for field in fields(Citation)}


def test_codec_reads_what_other_versions_wrote() -> None:
    """A field that an older version did not have takes its default; one that is no more is dropped."""
    stored = json.loads(encode(answer(degraded="extractive", withheld=3)))
    del stored["withheld"]
    stored["mood"] = "curious"
    assert decode(json.dumps(stored)) == answer(degraded="extractive")


def test_codec_refuses_what_it_cannot_read_back() -> None:
    """A value that is no noun of the store is refused when it is written, not when it is read."""
    with pytest.raises(TypeError, match="Path"):
        encode((Path("x"),))


puts = st.tuples(
    st.sampled_from(["甲", "b"]),
    st.sampled_from(["a1", "a2", "a3"]),
    st.sampled_from(["c1", "c2"]),
    st.text("xy"),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(made=st.lists(puts, max_size=12))
async def test_platforms_share_nothing(answers: Answers, made: list[tuple[str, str, str, str]]) -> None:
    """One store for two platforms with the same ids behaves as one store for each of them."""
    suffix = f"-{uuid.uuid4().hex}"
    alone = {platform + suffix: MemoryAnswers() for platform in ("甲", "b")}
    for platform, answer_id, conversation_id, text in made:
        made_answer = answer(f"{answer_id}-{conversation_id}", conversation_id, platform + suffix, text=text)
        await answers.put(made_answer)
        await alone[platform + suffix].put(made_answer)
    for platform_id, own in alone.items():
        for conversation_id in ("c1", "c2"):
            assert await answers.turns(platform_id, conversation_id, 9) == await own.turns(
                platform_id, conversation_id, 9
            )
            for answer_id in ("a1", "a2", "a3"):
                wanted = await own.get(platform_id, f"{answer_id}-{conversation_id}")
                assert await answers.get(platform_id, f"{answer_id}-{conversation_id}") == wanted


async def test_a_conversation_belongs_to_its_learner(answers: Answers) -> None:
    """Two learners who use one id have two conversations; None sees both, empty sees nobody's."""
    for answer_id, learner_id in (("a1", "lin"), ("a2", "wang"), ("a3", "lin"), ("a4", "")):
        await answers.put(answer(answer_id, learner_id=learner_id))

    async def ids(learner_id: str | None) -> list[str]:
        return [turn.id for turn in await answers.turns("p1", "c1", 9, learner_id=learner_id)]

    assert await ids("lin") == ["a1", "a3"]
    assert await ids("wang") == ["a2"]
    assert await ids("") == ["a4"]
    assert await ids(None) == ["a1", "a2", "a3", "a4"]


async def test_forget_takes_one_conversation_of_one_learner(answers: Answers) -> None:
    """Other learners, conversations and platforms keep theirs; a second time there is nothing to take."""
    await answers.put(answer("a1", learner_id="lin"))
    await answers.put(answer("a2", learner_id="wang"))
    await answers.put(answer("a3", "c2", learner_id="lin"))
    await answers.put(answer("a1", platform_id="p2", learner_id="lin"))
    assert await answers.forget("p1", "c1", learner_id="lin") == ["a1"]
    assert await answers.forget("p1", "c1", learner_id="lin") == []
    assert await answers.get("p1", "a1") is None
    assert await answers.get("p2", "a1") is not None
    assert await answers.forget("p1", "c1") == ["a2"]
    assert [turn.id for turn in await answers.turns("p1", "c2", 9)] == ["a3"]


async def test_all_answers_of_a_learner_go(answers: Answers) -> None:
    """In all conversations; other learners and platforms keep theirs."""
    await answers.put(answer("a1", learner_id="lin"))
    await answers.put(answer("a2", "c2", learner_id="lin"))
    await answers.put(answer("a3", learner_id="wang"))
    await answers.put(answer("a1", platform_id="p2", learner_id="lin"))
    assert sorted(await answers.forget_learner("p1", "lin")) == ["a1", "a2"]
    assert await answers.forget_learner("p1", "lin") == []
    assert await answers.get("p1", "a3") is not None
    assert await answers.get("p2", "a1") is not None


async def test_the_latest_of_a_learner_come_first(answers: Answers) -> None:
    """Of whichever conversation, with the instant of each; no other learner's, no other platform's."""
    for n in (1, 2, 3):
        await answers.put(answer(f"a{n}", "c1", learner_id="lin"))
    await answers.put(answer("a4", "c1", learner_id="wang"))
    await answers.put(answer("a5", "c1", "p2", learner_id="lin"))
    found = await answers.latest("p1", "lin", 2)
    assert [(one.id, at) for one, at in found] == [("a3", HeldClock().now()), ("a2", HeldClock().now())]
    assert await answers.latest("p1", "nobody", 2) == []


async def test_old_answers_expire(answers: Answers) -> None:
    """Strictly before the instant; on all platforms."""
    await answers.put(answer("a1"))
    await answers.put(answer("a1", platform_id="p2"))
    assert await answers.expire(HeldClock().now()) == 0
    assert await answers.expire(HeldClock().now() + 1) == 2
    assert await answers.get("p1", "a1") is None
