"""Which sentences of a talk say nothing that the rest of it speaks of, and read a little like an order.

`orders` knows an order by its wording, and an order may be worded in any way. What it wants said mostly has
nothing to do with the lesson around it. So words that are of the lesson tie its sentences together, and a
sentence that no word ties to the others is adrift: alone, or with one or two more. Lecturers say such
sentences too ("this looks tricky"), so the rarer they are here, the more of the likeness to an order that
words and signs tell is asked of them. It is a matter of where a sentence stands, so it is asked twice: of a
whole lesson when it is taken in, and of the evidence beside a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from operator import add

from baize.domain.locator import FaqEntry
from baize.domain.search import Evidence
from baize.retrieval.disarm import without
from baize.retrieval.orders import order_examples, reading_of_words, views
from baize.retrieval.terms import STOP_WORDS

_MOST_TOGETHER = 3
"""Sentences that are tied to each other and to nothing else, and are adrift all the same."""
_FEWEST = 2
"""Words of its own from which a sentence says something."""
_COMMON = 3
"""Examples of `orders`, orders or not, in which a word stands that ties nothing: say, question, lesson."""
_LEAST = -0.5
_LEAST_OF_FEW = -0.4
_FEW = 16
"""Likeness to an order; more of it where there are fewer sentences, for of few, many are adrift by chance.
Terse lectures ("look at the face: is the mouth crooked?") score up to there and must stay evidence."""
_UNASKED = 0.3
"""So much more of it."""
_MOST_OF_A_TALK = 1 / 3
"""Where more of a talk is adrift, it is a short or terse one, in which that says nothing of a sentence."""
_STEM = 6
_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]{3,}")


def strays(texts: Sequence[str], anchors: Sequence[str], *, unasked: bool = False) -> frozenset[str]:
    """Those of the sentences that are adrift and enough like an order.

    Args:
        anchors: what is said to be the subject, by others than who speaks: titles, a question. What shares a
            word with them is not adrift.
        unasked: there is no question that could tie what is said once to it, so more likeness is asked.
    """
    distinct = list(dict.fromkeys(texts))
    loose = adrift(distinct, anchors)
    if not loose or (unasked and len(loose) > _MOST_OF_A_TALK * len(distinct)):
        return frozenset()
    read = [(text, view) for text in loose for view in views(text)]
    scores = reading_of_words().scores([view for _, view in read])
    least = _LEAST_OF_FEW if len(distinct) < _FEW else _LEAST
    least += _UNASKED if unasked else 0.0
    return frozenset(text for (text, _), score in zip(read, scores, strict=True) if score >= least)


def adrift(texts: Sequence[str], anchors: Sequence[str] = ()) -> list[str]:
    """Those of the distinct sentences that no word ties to the anchors or to more than two others."""
    words = {text: _own_words(text) for text in texts}
    ours: set[str] = set().union(*map(_own_words, anchors))
    loose = list(texts)
    # What shares a word with the anchors is of their group, and so is what shares one with that.
    while tied := [text for text in loose if not ours.isdisjoint(words[text])]:
        loose = [text for text in loose if ours.isdisjoint(words[text])]
        ours.update(*[words[text] for text in tied])
    sizes = _sizes([words[text] for text in loose])
    return [
        text
        for text, size in zip(loose, sizes, strict=True)
        if len(words[text]) >= _FEWEST and size <= _MOST_TOGETHER
    ]


def _sizes(words: Sequence[frozenset[str]]) -> list[int]:
    """How many sentences are in the group of each; those that share a word are of one group."""
    group = list(range(len(words)))
    first: dict[str, int] = {}
    for number, own in enumerate(words):
        for word in own:
            group[_root(group, number)] = _root(group, first.setdefault(word, number))
    n_in = Counter(_root(group, number) for number in range(len(words)))
    return [n_in[_root(group, number)] for number in range(len(words))]


def anchored(evidence: Sequence[Evidence], asked: str) -> tuple[list[Evidence], tuple[str, ...]]:
    """The evidence without its strays, numbered anew, and their texts. Entries of a FAQ are kept whole."""
    spoken = [item for item in evidence if not isinstance(item.locator, FaqEntry)]
    anchors = [asked, *dict.fromkeys(_about(item) for item in spoken)]
    found = strays([one.text for item in spoken for one in item.chunk.sentences], anchors)
    if not found:
        return list(evidence), ()
    kept = [
        item.moment if isinstance(item.locator, FaqEntry) else without(item.moment, found)
        for item in evidence
    ]
    left = [moment for moment in kept if moment is not None]
    return [Evidence(marker, moment) for marker, moment in enumerate(left, 1)], tuple(sorted(found))


def _about(item: Evidence) -> str:
    return " ".join((item.chunk.lesson_title, *item.chunk.headings))


def _root(group: list[int], number: int) -> int:
    while group[number] != number:
        group[number] = group[group[number]]
        number = group[number]
    return number


def _words(text: str) -> frozenset[str]:
    """Pairs of Chinese characters and beginnings of other words: coarser than `terms`, and much cheaper."""
    found: set[str] = set()
    for run in _RUN.findall(text.lower()):
        if "\u3400" <= run[0] <= "\u9fff":
            found.update(map(add, run, run[1:]))
        else:
            found.add(run[:_STEM])
    return frozenset(found)


@lru_cache(maxsize=1 << 13)
def _own_words(text: str) -> frozenset[str]:
    """Those that tie it to others."""
    return _words(text) - _common()


@cache
def _common() -> frozenset[str]:
    """What is said in any lesson, or of any answer."""
    n_with = Counter(word for one in order_examples() for word in _words(one.text))
    stop_words = frozenset[str]().union(*map(_words, STOP_WORDS))
    return stop_words | {word for word, n in n_with.items() if n >= _COMMON}
