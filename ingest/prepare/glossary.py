"""The terms of a lesson with the moment that explains each: the course's glossary, then key phrases."""

from __future__ import annotations

from baize.domain.artefact import GlossaryTerm
from baize.domain.sentences import joined
from baize.retrieval.define import Explained, explained
from baize.retrieval.lines import LONGEST, cut
from baize.retrieval.terms import normalise
from ingest.prepare.text import LessonText

_PHRASES = 30
"""Key phrases that are looked at; only those that the lesson explains are terms."""
_MOST_TERMS = 20


def glossary_terms(text: LessonText) -> tuple[GlossaryTerm, ...]:
    """The course's own terms that the lesson uses, and key phrases that it explains; in its order."""
    found = [*_of_course(text), *_of_lesson(text)]
    found.sort(key=lambda entry: not entry[1].defined)
    kept = sorted(found[:_MOST_TERMS], key=lambda entry: (entry[1].first, entry[0]))
    return tuple(_entry(text, term, where) for term, where in kept)


def _of_course(text: LessonText) -> list[tuple[str, Explained]]:
    return [
        (term, where)
        for term in dict.fromkeys(text.glossary)
        if (where := explained(term, text.folded, text.standing, text.glossary))
    ]


def _of_lesson(text: LessonText) -> list[tuple[str, Explained]]:
    """Key phrases that are no glossary word and no part of one."""
    known = [normalise(term) for term in text.glossary]
    found: list[tuple[str, Explained]] = []
    for phrase in text.phrases.best(_PHRASES):
        term = normalise(phrase.text)
        if any(term in other or other in term for other in known) or not text.is_nominal(term):
            continue
        where = explained(phrase.text, text.folded, text.standing)
        if where and where.defined:
            found.append((phrase.text, where))
    return found


def _entry(text: LessonText, term: str, where: Explained) -> GlossaryTerm:
    longest = 2 * LONGEST.get(text.language, LONGEST["en"])
    said = " ".join(joined(text.texts[where.first : where.last + 1]).split())
    return GlossaryTerm(
        term, cut(said, longest), text.lesson_id, text.place(where.first, where.last), where.defined
    )
