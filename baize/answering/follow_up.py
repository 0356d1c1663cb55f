"""A finished answer → what a learner may ask next, in the course's own words. Comes last; no model call.

Each of these is answered by the course: an entry of its FAQ that was found and not cited, or a term that it
explains near the cited moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from baize.domain.artefact import GlossaryTerm
from baize.domain.chat import Answer, Citation, Turn
from baize.domain.locator import FaqEntry, Locator, TimeSpan
from baize.domain.search import Scope
from baize.domain.text import Chunk
from baize.retrieval.terms import normalise, terms

_N = 3
_NEAR_S = 180.0
"""A term that is explained within three minutes of what was cited belongs to it."""
_ALIKE = 2
"""Terms that an FAQ's question shares with question or answer; fewer, and it is about something else."""
MEANING = {"zh": "什么是{}？", "en": "What does “{}” mean?"}
"""How a learner asks for a term, by language."""
_LONGEST = {"zh": 10, "en": 30}
"""Characters of a term; what is longer is a phrase."""


def follow_ups(
    answer: Answer, turn: Turn, glossary: Sequence[GlossaryTerm], scope: Scope, earlier: Iterable[str] = ()
) -> tuple[str, ...]:
    """At most three questions; none where there is nothing good.

    Args:
        glossary: of the cited lessons, in the language of the answer.
        earlier: questions of the turns before, which are not proposed again.
    """
    if not answer.citations or answer.refusal or answer.language not in MEANING:
        return ()
    asked = normalise("\n".join((answer.question, *earlier)))
    chosen = [*_entries(answer, turn), *_meanings(answer, glossary, scope, asked)]
    return tuple(question for question in dict.fromkeys(chosen) if normalise(question) not in asked)[:_N]


def _entries(answer: Answer, turn: Turn) -> list[str]:
    """Questions of the FAQ on the same subject."""
    cited = {citation.chunk_id for citation in answer.citations}
    about = set(terms(f"{answer.question}\n{answer.text}"))
    questions = [
        _entry_of(item.chunk)
        for item in turn.evidence
        if isinstance(item.locator, FaqEntry)
        and item.chunk.id not in cited
        and item.chunk.language == answer.language
    ]
    return [question for question in questions if len(about.intersection(terms(question))) >= _ALIKE]


def _entry_of(chunk: Chunk) -> str:
    headings = chunk.sentences[0].headings if chunk.sentences else ()
    return headings[-1] if headings else ""


def _meanings(answer: Answer, glossary: Sequence[GlossaryTerm], scope: Scope, asked: str) -> list[str]:
    """Of terms that the answer says, or that are explained near what it cites, the nearest first."""
    quoted = {citation.quote for citation in answer.citations}
    said = normalise(answer.text)
    near: dict[str, tuple[float, str]] = {}
    for entry in glossary:
        term = normalise(entry.term)
        if not entry.explained or term in asked or entry.explanation in quoted or not _seen(entry, scope):
            continue
        distance = 0.0 if term in said else _distance(entry, answer.citations)
        if distance <= _NEAR_S and len(term) <= _LONGEST[answer.language]:
            # One question for each explanation: it explains the other term, too.
            near.setdefault(entry.explanation, (distance, entry.term))
    template = MEANING[answer.language]
    return [template.format(term) for _, term in sorted(near.values(), key=lambda found: found[0])]


def _seen(entry: GlossaryTerm, scope: Scope) -> bool:
    """Whether the explanation may be found: not behind `up_to`."""
    if entry.lesson_id in scope.after_lessons:
        return False
    if scope.up_to is None or scope.up_to.lesson_id != entry.lesson_id:
        return True
    return any(_start(locator) < scope.up_to.position_s for locator in entry.locators)


def _distance(entry: GlossaryTerm, citations: Sequence[Citation]) -> float:
    return min(
        (
            abs(_start(place) - _start(citation.locator))
            for citation in citations
            if citation.lesson_id == entry.lesson_id and isinstance(citation.locator, TimeSpan)
            for place in entry.locators
        ),
        default=float("inf"),
    )


def _start(locator: Locator) -> float:
    return locator.start if isinstance(locator, TimeSpan) else float("inf")
