"""Where a text says what a term is: by the patterns in which teachers define (X 就是 …, … is called X)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate

from baize.domain.sentences import has_han
from baize.retrieval.terms import normalise

# Patterns meet folded text: NFKC has made half-width commas, colons and brackets of the full-width ones.
_NO_DEFINITION_ZH = (
    r"(?!很|非常|最|不(?:是|要|能|会|可|太|同|对)|否|什么|怎么|多少|为什么|因为|在|要|可以|由于|对的|错的|必|如何|个|这样|那样|一样|有|没|\d|"
    r"第|我|你|他|吗|呢|吧|的)"
)
_TERM_FIRST_ZH = (
    r"(?:^|[,。;:、\s“\"《(])(?:所谓的?|其中的?|那么)?[“\"《]?{term}[”\"》]?(?:\([^)]*\))?[,\s]*"
    r"(?:其实|也|又|指的|通常|一般|简单来?说|说白了)?,?"
    r"(?:就是|是指|指的?是|是|指|叫做|意味着|意思是|的意思(?:就)?是|的定义是|表示|就等于|相当于|用来|负责)"
    # A piece that breaks off (深度学习是科技世界中) defines nothing.
    + _NO_DEFINITION_ZH
    + r"(?!.{0,8}[中里的上]$)"
)
_TERM_LAST_ZH = (
    r"(?<!不)(?<!没有)(?:叫做?|叫作|称为|称作|称之为|名为)(?:我们(?:常)?说的|所谓的?|人们(?:常)?说的)?"
    r"[“\"《]?{term}[”\"》]?(?=[,。;!.\s”\"》]|$)"
)
_TERM_FIRST_EN = (
    r"(?:^|[;:]\s*)(?:(?:so|now|and|well|ok(?:ay)?|first|here),?\s+)?(?:by\s+)?(?:(?:a|an|the|every|each)\s+)?"
    r"[“\"']?{term}(?:es|s)?[”\"']?(?:\s*\([^)]*\))?,?\s+(?:(?:is|are)\s+(?:(?:just|simply|basically|really|"
    r"essentially|nothing but|nothing more than)\s+)?(?:a|an|the|any|all|one|like|what|when|where|how|"
    r"defined as|used (?:to|for)|those)\b|means?\b|refers? to|stands? for|represents?\b|describes?\b|"
    r"tells? (?:us|you)|measures?\b|consists? of|lets? you|(?:we|i) mean\b)"
)
_TERM_LAST_EN = (
    r"(?:\b(?:is|are|be|it|this|that|them|these|they)(?:'s|'re)?(?:\s+\w+)?\s+called"
    r"|\bcall(?:s|ed)?(?:\s+(?:it|this|that|them|these))?|\bknown as|\bnamed|\breferred to as)"
    r"\s+(?:(?:a|an|the|our|your)\s+)?[“\"']?{term}(?:es|s)?[”\"']?(?=[,.;!:]|\s*$|\s+of\b)"
)
# A question of its own; not 下一节定义什么是 X, which only announces one.
_ASKED_FIRST_ZH = (
    r"(?:^|[,。;:、\s]|那么?|到底|究竟)(?:什么(?:是|叫做?)|何谓|何为)[“\"]?{term}[”\"]?呢?[?。]?$"
)
_ASKED_LAST_ZH = r"(?:^|[,。;:、\s]|那么?|到底|究竟){term}(?:到底|究竟)?是什么呢?[?。]?$"
_ASKED_EN = r"\bwhat(?:'s| is| are| do we mean by)\s+(?:(?:a|an|the)\s+)?{term}s?\s*\?"
_LEANS = re.compile(
    r"^(?:这|那|它|此|其|人们|我们(?:就)?(?:把|将)|this|that|these|those|it|they|which|we call|and)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"\b(?:a|an|the|this|that|each|every|one|of|your|our|my|its|another|any|no|some|two|three)\s+"
)
_ONE_WORD = re.compile(r"\w+\s+")
_TAIL = re.compile(r"(?:es|s)?(?!\w)")
_NOMINAL = 0.4
"""Share of its uses in which an English noun has an article, or the like, before it."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a term is explained: sentences `first` … `last`, numbered from 0.

    Attributes:
        defined: whether it is a definition; else only the sentence that says most of the term.
    """

    first: int
    last: int
    defined: bool


def explained(
    term: str, texts: Sequence[str], standing: Sequence[bool], longer: Collection[str] = ()
) -> Explained | None:
    """The first sentence that defines the term, with the one before it where it points back there.

    Without a definition, a sentence that starts with the term, or one that can be read alone, or the first
    that uses it; None where none does. A question (什么是 X？) is answered by the sentence after it.

    Args:
        texts: folded by `normalise`.
        standing: of each text, whether it can be read alone.
        longer: terms that hold this one; where they stand, it does not.
    """
    wanted = normalise(term)
    around = [normalise(other) for other in longer if len(other) > len(term)]
    around = [other for other in around if wanted in other]
    folded = [_without(text, around) for text in texts] if around else texts
    using = [number for number in _holding(wanted, folded) if mentions(folded[number], wanted)]
    han = has_han(wanted)
    for number in using:
        if _matches(folded[number], wanted, _FIRST[han]):
            return Explained(number, number, True)
        if _matches(folded[number], wanted, _LAST[han]):
            leans = number > 0 and _LEANS.match(folded[number])
            return Explained(number - 1 if leans else number, number, True)
        answered = number + 1 < len(texts) and standing[number + 1]
        if answered and _matches(folded[number], wanted, _ASKED[han]):
            return Explained(number + 1, number + 1, True)
    if not using:
        return None

    def worth(number: int) -> int:
        text = folded[number]
        opens = text.startswith(wanted) and is_word(text, wanted, 0)
        return opens + 2 * standing[number] - 2 * text.endswith(("?", "？"))

    best = max(using, key=lambda number: (worth(number), -number))
    return Explained(best, best, False)


def mentions(text: str, term: str) -> bool:
    """Whether a folded text uses a folded term: as whole words where the term is not Chinese."""
    return term in text and any(True for _ in _uses(text, term))


def n_mentions(text: str, term: str) -> int:
    """How often it does; overlapping uses count once."""
    return sum(1 for _ in _uses(text, term))


def is_word(text: str, term: str, start: int) -> bool:
    """Whether the term that stands at `start` begins and ends where Chinese words do.

    Not where one more character makes another noun of it: 快递 in 快递单.
    """
    place, opens, after = 0, False, ("", "")
    end = start + len(term)
    for word, tag in _tagged(text):
        opens = opens or place == start
        if place == end:
            after = (word, tag)
        place += len(word)
        if place > end or (place == len(text) == end):
            break
    closes = place == end or bool(after[0])
    return opens and closes and not (len(after[0]) == 1 and after[1].startswith("n"))


@lru_cache(maxsize=1 << 8)
def _tagged(text: str) -> tuple[tuple[str, str], ...]:
    """Remembered: a sentence is asked about for each term in it."""
    import rjieba

    return tuple(rjieba.tag(text))


def is_nominal(term: str, texts: Sequence[str]) -> bool:
    """Whether a folded term is a noun: by its first word in Chinese, by the articles before it in English."""
    if has_han(term):
        return _opens_with_noun(term)
    if " " in term:
        return True
    if term.endswith(("ed", "ly")):
        return False
    holding = [texts[number] for number in _holding(term, texts)]
    n = sum(n_mentions(text, term) for text in holding)
    n_articles = sum(_n_after_article(text, term) for text in holding)
    return n_articles >= _NOMINAL * n


def _opens_with_noun(term: str) -> bool:
    """学习神经网络 is what one does, 神经网络 a thing."""
    import rjieba

    tag = str(rjieba.tag(term)[0][1])
    return tag == "vn" or not tag.startswith(("v", "d", "p", "c", "m", "q", "r"))


def _holding(term: str, texts: Sequence[str]) -> Iterator[int]:
    """Numbers of the texts that a term stands in: all of them are looked through as one."""
    whole, starts = _as_one(tuple(texts))
    at = whole.find(term) if term else -1
    while at >= 0:
        number = bisect_right(starts, at) - 1
        if term in texts[number]:
            yield number
        after = number + 1
        at = whole.find(term, starts[after]) if after < len(starts) else -1


@lru_cache(maxsize=4)
def _as_one(texts: tuple[str, ...]) -> tuple[str, list[int]]:
    """Texts one behind the other, with where each begins; remembered, as many terms are looked for."""
    lengths = [len(text) + 1 for text in texts[:-1]]
    return "\0".join(texts), list(accumulate(lengths, initial=0))


def _without(text: str, longer: Collection[str]) -> str:
    """The text with longer terms blotted out."""
    for other in longer:
        text = text.replace(other, "■" * len(other))
    return text


# Terms are looked for as they are and their surroundings by patterns that know no term: a pattern for each
# term would have to be compiled, which costs more than all that is searched with it.


def _uses(text: str, term: str) -> Iterator[tuple[int, int]]:
    """Where a term stands, from left to right and not overlapping; a plural is a use of an English term."""
    han, at = has_han(term), text.find(term)
    while at >= 0 and term:
        end = at + len(term) if han else _whole_to(text, at, term)
        if end:
            yield at, end
        at = text.find(term, end or at + 1)


def _whole_to(text: str, at: int, term: str) -> int:
    """Where the word or the plural that begins here with the term ends; 0: it is a part of another word."""
    if at and (text[at - 1].isalnum() or text[at - 1] == "_"):
        return 0
    tail = _TAIL.match(text, at + len(term))
    return tail.end() if tail else 0


def _n_after_article(text: str, term: str) -> int:
    """How often an English term has an article before it, or an article and one more word."""
    n = place = 0
    for at, starts in _behind_articles(text):
        if at >= place:
            ends = (_whole_to(text, start, term) for start in starts if text.startswith(term, start))
            end = next((end for end in ends if end), 0)
            n += bool(end)
            place = end
    return n


@lru_cache(maxsize=1 << 10)
def _behind_articles(text: str) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Where each article stands, and where the noun behind it may begin; the same for all terms."""
    found: list[tuple[int, tuple[int, ...]]] = []
    for article in _ARTICLE.finditer(text):
        word = _ONE_WORD.match(text, article.end())
        starts = (word.end(), article.end()) if word else (article.end(),)
        found.append((article.start(), starts))
    return tuple(found)


def _matches(text: str, term: str, patterns: Sequence[str]) -> bool:
    """Whether the term stands anywhere between the two halves of one of these patterns."""
    at = text.find(term)
    while at >= 0:
        for before, after in map(_halves, patterns):
            if after.match(text, at + len(term)) and before.search(text, 0, at):
                return True
        at = text.find(term, at + 1)
    return False


@cache
def _halves(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What ends where a term begins, and what begins where it ends."""
    before, after = pattern.split("{term}")
    return re.compile(rf"(?:{before})\Z"), re.compile(after)


_FIRST = {True: (_TERM_FIRST_ZH,), False: (_TERM_FIRST_EN,)}
_LAST = {True: (_TERM_LAST_ZH,), False: (_TERM_LAST_EN,)}
_ASKED = {True: (_ASKED_FIRST_ZH, _ASKED_LAST_ZH), False: (_ASKED_EN,)}
