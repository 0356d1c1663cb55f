"""Spaced review over all courses of a learner: what is asked today, what comes when, and taking it along."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from baize.domain.artefact import GlossaryTerm, QuizItem
from baize.domain.locator import locator_from_dict, locator_to_dict
from baize.domain.practice import Verdict
from baize.domain.review import RECALLS, DueDay, Memory, Recall, Review, ReviewCard, Today
from baize.errors import InvalidInput, NotFound
from baize.ports import Archive, Artefacts, Catalog, Clock, ReviewCards, Scheduler
from baize.services.exercises import ExerciseBook
from baize.services.summarize import read_prepared

FORMAT = "baize-reviews@1"
_FORECAST_DAYS = 14
_MAX_IMPORTED = 20_000
_MAX_STEP = 100
_MOST_ARCHIVED = 3
"""Completed courses of an archive that are looked at for cards, the latest; and cards of each."""
_RECALLED: dict[Verdict, Recall] = {"correct": "good", "incomplete": "hard", "wrong": "again"}
"""What an attempt at a quiz item says of memory; an uncertain one says nothing."""

Sees = Callable[[str], bool]
"""Whether the caller may see a course."""


def _sees_all(course_id: str) -> bool:  # noqa: ARG001 - that is the point
    return True


class Reviews:
    """
    Args:
        schedulers: the scheduler of a platform.
        own: the one of a learner, by which a graded card is due again.
        archive: whose completed courses become cards; None for none.
        daily: how many cards are asked at once.
        zone: whose midnight ends a day, where the learner names none.
    """

    def __init__(
        self,
        *,
        cards: ReviewCards,
        schedulers: Callable[[str], Scheduler],
        own: Callable[[str, str], Awaitable[Scheduler]],
        catalog: Catalog,
        artefacts: Artefacts,
        book: ExerciseBook,
        clock: Clock,
        daily: int,
        zone: ZoneInfo,
        archive: Archive | None = None,
    ) -> None:
        self._cards = cards
        self._scheduler = schedulers
        self._own = own
        self._catalog = catalog
        self._artefacts = artefacts
        self._book = book
        self._clock = clock
        self._daily = daily
        self._zone = zone
        self._archive = archive

    async def today(
        self, platform_id: str, learner_id: str, sees: Sees = _sees_all, zone: ZoneInfo | None = None
    ) -> Today:
        """The cards that are most likely to be forgotten, a few; those of graded items wait.

        Args:
            zone: the learner's own.
        """
        zone = zone or self._zone
        now = self._clock.now()
        kept = await self._cards.of_learner(platform_id, learner_id)
        kept += await self._from_archive(platform_id, learner_id, {card.course_id for card in kept})
        cards = [card for card in kept if sees(card.course_id)]
        end = _end_of_day(now, zone)
        due = [card for card in cards if card.memory.due < end]
        open_now = [card for card in due if not await self._is_locked(card)]
        scheduler = self._scheduler(platform_id)
        chosen = choose(open_now, self._daily, lambda card: scheduler.recall(card.memory, now))
        return Today(tuple(chosen), len(due), len(cards), _forecast(cards, now, zone))

    async def grade(
        self, platform_id: str, learner_id: str, card_id: str, recall: Recall, sees: Sees = _sees_all
    ) -> ReviewCard:
        """The card with its new day.

        Raises:
            NotFound: the learner has no such card.
        """
        card = await self._cards.get(platform_id, learner_id, card_id)
        if card is None or not sees(card.course_id) or await self._is_locked(card):
            raise NotFound(
                f"There is no card {card_id!r} to review.", remedy="GET /v1/learners/{id}/reviews lists them."
            )
        return await self._reviewed(card, recall)

    async def after_attempt(
        self,
        platform_id: str,
        learner_id: str,
        item: QuizItem,
        course_id: str,
        verdict: Verdict,
        zone: ZoneInfo | None = None,
    ) -> None:
        """A quiz item that a learner has tried becomes a card, and the try its review when it is due."""
        now = self._clock.now()
        card = await self._cards.get(platform_id, learner_id, item.id)
        back = item.options[item.answer]
        if card is None:
            memory = self._scheduler(platform_id).new(now)
            place = (item.question, back, item.quote, item.locators)
            card = ReviewCard(
                platform_id, learner_id, item.id, course_id, item.lesson_id, *place, memory, now
            )
        if (recall := _RECALLED.get(verdict)) and card.memory.due < _end_of_day(now, zone or self._zone):
            await self._reviewed(card, recall)
        else:
            await self._cards.put(card)

    async def add_lesson(self, platform_id: str, learner_id: str, lesson_id: str) -> list[ReviewCard]:
        """A flashcard for each term that the lesson explains; those that the learner has stay as they are.

        Raises:
            NotFound: the lesson does not exist, or nothing was prepared for it.
        """
        prepared = await read_prepared(self._catalog, self._artefacts, platform_id, lesson_id)
        lesson = await self._catalog.lesson(platform_id, lesson_id)
        now = self._clock.now()
        memory = self._scheduler(platform_id).new(now)
        added: list[ReviewCard] = []
        for term in prepared.glossary:
            card = _term_card(platform_id, learner_id, lesson.course_id if lesson else "", term, memory, now)
            if not term.explained or await self._cards.get(platform_id, learner_id, card.id):
                continue
            await self._cards.put(card)
            added.append(card)
        return added

    async def _from_archive(
        self, platform_id: str, learner_id: str, known: Collection[str]
    ) -> list[ReviewCard]:
        """A few terms of courses that an archive reports as completed and that the learner has no card of.

        They count as known on that day, and so are due long since; it is no review that anybody gave.
        """
        archived = await self._archive.of_learner(platform_id, learner_id) if self._archive else []
        latest = {one.course_id: one for one in reversed(archived)}
        fresh = sorted(latest.values(), key=lambda one: -one.completed_at)
        scheduler, now = self._scheduler(platform_id), self._clock.now()
        added: list[ReviewCard] = []
        for one in [one for one in fresh if one.course_id not in known][:_MOST_ARCHIVED]:
            at = min(one.completed_at, now)
            memory = scheduler.after(scheduler.new(at), "good", at)
            prepared = await self._artefacts.prepared_of_course(platform_id, one.course_id)
            terms = [term for lesson in prepared for term in lesson.glossary if term.explained]
            added += [
                _term_card(platform_id, learner_id, one.course_id, term, memory, now)
                for term in terms[:_MOST_ARCHIVED]
            ]
        for card in added:
            await self._cards.put(card)
        return added

    async def export(self, platform_id: str, learner_id: str) -> dict[str, Any]:
        """Every card with its scheduling state and every review, as JSON; `load` makes the same of it."""
        cards = await self._cards.of_learner(platform_id, learner_id)
        reviews = await self._cards.reviews(platform_id, learner_id)
        return {
            "format": FORMAT,
            "scheduler": self._scheduler(platform_id).name,
            "cards": [card_to_dict(card) for card in cards],
            "reviews": [{"card_id": r.card_id, "at": r.at, "recall": r.recall} for r in reviews],
        }

    async def load(self, platform_id: str, learner_id: str, data: Any) -> int:
        """Take in what `export` gave; a card that the learner has is replaced. Returns how many came.

        Raises:
            InvalidInput: it is no such export; nothing of it was taken.
        """
        try:
            cards, reviews = _read(platform_id, learner_id, data)
        except (KeyError, TypeError, ValueError, AttributeError) as cause:
            raise InvalidInput(
                f"This is no export of reviews: {_fault(cause)}.",
                remedy=f"Its `format` is {FORMAT}; `baize review LEARNER --export FILE` writes one.",
            ) from cause
        for card in cards:
            await self._cards.put(card)
        await self._cards.add(reviews)
        return len(cards)

    async def all(self, platform_id: str, learner_id: str) -> list[ReviewCard]:
        """Every card, the next one due first; without those of graded items."""
        found = await self._cards.of_learner(platform_id, learner_id)
        return [card for card in found if not await self._is_locked(card)]

    async def _reviewed(self, card: ReviewCard, recall: Recall) -> ReviewCard:
        now = self._clock.now()
        scheduler = await self._own(card.platform_id, card.learner_id)
        memory = scheduler.after(card.memory, recall, now)
        after = replace(card, memory=memory)
        await self._cards.put(after, Review(card.platform_id, card.learner_id, card.id, now, recall))
        return after

    async def _is_locked(self, card: ReviewCard) -> bool:
        return await self._book.locked(card.platform_id, (), card.id) is not None


def _end_of_day(now: float, zone: ZoneInfo) -> float:
    today = datetime.fromtimestamp(now, zone)
    return (today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)).timestamp()


def _forecast(cards: Sequence[ReviewCard], now: float, zone: ZoneInfo) -> tuple[DueDay, ...]:
    """Two weeks from today; what is overdue counts today."""
    first = datetime.fromtimestamp(now, zone).date()
    days = Counter(max(datetime.fromtimestamp(card.memory.due, zone).date(), first) for card in cards)
    wanted = (first + timedelta(days=n) for n in range(_FORECAST_DAYS))
    return tuple(DueDay(day.isoformat(), days[day]) for day in wanted)


def _term_card(
    platform_id: str, learner_id: str, course_id: str, term: GlossaryTerm, memory: Memory, now: float
) -> ReviewCard:
    card_id = f"{term.lesson_id}~t{hashlib.sha256(term.term.encode()).hexdigest()[:10]}"
    place = (card_id, course_id, term.lesson_id, term.term, term.explanation, term.explanation, term.locators)
    return ReviewCard(platform_id, learner_id, *place, memory, now)


def choose(due: Sequence[ReviewCard], n: int, recall: Callable[[ReviewCard], float]) -> list[ReviewCard]:
    """The `n` cards that are asked together, the most endangered first, and courses in turns.

    What was never recalled yet comes from one course only: mixing subjects hurts who is new to them.
    """
    ranked = sorted(due, key=lambda card: (recall(card), card.memory.due, card.id))
    known = [card for card in ranked if card.memory.phase == "review"]
    new = [card for card in ranked if card.memory.phase != "review"]
    first_course = new[0].course_id if new else ""
    allowed = known + [card for card in new if card.course_id == first_course]
    chosen: list[ReviewCard] = []
    while allowed and len(chosen) < n:
        last = chosen[-1].course_id if chosen else ""
        card = next((card for card in allowed if card.course_id != last), allowed[0])
        allowed.remove(card)
        chosen.append(card)
    return chosen


def anki_tsv(cards: Sequence[ReviewCard]) -> str:
    """Notes for Anki's own import (Basic: front, back, tags); https://docs.ankiweb.net/importing/text-files.html.

    Text, not a package: Anki reads it in every version since 2.1.54, and no file format of Anki's is ours to
    keep up with. It carries no schedule: Anki has its own.
    """
    lines = ["#separator:tab", "#html:false", "#notetype:Basic", "#deck:白泽 Bai Ze", "#tags column:3"]
    for card in cards:
        back = card.back if card.quote in ("", card.back) else f"{card.back}（{card.quote}）"
        tags = f"baize {card.course_id} {card.lesson_id}"
        lines.append("\t".join(_field(text) for text in (card.front, back, tags)))
    return "\n".join(lines) + "\n"


def _field(text: str) -> str:
    """Quoted as Anki's reader wants it: it splits at tabs and line ends."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'


