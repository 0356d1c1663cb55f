"""An attempt at a quiz item: graded, kept, and only then answered with the solution and its moment."""

from __future__ import annotations

import re
import uuid
from zoneinfo import ZoneInfo

from baize.domain.artefact import QuizItem
from baize.domain.practice import Attempt, Graded, Reference, Solved
from baize.errors import InvalidInput, NotAllowed, NotFound
from baize.ports import Artefacts, Attempts, Catalog, Clock
from baize.retrieval.terms import normalise
from baize.services.exercises import ExerciseBook
from baize.services.find import storable
from baize.services.grade import Grader
from baize.services.reviews import Reviews

_MAX_GIVEN = 2000
_LETTER = re.compile(r"^\W*(?:选|答案?是?|option|answer)?\s*[:：]?\s*([a-h])\W*$", re.IGNORECASE)
_PLACE = re.compile(r"^\W*(?:选|第)?\s*([1-8])\s*(?:个|项)?\W*$")


class Practice:
    """Quiz items of lessons, and the attempts at them."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        artefacts: Artefacts,
        attempts: Attempts,
        book: ExerciseBook,
        grader: Grader,
        reviews: Reviews,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._artefacts = artefacts
        self._attempts = attempts
        self._book = book
        self._grader = grader
        self._reviews = reviews
        self._clock = clock

    async def item(self, platform_id: str, item_id: str) -> tuple[QuizItem, str]:
        """A quiz item of the live build of its lesson, and the id of its course.

        Raises:
            NotFound: there is none of this id, or it went with a re-ingest.
        """
        lesson_id = item_id.rpartition("~")[0]
        lesson = await self._catalog.lesson(platform_id, lesson_id) if lesson_id else None
        prepared = await self._artefacts.prepared(platform_id, lesson_id) if lesson else None
        for item in prepared.quiz if prepared else ():
            if item.id == item_id and lesson is not None:
                return item, lesson.course_id
        raise NotFound(
            f"There is no quiz item {item_id!r}.", remedy="GET /v1/lessons/{lesson_id}/quiz lists them."
        )

    async def attempt(
        self,
        platform_id: str,
        learner_id: str,
        item_id: str,
        *,
        option: int | None = None,
        text: str = "",
        zone: ZoneInfo | None = None,
    ) -> Solved:
        """Grade one attempt, and keep it where a learner is named or a person has to look at it.

        Args:
            option: place of the option that was chosen, from 0.
            text: the learner's own words, where none was.
            zone: the learner's, whose midnight ends the day of reviews; None for the server's.

        Raises:
            NotFound: there is no such item.
            InvalidInput: no answer, or an option that the item does not have.
            NotAllowed: the item counts towards a mark now.
        """
        item, course_id = await self.item(platform_id, item_id)
        if await self._book.locked(platform_id, (), item_id):
            raise NotAllowed(
                "This item is being graded; it cannot be practised now.", remedy="Try again after its window."
            )
        given, graded = await self._graded(item, option, storable(text).strip()[:_MAX_GIVEN])
        attempt = Attempt(
            platform_id,
            learner_id,
            str(uuid.uuid4()),
            item.id,
            course_id,
            item.lesson_id,
            given,
            graded.verdict,
            graded.grader,
            self._clock.now(),
        )
        if learner_id or attempt.verdict == "uncertain":
            await self._attempts.put(attempt)
        if learner_id:
            await self._reviews.after_attempt(platform_id, learner_id, item, course_id, graded.verdict, zone)
        return Solved(attempt, item.options[item.answer], item.quote, item.locators)

    async def _graded(self, item: QuizItem, option: int | None, text: str) -> tuple[str, Graded]:
        if option is None:
            if not text:
                raise InvalidInput("The attempt has no answer.", remedy="Send `option` or `text`.")
            option = chosen(item, text)
        elif not 0 <= option < len(item.options):
            raise InvalidInput(
                f"The item has {len(item.options)} options, from 0; {option} is none of them.",
                remedy="Send the place of the option.",
            )
        if option is not None:
            verdict = Graded("correct" if option == item.answer else "wrong", "options")
            return item.options[option], verdict
        return text, await self._grader.grade(reference_of(item), text)


def reference_of(item: QuizItem) -> Reference:
    """What free text is held against: the right option, and the sentence that it is from."""
    return Reference(item.question, item.options[item.answer], (), item.quote)


def chosen(item: QuizItem, text: str) -> int | None:
    """The option that a text names: by its letter or place, or word for word."""
    said = normalise(text).strip(" .。!！?？")
    options = [normalise(option).strip() for option in item.options]
    if said in options:
        return options.index(said)
    if letter := _LETTER.match(said):
        place = ord(letter.group(1).lower()) - ord("a")
    elif (number := _PLACE.match(said)) and not any(number.group(1) in option for option in options):
        place = int(number.group(1)) - 1
    else:
        return None
    return place if place < len(options) else None
