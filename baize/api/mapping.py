"""Domain → wire."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from baize.api.links import PlayerLinks
from baize.api.markup import render
from baize.api.notices import label
from baize.api.wire import (
    AnswerBody,
    CitationBody,
    ConversationBody,
    EvidenceEvent,
    EvidenceItem,
    FaqLocator,
    LocatorBody,
    Place,
    RefusalBody,
    ResultItem,
    SearchResponse,
    StartEvent,
    StepBody,
    TextLocator,
    TimeLocator,
    TurnBody,
    UsageBody,
)
from baize.domain.chat import Answer, Citation, EvidenceFound, Refusal, Started
from baize.domain.locator import Locator, locator_to_dict
from baize.domain.practice import N_HINTS, Step
from baize.domain.search import Moment
from baize.services.search import Result

_LOCATOR: TypeAdapter[TimeLocator | TextLocator | FaqLocator] = TypeAdapter(LocatorBody)


class Mapper:
    """Domain → wire on one platform. Holds what the domain does not know: links into the player."""

    def __init__(self, platform_id: str, links: PlayerLinks) -> None:
        self._platform_id = platform_id
        self._links = links

    def start(self, event: Started) -> StartEvent:
        return StartEvent(
            answer_id=event.answer_id,
            conversation_id=event.conversation_id,
            language=event.language,
            model=event.model,
            prompt=event.prompt,
            thinking=event.thinking,
            label=label(event.language, event.model),
        )

    def evidence(self, event: EvidenceFound) -> EvidenceEvent:
        items = [EvidenceItem(marker=item.marker, **self._place(item.moment)) for item in event.items]
        return EvidenceEvent(items=items)

    def refusal(self, refusal: Refusal) -> RefusalBody:
        nearest = [Place(**self._place(moment)) for moment in refusal.nearest]
        return RefusalBody(reason=refusal.reason, nearest=nearest)

    def results(self, results: list[Result]) -> SearchResponse:
        return SearchResponse(
            results=[
                ResultItem(
                    rank=result.rank,
                    score=result.score,
                    course_title=result.course_title,
                    **self._place(result.moment) | ({"url": result.url} if result.url else {}),
                )
                for result in results
            ]
        )

    def answer(self, answer: Answer) -> AnswerBody:
        return AnswerBody(
            answer_id=answer.id,
            conversation_id=answer.conversation_id,
            language=answer.language,
            model=answer.model,
            prompt=answer.prompt,
            label=label(answer.language, answer.model),
            text=answer.text,
            html=render(answer.text, {citation.marker for citation in answer.citations}),
            citations=[citation_body(citation) for citation in answer.citations],
            refusal=self.refusal(answer.refusal) if answer.refusal else None,
            follow_ups=list(answer.follow_ups),
            usage=UsageBody(
                prompt_tokens=answer.usage.prompt_tokens,
                cache_hit_tokens=answer.usage.cache_hit_tokens,
                completion_tokens=answer.usage.completion_tokens,
                reasoning_tokens=answer.usage.reasoning_tokens,
            ),
            cost=answer.cost,
            reused_from=answer.reused_from or None,
            withheld=answer.withheld,
            unknown_markers=answer.unknown_markers,
            degraded="extractive" if answer.degraded else None,
            stopped=True if answer.stopped else None,
            step=step_body(answer.step) if answer.step else None,
        )

    def conversation(self, conversation_id: str, turns: list[Answer]) -> ConversationBody:
        return ConversationBody(
            conversation_id=conversation_id,
            turns=[TurnBody(question=turn.question, answer=self.answer(turn)) for turn in turns],
        )

    def _place(self, moment: Moment) -> dict[str, Any]:
        chunk = moment.hit.chunk
        locator = moment.focus.locator
        return {
            "course_id": chunk.course_id,
            "lesson_id": chunk.lesson_id,
            "lesson_title": chunk.lesson_title,
            "locator": locator_body(locator),
            "text": moment.focus.text,
            "url": self._links.url(self._platform_id, chunk, locator),
        }


def step_body(step: Step) -> StepBody:
    hint = step.kind == "hint"
    return StepBody(
        mode=step.mode,
        kind=step.kind,
        item_id=step.item_id or None,
        level=step.level if hint else None,
        of=N_HINTS if hint else None,
        verdict=step.verdict or None,
    )


def locator_body(locator: Locator) -> TimeLocator | TextLocator | FaqLocator:
    return _LOCATOR.validate_python(locator_to_dict(locator))


def citation_body(citation: Citation) -> CitationBody:
    return CitationBody(
        marker=citation.marker,
        sentence=citation.sentence,
        chunk_id=citation.chunk_id,
        course_id=citation.course_id,
        lesson_id=citation.lesson_id,
        lesson_title=citation.lesson_title,
        locator=locator_body(citation.locator),
        quote=citation.quote,
        support=round(citation.support, 4),
        build_id=citation.build_id,
    )