def card_to_dict(card: ReviewCard) -> dict[str, Any]:
    """Without platform and learner: an export belongs to whoever imports it."""
    return {
        "id": card.id,
        "course_id": card.course_id,
        "lesson_id": card.lesson_id,
        "front": card.front,
        "back": card.back,
        "quote": card.quote,
        "locators": [locator_to_dict(locator) for locator in card.locators],
        "memory": asdict(card.memory),
        "added_at": card.added_at,
    }


def _read(platform_id: str, learner_id: str, data: Any) -> tuple[list[ReviewCard], list[Review]]:
    if data["format"] != FORMAT:
        raise ValueError("its format is another one")
    if len(data["cards"]) > _MAX_IMPORTED or len(data["reviews"]) > 50 * _MAX_IMPORTED:
        raise ValueError("it has too many cards or reviews")
    cards = [
        ReviewCard(
            platform_id,
            learner_id,
            _text(one["id"], 260),
            _text(one["course_id"], 128),
            _text(one["lesson_id"], 128),
            _text(one["front"]),
            _text(one["back"]),
            _text(one["quote"]),
            tuple(locator_from_dict(locator) for locator in one["locators"]),
            _memory(one["memory"]),
            _number(one["added_at"]),
        )
        for one in data["cards"]
    ]
    known = {card.id for card in cards}
    reviews = [
        Review(
            platform_id, learner_id, _known(one["card_id"], known), _number(one["at"]), _recall(one["recall"])
        )
        for one in data["reviews"]
    ]
    return cards, reviews


