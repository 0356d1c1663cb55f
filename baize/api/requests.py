"""What callers send: request bodies, and body → domain."""

from __future__ import annotations

from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from baize.domain.course import ID_PATTERN
from baize.domain.practice import Mode
from baize.domain.search import Position, Scope, UpTo
from baize.services.answer import Question
from baize.services.search import Kind

ID_REGEX = f"^{ID_PATTERN.pattern}$"
Id = Annotated[str, Field(pattern=ID_REGEX, examples=["elder-health"])]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# PostgreSQL stores no NUL in text; nobody types one.
WORDS_REGEX = r"^[^\x00]*$"
Words = Annotated[str, Field(pattern=WORDS_REGEX)]
LANGUAGE_REGEX = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
LanguageTag = Annotated[str, Field(pattern=LANGUAGE_REGEX)]
Thinking = StrictBool | Literal["auto", "on", "off"]
MAX_IDS = 200
MODES: tuple[Mode, ...] = get_args(Mode)
"""The modes that are available; `GET /v1/capabilities` tells them."""
_THINKING: dict[bool | str, bool | None] = {"auto": None, "on": True, "off": False, True: True, False: False}


class RequestBody(BaseModel):
    """Base of request bodies: a field that we do not know is an error that names it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class UpToBody(RequestBody):
    """No spoilers: nothing after this second of this lesson is used."""

    lesson_id: Id
    position_s: Seconds


class ScopeBody(RequestBody):
    """Where to look; empty means everything on the platform."""

    course_ids: list[Id] = Field([], max_length=MAX_IDS)
    lesson_ids: list[Id] = Field([], max_length=MAX_IDS)
    up_to: UpToBody | None = None

    def scope(self, platform_id: str) -> Scope:
        up_to = UpTo(self.up_to.lesson_id, self.up_to.position_s) if self.up_to else None
        return Scope(platform_id, tuple(self.course_ids), tuple(self.lesson_ids), up_to)


class PositionBody(RequestBody):
    """Where the learner is in the player.

    A question that points at what is being said there ("What did he just say?") is answered from the minute
    before `t`. It says nothing for other questions, or where the lesson is not in scope.
    """

    lesson_id: Id
    t: Seconds


class AnswerRequest(RequestBody):
    """A question about the courses in scope."""

    question: Words = Field(examples=["量血压前要休息多久？"])
    scope: ScopeBody = Field(default_factory=ScopeBody)
    position: PositionBody | None = None
    conversation_id: Id | None = None
    """From `start` of an earlier answer: the question may then point back to it."""
    mode: Mode = "explain"
    """`explain` answers; `guide` hints at an exercise and keeps its solution; `test` asks and grades."""
    item_id: Id | None = None
    """The exercise or quiz item that the learner is at, where the page knows it."""
    thinking: Thinking = "auto"
    language: LanguageTag | None = None
    """Language of the answer; without it, that of the question."""
    learner_id: Id | None = None
    """With a platform key: whose question it is. A learner token says so itself."""

    def to_question(self, scope: Scope, learner_id: str, zone: ZoneInfo | None = None) -> Question:
        """
        Args:
            scope: the body's own, narrowed to what the caller sees.
            zone: whose midnight ends the learner's day; None for the server's.
        """
        return Question(
            self.question,
            scope,
            self.conversation_id or "",
            (self.language or "").split("-")[0].lower(),
            _THINKING[self.thinking],
            learner_id,
            Position(self.position.lesson_id, self.position.t) if self.position else None,
            mode=self.mode,
            item_id=self.item_id or "",
            zone=zone,
        )


class SearchRequest(RequestBody):
    """A search for moments, or for the lessons or courses that hold the best ones."""

    query: Words = Field(examples=["袖带"])
    scope: ScopeBody = Field(default_factory=ScopeBody)
    kind: Kind = "moments"
    k: int = 10
