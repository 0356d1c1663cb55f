"""A course team changes a lesson or a FAQ: the change is stored, then built before anything else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from baize.domain.course import FAQ_SUFFIX, Lesson
from baize.domain.edit import Edit, EditedLine, EditKind, cue_id, lines_to_text, said_at, text_hash
from baize.domain.faq import FAQ_FILE, faq_lines
from baize.domain.locator import TimeSpan
from baize.errors import Conflict, InvalidInput, NotFound
from baize.ports import Artefacts, Clock, Edits
from baize.services.ingestions import Ingestions

_ROUNDED_S = 1.0
"""By so much subtitles may end after the media that they belong to."""


@dataclass(frozen=True, slots=True)
class CueChange:
    """What a line shall say. `base_hash` is the `hash` of the line that the caller has seen."""

    cue_id: str
    base_hash: str
    text: str


class Editing:
    """The use cases behind `PATCH …/transcript` and `PUT …/chapters`, `/summary`, `/key-points`, `/faq`."""

    def __init__(self, *, edits: Edits, artefacts: Artefacts, ingestions: Ingestions, clock: Clock) -> None:
        self._edits = edits
        self._artefacts = artefacts
        self._ingestions = ingestions
        self._clock = clock

    async def change_cues(self, lesson: Lesson, changes: Sequence[CueChange], person: str) -> str:
        """All changes or none. Gives the job that builds the lesson again.

        Raises:
            NotFound: the lesson has no transcript, or no such line.
            Conflict: a line says something else than the caller has seen.
        """
        transcript = await self._artefacts.transcript(lesson.platform_id, lesson.id)
        cues = {cue_id(cue): cue for cue in transcript.cues} if transcript else {}
        known = await self._edits.of(lesson.platform_id, lesson.id)
        before = {edit.span: edit for edit in known if edit.kind == "cue"}
        edits: list[Edit] = []
        for change in changes:
            cue = cues.get(change.cue_id)
            if cue is None:
                raise NotFound(
                    f"Lesson {lesson.id!r} has no line {change.cue_id!r}.",
                    remedy="GET …/transcript lists them.",
                )
            earlier = before.get(cue.span)
            # What waits to be built is not in the transcript yet.
            says = earlier.text if earlier and earlier.state == "pending" else cue.text
            if text_hash(says) != change.base_hash:
                raise Conflict(
                    f"The line {change.cue_id!r} was changed meanwhile.",
                    remedy="Read it again, then edit it.",
                )
            base = earlier.base if earlier and earlier.state != "conflict" else cue.text
            edits.append(self._edit(lesson, "cue", cue.span, base, change.text, person, earlier))
        return await self._keep(lesson, edits)

    async def put_chapters(self, lesson: Lesson, chapters: Sequence[tuple[float, str]], person: str) -> str:
        """The outline; a person's wins over the source's and over computed ones. Gives the job.

        Raises:
            InvalidInput: a chapter starts after the lesson's end, where ingest would leave it out.
        """
        start, title = chapters[-1]
        length_s = await self._length_s(lesson)
        if length_s is not None and start > length_s:
            raise late_chapter(title, start, lesson.id, length_s)
        earlier = next(
            (e for e in await self._edits.of(lesson.platform_id, lesson.id) if e.kind == "chapters"), None
        )
        text = json.dumps([list(chapter) for chapter in chapters], ensure_ascii=False)
        edit = self._edit(lesson, "chapters", TimeSpan(0.0, 0.0), "", text, person, earlier)
        return await self._keep(lesson, [edit])

    async def _length_s(self, lesson: Lesson) -> float | None:
        """Of the media, else up to the last line; None where nothing is said."""
        if lesson.duration_s is not None:
            return lesson.duration_s
        transcript = await self._artefacts.transcript(lesson.platform_id, lesson.id)
        return max((cue.end for cue in transcript.cues), default=None) if transcript else None

    async def put_lines(
        self, lesson: Lesson, kind: EditKind, lines: Sequence[EditedLine], person: str
    ) -> str:
        """The whole summary, or all key points, in a person's words. Gives the job.

        Raises:
            InvalidInput: a line stands nowhere in the lesson: beyond its end, or where nothing is said.
        """
        transcript = await self._artefacts.transcript(lesson.platform_id, lesson.id)
        cues = transcript.cues if transcript else ()
        length_s = await self._length_s(lesson)
        if length_s is not None:
            _check_ends(lesson.id, lines, length_s)
        for line, said in zip(lines, said_at(lines, cues).split("\n"), strict=True):
            if not said and all(isinstance(locator, TimeSpan) for locator in line.locators):
                raise InvalidInput(
                    f"Nothing is said where the line {line.text[:40]!r} is said to stand.",
                    remedy="GET …/transcript tells the seconds.",
                )
        known = await self._edits.of(lesson.platform_id, lesson.id)
        earlier = next((edit for edit in known if edit.kind == kind), None)
        base = said_at(lines, cues)
        edit = self._edit(lesson, kind, TimeSpan(0.0, 0.0), base, lines_to_text(lines), person, earlier)
        return await self._keep(lesson, [edit])

    async def put_faq(self, platform_id: str, course_id: str, text: str, person: str) -> tuple[str, int]:
        """The whole FAQ of an existing course; it wins over the folder's. Gives the job, and its size.

        Raises:
            InvalidManifest: a line is no entry; names the line.
            InvalidInput: there is none.
        """
        entries = faq_lines(text, FAQ_FILE)
        if not entries:
            raise InvalidInput("There is no entry in this FAQ.", remedy="Write one entry a line.")
        lesson_id = f"{course_id}{FAQ_SUFFIX}"
        known = await self._edits.of(platform_id, lesson_id)
        edit_id = next((edit.id for edit in known if edit.kind == "faq"), str(uuid.uuid4()))
        edit = Edit(
            platform_id=platform_id,
            course_id=course_id,
            lesson_id=lesson_id,
            id=edit_id,
            kind="faq",
            span=TimeSpan(0.0, 0.0),
            base="",
            text=text,
            person=person,
            at=self._clock.now(),
        )
        await self._edits.put([edit])
        job_id = await self._ingestions.submit_recorded(platform_id, course_id, lesson_id)
        return job_id, len(entries)

    def _edit(
        self,
        lesson: Lesson,
        kind: EditKind,
        span: TimeSpan,
        base: str,
        text: str,
        person: str,
        earlier: Edit | None,
    ) -> Edit:
        edit_id = earlier.id if earlier else str(uuid.uuid4())
        return Edit(
            lesson.platform_id,
            lesson.course_id,
            lesson.id,
            edit_id,
            kind,
            span,
            base,
            text,
            person,
            self._clock.now(),
        )

    async def _keep(self, lesson: Lesson, edits: Sequence[Edit]) -> str:
        await self._edits.put(edits)
        return await self._ingestions.submit(
            lesson.platform_id, course_id=lesson.course_id, lesson_ids=(lesson.id,), priority="edit"
        )


def _check_ends(lesson_id: str, lines: Sequence[EditedLine], length_s: float) -> None:
    for line in lines:
        ends = [locator.end for locator in line.locators if isinstance(locator, TimeSpan)]
        if ends and max(ends) > length_s + _ROUNDED_S:
            raise InvalidInput(
                f"A place of the line {line.text[:40]!r} ends at {max(ends):g} s, after the lesson's end.",
                remedy=f"The lesson {lesson_id!r} is {length_s:g} s long; places are in seconds.",
            )


def late_chapter(title: str, start: float, lesson_id: str, length_s: float) -> InvalidInput:
    """That a chapter starts after the lesson's end; both in seconds."""
    return InvalidInput(
        f"The chapter {title[:40]!r} starts at {start:g} s, after the lesson's end.",
        remedy=f"The lesson {lesson_id!r} is {length_s:g} s long; starts are in seconds.",
    )
