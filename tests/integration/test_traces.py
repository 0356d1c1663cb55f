"""Traces: what a question and an ingestion leave at a collector, and that nothing of a learner is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from baize.adapters.traces_otel import OtelTrace
from baize.api.app import create_app
from baize.bootstrap import House
from baize.ports import StepRunner
from baize.services.trace import TracedSteps
from baize.services.watch import WatchedTeaching
from baize.settings import Settings
from baize.testing.scripted_chat_model import ScriptedChatModel
from ingest.stages import StageStore
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

QUESTION = {"question": "量血压之前坐多久？", "conversation_id": "talk-of-lin"}
SAID = "量血压之前，先安静坐五分钟"


async def spans_of(stream: bool, *said: str) -> list[ReadableSpan]:
    """Of one question, in the order in which they ended."""
    exporter = InMemorySpanExporter()

    def traced(house: House) -> None:
        house.__dict__["trace"] = OtelTrace(SimpleSpanProcessor(exporter))

    chat = ScriptedChatModel(list(said))
    app = create_app(settings(answers={"reuse": "off"}), open_house=opens(chat=chat, prepare=traced))
    headers = {"Accept": "text/event-stream"} if stream else {}
    async with client_of(app) as client:
        exporter.clear()
        reply = await client.post("/v1/answers", json=QUESTION, headers=headers)
        assert reply.status_code == 200, reply.text
    return list(exporter.get_finished_spans())


@pytest.mark.parametrize("stream", [True, False])
async def test_a_question_is_one_trace(stream: bool) -> None:
    """From the question to the last sentence, each part within the same `answer`, whoever reads along."""
    spans = await spans_of(stream, f"{SAID} [1]。")
    named = {span.name: span for span in spans}
    root = named["answer"]
    assert root.parent is None
    assert {span.context.trace_id for span in spans if span.context} == {root.context.trace_id}
    for name in ("embeddings hash-256", "search", "retrieve", "chat scripted", "release"):
        span = named[name]
        assert span.parent is not None, name
        assert span.parent.span_id == root.context.span_id, name
        assert span.start_time is not None
        assert root.end_time is not None
        assert root.start_time is not None
        assert root.start_time <= span.start_time <= root.end_time
    chat = dict(named["chat scripted"].attributes or {})
    assert chat["gen_ai.operation.name"] == "chat"
    assert chat["gen_ai.request.model"] == chat["gen_ai.response.model"] == "scripted"
    assert chat["gen_ai.response.finish_reasons"] == ("stop",)
    assert chat["gen_ai.usage.output_tokens"] == len(f"{SAID} [1]。")
    assert int(str(chat["gen_ai.usage.input_tokens"])) > 100
    assert [event.name for event in named["chat scripted"].events] == ["first_token"]
    legs = (named["search"].attributes or {})["baize.legs"]
    assert isinstance(legs, tuple)
    assert {str(leg).split()[0] for leg in legs} >= {"dense", "lexical"}
    assert dict(root.attributes or {})["baize.outcome"] == "answered"


async def test_no_span_holds_what_anybody_said() -> None:
    """Neither question, passage, answer, nor the names of learner and conversation."""
    spans = await spans_of(True, f"{SAID} [1]。")
    told = json.dumps([json.loads(span.to_json()) for span in spans], ensure_ascii=False)
    for private in ("血压", "五分钟", "袖带", "talk-of-lin", "passage"):
        assert private not in told.replace("baize.passages", ""), private


async def test_stages_of_an_ingestion_are_spans(tmp_path: Path) -> None:
    """One that was done before says that nothing was made; one that fails names its error only."""
    exporter = InMemorySpanExporter()
    steps: StepRunner = TracedSteps(StageStore(tmp_path), OtelTrace(SimpleSpanProcessor(exporter)))

    async def make() -> str:
        return "said"

    async def fail() -> str:
        raise ValueError("a secret sentence")

    assert [await steps("chapter", "k1", str, make) for _ in range(2)] == ["said", "said"]
    with pytest.raises(ValueError, match="secret"):
        await steps("embed", "k2", str, fail)
    first, second, failed = exporter.get_finished_spans()
    assert [first.name, second.name, failed.name] == ["ingest chapter", "ingest chapter", "ingest embed"]
    assert [(span.attributes or {})["baize.made"] for span in (first, second)] == [True, False]
    assert (failed.attributes or {})["error.type"] == "ValueError"
    assert "secret" not in failed.to_json()


async def test_without_an_endpoint_nothing_is_wrapped() -> None:
    """The default: no span, no SDK, the parts themselves."""
    assert Settings().traces.endpoint == ""
    async with opens()(settings()) as house:
        assert house.trace is None
        assert type(house.answering) is WatchedTeaching
        assert house.finder._index is house.index
