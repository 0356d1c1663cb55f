"""What is remembered of a learner, by rule, from the learner's own rows: no more than is said here.

Nothing is stored but what the learner changed or deleted: the sentences follow from the rows, so that they go
with them. A deleted sentence stays away until the facts behind it are others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from baize.domain.chat import Answer, Citation
from baize.domain.memory import MOST_ITEMS, MemoryEdit, MemoryItem
from baize.errors import NotFound
from baize.ports import Answers, Cache, Catalog, Clock, LearnerPreferences, MemoryEdits
from baize.services.answer import turn_key
from baize.services.find import checked

_LATEST = 20
"""Answers that are looked at, the latest ones."""
_QUOTED = 60
_MOST_TOLD = 200
"""Answers whose prompts are forgotten when a sentence changes: those are kept for an hour."""

_TEXTS = {
    "zh": {
        "course": "您最近在学《{}》。",
        "lesson": "您问得最多的是“{}”这一课。",
        "open": "您问过“{}”，课程里没有找到答案。",
        "language": "您用中文提问。",
        "elder": "您喜欢大字。",
    },
    "en": {
        "course": "You have lately been learning “{}”.",
        "lesson": "You ask most about the lesson “{}”.",
        "open": "You asked “{}”, which the course did not answer.",
        "language": "You ask in English.",
        "elder": "You like large type.",
    },
}


class Remembering:
    """Reads, changes and deletes what is remembered."""

    def __init__(
        self,
        *,
        answers: Answers,
        preferences: LearnerPreferences,
        edits: MemoryEdits,
        catalog: Catalog,
        clock: Clock,
        cache: Cache,
    ) -> None:
        self._answers = answers
        self._preferences = preferences
        self._edits = edits
        self._catalog = catalog
        self._clock = clock
        self._cache = cache

    async def items(self, platform_id: str, learner_id: str) -> list[MemoryItem]:
        """Up to five sentences, the learner's own first."""
        edits = {edit.item_id: edit for edit in await self._edits.of_learner(platform_id, learner_id)}
        own = [MemoryItem(edit.item_id, edit.text, edited=True) for edit in edits.values() if edit.text]
        made = [item for item in await self._made(platform_id, learner_id) if item.id not in edits]
        return [*own, *made][:MOST_ITEMS]

    async def change(self, platform_id: str, learner_id: str, item_id: str, text: str) -> MemoryItem:
        """Say a sentence in the learner's own words.

        Raises:
            NotFound: there is no such sentence.
            InvalidInput: the text is empty or too long.
        """
        text = checked(text, "sentence")
        await self._known(platform_id, learner_id, item_id)
        await self._edits.put(MemoryEdit(platform_id, learner_id, item_id, text, self._clock.now()))
        await self._forget_told(platform_id, learner_id)
        return MemoryItem(item_id, text, edited=True)

    async def delete(self, platform_id: str, learner_id: str, item_id: str) -> None:
        """
        Raises:
            NotFound: there is no such sentence.
        """
        await self._known(platform_id, learner_id, item_id)
        await self._edits.put(MemoryEdit(platform_id, learner_id, item_id, "", self._clock.now()))
        await self._forget_told(platform_id, learner_id)

    async def _forget_told(self, platform_id: str, learner_id: str) -> None:
        """Earlier turns go to the model as it saw them, with the sentences of then: from now on without."""
        latest = await self._answers.latest(platform_id, learner_id, _MOST_TOLD)
        await self._cache.forget([turn_key(platform_id, answer.id) for answer, _ in latest])

    async def _known(self, platform_id: str, learner_id: str, item_id: str) -> None:
        if item_id not in {item.id for item in await self.items(platform_id, learner_id)}:
            raise NotFound(f"Nothing is remembered under {item_id!r}.", remedy="GET …/memory lists what is.")

    async def _made(self, platform_id: str, learner_id: str) -> list[MemoryItem]:
        latest = await self._answers.latest(platform_id, learner_id, _LATEST)
        answers = [answer for answer, _ in latest]
        preferences = await self._preferences.get(platform_id, learner_id)
        common = Counter(citation.course_id for citation in _cited(answers)).most_common(1)
        course = await self._catalog.course(platform_id, common[0][0]) if common else None
        is_elder = preferences is not None and preferences.elder
        return [_item(kind, text) for kind, text in _facts(answers, course.title if course else "", is_elder)]


def _facts(answers: Sequence[Answer], course_title: str, is_elder: bool) -> Iterator[tuple[str, str]]:
    """Kind and sentence, what helps most first."""
    spoken = Counter(answer.language for answer in answers).most_common(1)
    words = _TEXTS.get(spoken[0][0] if spoken else "zh", _TEXTS["en"])
    if course_title:
        yield "course", words["course"].format(course_title)
    lessons = Counter(citation.lesson_title for citation in _cited(answers)).most_common(1)
    if lessons:
        yield "lesson", words["lesson"].format(lessons[0][0])
    unanswered = next((answer.question for answer in answers if answer.refusal and not answer.is_aside), "")
    if unanswered:
        yield "open", words["open"].format(unanswered[:_QUOTED])
    if spoken and spoken[0][0] in _TEXTS:
        yield "language", words["language"]
    if is_elder:
        yield "elder", words["elder"]


def _cited(answers: Sequence[Answer]) -> list[Citation]:
    return [citation for answer in answers for citation in answer.citations]


def _item(kind: str, text: str) -> MemoryItem:
    return MemoryItem(f"{kind}-{blake2b(text.encode(), digest_size=5).hexdigest()}", text)
