"""A learner's own words against what the course says: correct, incomplete, wrong or uncertain.

The model grades where there is one, with the span as its reference; numbers are never left to it. Without a
model key terms decide, then the embedder. Whatever neither can tell goes to the course team.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import aclosing
from dataclasses import replace

from baize.answering.consistency import contradicts
from baize.answering.numbers import numbers
from baize.answering.weigh import terms_of
from baize.domain.chat import Sampling, TextDelta
from baize.domain.practice import Graded, Reference, Verdict
from baize.domain.sentences import has_han
from baize.errors import UpstreamFailed
from baize.ports import ChatModel, Embedder
from baize.prompting import Prompt
from baize.retrieval.terms import normalise

_log = logging.getLogger(__name__)

_SAYS_ALL = 0.8
_SAYS_SOME = 0.34
"""Shares of the solution's key terms from which an answer is correct, or incomplete."""
_MEANS = 0.93
_UNLIKE = 0.86
"""Cosine from which other words mean the same, and below which they do not."""
_MAX_GIVEN = 2000
_VERDICTS: dict[str, Verdict] = {
    "correct": "correct",
    "incomplete": "incomplete",
    "wrong": "wrong",
    "uncertain": "uncertain",
}
_OBJECT = re.compile(r"\{[^{}]*\}")
_NOTHING = re.compile(
    r"^\W*(?:不知道|不会|忘了|不清楚|没想好|(?:i )?(?:don'?t|do not) know|no idea)\W*$", re.IGNORECASE
)
_MINUS = r"(?<![a-z0-9)\]%])-(?=\d)"
_BELOW = re.compile(
    _MINUS + r"|负(?=[\d零〇一二两三四五六七八九十百千])|零下|\b(?:minus|negative|below (?:zero|freezing))\b"
)
_RELATION = re.compile(r"[<>≤≥≠]")
_SPACED = re.compile(r"\s*([:/^×*<>≤≥≠=√])\s*")
_TOLD = re.compile(r"[^\W_]|[<>≤≥≠=√]|(?<=\d)[.:/^×*](?=\d)|(?<=\d),(?=\d)(?!\d{3}(?!\d))|" + _MINUS)
"""Of an answer, what another one must have too to be the same: its letters and digits, and the signs between
digits, without which 1.5 is 15 and −5 is 5."""
_SIGN = re.compile(r"[$¥€£%‰#&@*/+\-×÷^|~]")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_CANDIDATES = re.compile(r"或者?|还是|要么|、|/|\bor\b", re.IGNORECASE)


class Grader:
    """
    Args:
        chat: None where no model is configured.
        hold: waits for a slot at the endpoint, as answers do.
    """

    def __init__(
        self,
        *,
        embedder: Embedder,
        chat: ChatModel | None,
        prompt: Prompt,
        thinking_tokens: int,
    ) -> None:
        self._embedder = embedder
        self._chat = chat
        self._prompt = prompt
        self._thinking_tokens = thinking_tokens

    async def grade(self, reference: Reference, given: str) -> Graded:
        """The verdict on an answer in free text."""
        sure = surely(reference, given)
        if sure is not None:
            return Graded(sure, "terms")
        if self._chat is not None:
            said = await self._by_model(reference, given[:_MAX_GIVEN])
            if said is not None:
                return Graded(_checked(said, reference, given), self._chat.name)
        return await self.by_code(reference, given)

    async def by_code(self, reference: Reference, given: str) -> Graded:
        """The verdict without a model: nothing that a learner writes can talk it round."""
        sure = surely(reference, given)
        return Graded(sure or await self._by_terms(reference, given), "terms")

    async def _by_terms(self, reference: Reference, given: str) -> Verdict:
        if contradicts(given, [text for text in (reference.solution, reference.quote) if text]):
            return "wrong"
        if _other_sign(reference, given) or _other_order(reference, given) or not _TOLD.search(given):
            return "uncertain"
        asked = terms_of(reference.question)
        told = terms_of(given)
        shares = [
            len(wanted & told) / len(wanted)
            for text in (reference.solution, *reference.forms)
            if (wanted := terms_of(text) - asked)
        ]
        share = max(shares, default=0.0)
        if share >= _SAYS_ALL:
            return "correct"
        vector = await self._embedder.embed_query(given)
        texts = [text for text in (reference.solution, *reference.forms) if text]
        known = [await self._embedder.embed_query(text) for text in texts]
        cosine = max((float(vector @ one) for one in known), default=0.0)
        if cosine >= _MEANS:
            return "correct"
        if share >= _SAYS_SOME:
            return "incomplete"
        return "uncertain" if cosine >= _UNLIKE and len(normalise(given)) > 1 else "wrong"

    async def _by_model(self, reference: Reference, given: str) -> Verdict | None:
        """What the model says; asked again without JSON mode where that gave nothing; None if it fails."""
        messages = self._prompt.render(
            {
                "question": _fenced(reference.question),
                "solution": _fenced("; ".join((reference.solution, *reference.forms))),
                "quote": _fenced(reference.quote),
                "given": _fenced(given),
            }
        )
        wanted = self._prompt.sampling
        sampling = replace(wanted, max_tokens=wanted.max_tokens + self._thinking_tokens)
        for attempt in (sampling, replace(sampling, json=False, thinking=False)):
            try:
                verdict = _verdict(await self._said(messages, attempt))
            except UpstreamFailed as failure:
                _log.warning("An answer was not graded by the model: %s", type(failure).__name__)
                return None
            if verdict is not None:
                return verdict
        return None

    async def _said(self, messages: tuple[object, ...], sampling: Sampling) -> str:
        pieces: list[str] = []
        if self._chat is None:
            return ""
        async with aclosing(self._chat.stream(list(messages), sampling)) as events:  # type: ignore[arg-type]
            async for event in events:
                if isinstance(event, TextDelta):
                    pieces.append(event.text)
        return "".join(pieces)


