"""Question → a courtesy that asks nothing of a course, and what is said to it. No search, no model call.

Only a message that is a courtesy and nothing else counts: "你好，血压怎么量？" is a question. Without this a
greeting would be looked up like any question, and somebody in the course who says 谢谢 would be the answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import chain
from typing import Literal, NamedTuple

from baize.retrieval.terms import normalise

Courtesy = Literal["greeting", "thanks", "goodbye", "identity", "agreement"]

_IN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])")


def _any_of(phrases: Iterable[str]) -> str:
    """The longest that stands there; of English, whole words."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return rf"(?<![a-z'-])(?:{'|'.join(map(re.escape, longest_first))})(?![a-z'-])"


class _Known(NamedTuple):
    """The phrases of `courtesies.tsv`.

    Attributes:
        stops: what parts words and says nothing; 👍 is none.
        whole: a message of nothing else.
        kinds: the first of which a message holds something is what it is: "好的，谢谢，再见" are thanks.
    """

    stops: re.Pattern[str]
    whole: re.Pattern[str]
    kinds: dict[Courtesy, re.Pattern[str]]


@cache
def _known() -> _Known:
    """Read once. `beside` is what may stand with a courtesy, and is none."""
    text = resources.files("baize.answering").joinpath("courtesies.tsv").read_text("utf-8")
    phrases: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        kind, listed = line.split("\t")
        phrases[kind] += listed.split("|")
    signs = "".join(phrase for phrase in chain.from_iterable(phrases.values()) if not phrase[0].isalpha())
    stops = re.compile(rf"[^\w'\-{signs}]+|_")
    # Atomic: "嗯嗯嗯…" has as many readings as there are ways to split it.
    whole = re.compile(rf"(?>{_any_of(chain.from_iterable(phrases.values()))} ?)++")
    return _Known(stops, whole, {kind: re.compile(_any_of(phrases[kind])) for kind in _REPLIES})


_SELF = {
    "zh": "您好！我是白泽，您的 AI 学习助手。课程里讲过的，您都可以问我；"
    "答案的每一句，都能点开看是课里哪一处讲的。",
    "en": "Hello! I am Bai Ze, your AI study companion. Ask me about anything in the course; "
    "each sentence of an answer leads to the place where it was said.",
}
_REPLIES: dict[Courtesy, dict[str, str]] = {
    "identity": _SELF,
    "thanks": {
        "zh": "不客气！还有不明白的地方，随时问我。",
        "en": "You are welcome. Ask me whenever something is unclear.",
    },
    "goodbye": {"zh": "再见，祝您学习愉快！", "en": "Goodbye, and enjoy your studies!"},
    "greeting": _SELF,
    "agreement": {
        "zh": "好的。还想了解什么，接着问我就行。",
        "en": "All right. Ask me whatever comes up next.",
    },
}


def courtesy_of(text: str) -> Courtesy | None:
    """Which courtesy the whole message is; None where it asks or says anything else."""
    known = _known()
    plain = known.stops.sub(" ", normalise(text)).strip()
    plain = _IN_CHINESE.sub("", plain)
    if known.whole.fullmatch(plain) is None:
        return None
    return next((kind for kind, phrase in known.kinds.items() if phrase.search(plain)), None)


def reply_to(courtesy: Courtesy, language: str) -> str:
    """What is said to it, in the language of the learner where that is known, else in English."""
    replies = _REPLIES[courtesy]
    return replies.get(language, replies["en"])