def _fault(cause: Exception) -> str:
    """What is wrong with it, in words."""
    if isinstance(cause, KeyError):
        return f"{ascii(cause.args[0])[1:-1]} is missing"
    # Other kinds are Python's own, of things that are shaped otherwise.
    return str(cause) if type(cause) is ValueError else "it is shaped otherwise"


def _memory(one: dict[str, Any]) -> Memory:
    memory = Memory(**one)
    if memory.phase not in ("new", "learning", "review", "relearning"):
        raise ValueError("a phase is not known")
    if memory.step is not None and not (type(memory.step) is int and 0 <= memory.step <= _MAX_STEP):
        raise ValueError("a step is out of bounds")
    # The scheduler computes with these from the first review on.
    known = (memory.stability, memory.difficulty, memory.reviewed_at)
    if memory.phase == "new" and known == (None, None, None):
        return replace(memory, due=_number(memory.due))
    return replace(
        memory,
        due=_number(memory.due),
        stability=_number(memory.stability, 1e-3),
        difficulty=_number(memory.difficulty, 1.0, 10.0),
        reviewed_at=_number(memory.reviewed_at),
    )


def _number(value: Any, least: float = 0.0, most: float = 1e11) -> float:
    """Seconds since the epoch as a calendar can show them, or whatever has its own bounds; no NaN."""
    if not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError("a number is missing or out of bounds")
    return float(value)


def _known(card_id: str, known: set[str]) -> str:
    if card_id not in known:
        raise ValueError("a review is of a card that is not in it")
    return card_id


def _recall(word: str) -> Recall:
    for known in RECALLS:
        if word == known:
            return known
    raise ValueError("a recall is not known")


def _text(value: Any, longest: int = 8000) -> str:
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise ValueError("a text is missing or too long")
    # Halves of surrogate pairs, which JSON can say and no store can keep, raise a ValueError of their own.
    value.encode()
    return value