def surely(reference: Reference, given: str) -> Verdict | None:
    """What needs no judgement: the very solution, nothing at all, or numbers that are others."""
    said = _bare(given)
    if not said or _NOTHING.match(given):
        return "wrong"
    if said in {_bare(text) for text in (reference.solution, *reference.forms)}:
        return "correct"
    wanted = numbers(reference.solution, strict=False) - numbers(reference.question, strict=False)
    if not wanted:
        return None
    told = numbers(given, strict=False) - numbers(reference.question, strict=False)
    # A lone `一` is often no number: one of both has to write it as one.
    sure = wanted <= numbers(reference.solution, strict=True) or wanted <= numbers(given, strict=True)
    agree = sure and wanted <= told and not (told - wanted or _CANDIDATES.search(given))
    agree = agree and not _other_sign(reference, given) and not _other_order(reference, given)
    if agree and _is_short(reference.solution):
        return "correct" if _same_unit(reference, given) else None
    return "wrong" if told and not wanted & told else None


def _checked(said: Verdict, reference: Reference, given: str) -> Verdict:
    """The model's verdict where numbers bear it out; where they do not, a person decides."""
    wanted = numbers(reference.solution, strict=True) - numbers(reference.question, strict=True)
    told = numbers(given, strict=False)
    doubtful = not wanted <= told or _other_sign(reference, given)
    return "uncertain" if said == "correct" and doubtful else said


def _other_sign(reference: Reference, given: str) -> bool:
    """5 for −5, or < for >; a minus that the question has (`零下几度？`) need not be said."""
    asked, wanted, told = (_even(text) for text in (reference.question, reference.solution, given))
    minus = bool(_BELOW.search(wanted)) != bool(_BELOW.search(told)) and not _BELOW.search(asked)
    relations = [set(_RELATION.findall(text)) for text in (wanted, told)]
    return bool(minus and _DIGITS.search(told)) or (all(relations) and relations[0] != relations[1])


def _other_order(reference: Reference, given: str) -> bool:
    """1:3 for 3:1: the same digits, the other way round."""
    wanted, told = (_DIGITS.findall(_even(text)) for text in (reference.solution, given))
    return wanted != told and sorted(wanted) == sorted(told)


def _same_unit(reference: Reference, given: str) -> bool:
    return not contradicts(given, [reference.solution])


def _is_short(solution: str) -> bool:
    return len(_bare(solution)) <= (12 if has_han(solution) else 24)


def _bare(text: str) -> str:
    even = _SPACED.sub(r"\1", _even(text))
    return "".join(_TOLD.findall(even)) or "".join(_SIGN.findall(even))


def _even(text: str) -> str:
    """With one kind of minus."""
    return normalise(text).replace("−", "-").replace("–", "-")


def _verdict(reply: str) -> Verdict | None:
    for found in _OBJECT.findall(reply):
        try:
            verdict = json.loads(found).get("verdict")
        except (ValueError, AttributeError):
            continue
        if isinstance(verdict, str) and verdict.strip().lower() in _VERDICTS:
            return _VERDICTS[verdict.strip().lower()]
    return None


def _fenced(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")
