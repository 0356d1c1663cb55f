"""Questions without a model: a sentence of the lesson with a term left out, to be found among other terms."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from baize.domain.artefact import GlossaryTerm, QuizItem
from baize.domain.locator import locator_key
from baize.domain.sentences import has_han
from baize.retrieval.define import is_word, mentions, n_mentions
from baize.retrieval.lines import LONGEST, line_of
from baize.retrieval.terms import normalise
from ingest.prepare.text import LessonText

GAP = "____"
_MOST, _PER_SENTENCE = 8, 1 / 6
_ENOUGH = 3
_OPTIONS = 4
_FEWEST_OPTIONS = 3
_REST = {"zh": 8, "en": 25}
"""Characters that a sentence must have besides its gap, so that it can be answered at all."""
_SAME_THING = re.compile(
    r"又叫|也叫|又称|也称|俗称|就是|即|叫做|也就是|also called|known as|in other words|or simply"
)
_DEFINES = 1.5
"""What a sentence that defines its term gains over others, in standard deviations of salience."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """A sentence and the term that it would ask for."""

    number: int
    term: str
    written: str
    worth: float


def cloze_items(text: LessonText, glossary: Sequence[GlossaryTerm]) -> tuple[QuizItem, ...]:
    """At most one question a sentence and a term, the most telling sentences first, then in their order.

    Terms of the glossary come first; key phrases fill up where they leave fewer than `_ENOUGH` questions.
    A term is asked for only where it stands once in its sentence, as a word of its own; options are other
    terms of the course that are not in the sentence and nowhere said to be the same thing.
    """
    terms = _terms(text, glossary)
    own = {normalise(term) for term in (*(entry.term for entry in glossary), *text.glossary)}
    gaps = sorted(
        _gaps(text, terms, glossary),
        key=lambda gap: (normalise(gap.term) not in own, -gap.worth, gap.number),
    )
    items: dict[int, QuizItem] = {}
    asked: set[str] = set()
    for gap in gaps:
        if len(items) == _most(text) or (len(items) >= _ENOUGH and normalise(gap.term) not in own):
            break
        if gap.number in items or normalise(gap.term) in asked:
            continue
        item = _item(text, gap, terms)
        if item is not None:
            items[gap.number] = item
            asked.add(normalise(gap.term))
    return tuple(items[number] for number in sorted(items))


def _most(text: LessonText) -> int:
    return max(1, min(_MOST, round(len(text.sentences) * _PER_SENTENCE)))


def _terms(text: LessonText, glossary: Sequence[GlossaryTerm]) -> list[str]:
    """Everything that may be an answer or an option: glossary first, then the lesson's key phrases."""
    candidates = [*(entry.term for entry in glossary), *text.glossary]
    candidates += [
        phrase.text
        for phrase in text.phrases.best(16)
        if phrase.n > 1 and text.is_nominal(normalise(phrase.text))
    ]
    return list({normalise(term): term for term in reversed(candidates)}.values())[::-1]


def _gaps(text: LessonText, terms: Sequence[str], glossary: Sequence[GlossaryTerm]) -> Iterable[_Gap]:
    scores = text.salience
    defining = {
        (normalise(e.term), key) for e in glossary if e.explained for key in map(locator_key, e.locators)
    }
    wanted = {term: normalise(term) for term in terms}
    longer = {
        term: [wanted[other] for other in terms if len(other) > len(term) and wanted[term] in wanted[other]]
        for term in terms
    }
    for number, said in enumerate(text.texts):
        if not text.standing[number] or len(said) > LONGEST.get(text.language, LONGEST["en"]):
            continue
        folded = text.folded[number]
        for term in terms:
            if wanted[term] not in folded:
                continue
            written = _written_once(said, folded, term, wanted[term], longer[term])
            if written and len(said) - len(written) >= _REST.get(text.language, _REST["en"]):
                defines = (wanted[term], locator_key(text.sentences[number].locator)) in defining
                yield _Gap(number, term, written, max(scores[number], -9.0) + (_DEFINES if defines else 0.0))


def _written_once(said: str, folded: str, term: str, wanted: str, longer: Sequence[str]) -> str:
    """The term as it stands in the sentence; empty unless it stands there once and as a word of its own.

    Args:
        wanted: the term as it stands in `folded`; `longer`: those that hold it.
    """
    if n_mentions(folded, wanted) != 1 or any(mentions(folded, other) for other in longer):
        return ""
    if has_han(term):
        # A term that is not there as it is written (in traditional characters, say) is not asked for.
        return term if said.count(term) == 1 and is_word(said, term, said.index(term)) else ""
    found = re.findall(rf"(?<!\w){re.escape(term)}(?:es|s)?(?!\w)", said, re.IGNORECASE)
    return found[0] if len(found) == 1 else ""


def _item(text: LessonText, gap: _Gap, terms: Sequence[str]) -> QuizItem | None:
    """None where too few other terms can stand in the gap."""
    said = text.texts[gap.number]
    identity = _digest(text.lesson_id, locator_key(text.sentences[gap.number].locator), gap.term)
    answer = gap.written if has_han(gap.term) else gap.written.lower()
    others = dict.fromkeys(_in_number(other, answer) for other in _distractors(text, gap, terms))
    options = sorted([answer, *islice(others, _OPTIONS - 1)], key=lambda option: _digest(identity, option))
    if len(options) < _FEWEST_OPTIONS:
        return None
    return QuizItem(
        f"{text.lesson_id}~{identity[:10]}",
        "cloze",
        line_of(said, text.language).replace(gap.written, GAP, 1),
        tuple(options),
        options.index(answer),
        text.lesson_id,
        text.place(gap.number, gap.number),
        said,
    )


def _distractors(text: LessonText, gap: _Gap, terms: Sequence[str]) -> Iterable[str]:
    """Other terms, those of about the same length and script first, that are plainly wrong in this gap."""
    answer, said = normalise(gap.term), text.folded[gap.number]
    equations = [other for other in text.folded if _SAME_THING.search(other) and mentions(other, answer)]

    def could_be_right(other: str) -> bool:
        if other in answer or answer in other or mentions(said, other):
            return True
        return any(mentions(equation, other) for equation in equations)

    fitting = [term for term in terms if not could_be_right(normalise(term))]
    fitting.sort(key=lambda term: (has_han(term) != has_han(gap.term), abs(len(term) - len(gap.term))))
    return iter(fitting)


def _in_number(term: str, answer: str) -> str:
    """An English term in the number of the answer, so that its form tells nothing."""
    if has_han(term) or has_han(answer) or term.isupper():
        return term
    if _is_plural(answer) == _is_plural(term):
        return term
    if _is_plural(term):
        return term[:-3] + "y" if term.endswith("ies") else term[:-1]
    if term.endswith("y") and term[-2:-1] not in "aeiou":
        return term[:-1] + "ies"
    return term + ("es" if term.endswith(("s", "x", "ch", "sh")) else "s")


def _is_plural(term: str) -> bool:
    return len(term) > 3 and term.endswith("s") and not term.endswith(("ss", "us", "is"))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
