"""Text → lexical terms → sparse vector: what the lexical leg indexes and looks up.

The index must see exactly what the question sees, so both go through `terms`. Stored and quoted text
stays verbatim; folding, simplification and stemming happen here only.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from baize.domain.search import SparseVector
from baize.domain.sentences import has_han, joint

if TYPE_CHECKING:
    from opencc import OpenCC
    from pypinyin.core import Pinyin
    from snowballstemmer.basestemmer import BaseStemmer

TERMS_VERSION = "terms-3"
"""Part of every build's digest: raise it whenever the terms of a text change."""

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:['’.+#%_/-]*[^\W_{_HAN}]+)*[+#%]*")
_HAN_RUN = re.compile(f"[{_HAN}]+")
_HAN_PAIR = re.compile(f"#[{_HAN}]{{2}}")
_FUNCTION_CHARS = frozenset("的了吗呢吧啊么是在和与及着过也就都而且把被让给")
STOP_WORDS = frozenset(
    """什么 怎么 怎样 怎么样 如何 为什么 为何 哪些 哪个 哪里 多少 几个 可以 能够 应该 需要 我们 你们 他们
    这个 那个 这些 那些 一个 一些 这样 那样 时候 因为 所以 但是 如果 还是 或者 然后 就是 不是 没有 有没有
    是不是 能不能 请问 一下 知道 告诉
    a an and are as at be been but by can could did do does for from had has have how i if in into is it
    its me my of on or our should so than that the their them then there these they this to us was we were
    what when where which who why will with would you your""".split()
)

_WIDE_MARKS = tuple((mark, unicodedata.normalize("NFKC", mark)) for mark in "，：；！？（）％～…\u3000")
"""What Chinese texts are full of, as NFKC has it: where nothing else is folded, it sees so at a glance."""
_IN_WORDS = "哩坏沈甦瞭藉衹覆"
"""Characters that OpenCC writes otherwise in some words and not alone: 瞭解, 藉口."""
_BORDERS = ("。", "！", "？", "!", "?", "；")
"""Ends of a sentence that no run of terms goes across; an ellipsis is none, for it folds to full stops."""
_NONE: frozenset[str] = frozenset()
_SENTENCE = 400
"""Characters up to which a text is remembered: ingest folds each sentence many times over."""
_K1 = 1.2
_B = 0.75
_MEAN_TERMS = 80.0
"""Length of an average chunk in terms. A constant: a chunk's vector must not depend on its neighbours."""


def normalise(text: str) -> str:
    """NFKC, lower case, traditional → simplified Chinese."""
    if text.isascii():
        return text.lower()
    return _folded(text) if len(text) <= _SENTENCE else _folded.__wrapped__(text)


@lru_cache(maxsize=1 << 13)
def _folded(text: str) -> str:
    for wide, plain in _WIDE_MARKS:
        text = text.replace(wide, plain)
    folded = unicodedata.normalize("NFKC", text).lower()
    return str(_simplifier().convert(folded)) if _traditional().search(folded) else folded


def terms(text: str) -> list[str]:
    """Terms in reading order, repeats kept.

    A change between Chinese and other script ends a run, whether or not a space was typed there. Chinese
    runs give their words (two characters or more) and their character bigrams (marked `#`), so that a wrong
    segmentation never hides a match; other runs give their English stem. Function words and question words
    are left out: they match everything.
    """
    return list(_terms(text) if len(text) <= _SENTENCE else _terms.__wrapped__(text))


@lru_cache(maxsize=1 << 13)
def _terms(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for run in _RUN.findall(normalise(text)):
        found.extend(_run_terms(run))
    return tuple(found)


def terms_side_by_side(texts: Sequence[str]) -> list[str]:
    """`terms` of texts `joined`, from what is remembered of each of them where a run ends between two."""
    return [term for text in _apart(texts) for term in terms(text)]


def pinyin_side_by_side(texts: Sequence[str]) -> list[str]:
    """`pinyin_terms` of texts `joined`, likewise."""
    return [pair for text in _apart(texts) for pair in pinyin_terms(text)]


def _apart(texts: Sequence[str]) -> list[str]:
    """The texts, those as one between which no run need end."""
    found: list[str] = []
    for text in texts:
        if found and not found[-1].endswith(_BORDERS) and not joint(found[-1], text):
            found[-1] += text
        else:
            found.append(text)
    return found


def terms_among(text: str, wanted: Collection[str]) -> frozenset[str]:
    """Those of the wanted terms that `terms(text)` holds; a text with no trace of them is not cut up for it.

    A term of Chinese stands in the text as it is, and of a stemmed word at least the first letters do.
    """
    return _held(normalise(text), _traces(frozenset(wanted)))


def terms_among_side_by_side(texts: Sequence[str], wanted: frozenset[str]) -> frozenset[str]:
    """`terms_among` of texts `joined`, from what is remembered of them where a run ends between two."""
    return frozenset[str]().union(*terms_among_each(tuple(_apart(texts)), wanted))


@lru_cache(maxsize=1 << 11)
def terms_among_each(texts: tuple[str, ...], wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
    """`terms_among` of each of these texts, the sentences of a passage.

    Remembered: a question looks at its passages to weigh its terms, and once more to find the sentence.
    """
    whole, lines = _lines(texts)
    traces = _traces(wanted).within(whole)
    if not any(traces):
        return (_NONE,) * len(lines)
    return tuple([_held(line, traces) for line in lines])


@lru_cache(maxsize=1 << 13)
def _lines(texts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The texts folded, as one and each: together, for that costs little more than one of them."""
    whole = normalise("\n".join(texts))
    lines = whole.split("\n")
    # Where one of them has several lines, each by itself.
    return whole, tuple(lines if len(lines) == len(texts) else [normalise(text) for text in texts])


def _held(folded: str, traces: _Traces) -> frozenset[str]:
    """The terms of these that a folded text has. Only runs that have a trace of one are cut up."""
    # Loops, for a comprehension is a call: this is asked of every sentence that is found.
    found: list[str] = []
    for pair, term in traces.pairs:
        if pair in folded:
            found.append(term)
    words = [word for word in traces.words if word in folded] if traces.words else []
    for run in _HAN_RUN.findall(folded) if words else ():
        for word in words:
            if word in run and word in _han_words(run):
                found.append(word)
    for trace, term in traces.others:
        if _begins_in(folded, trace, term):
            found.append(term)
    return frozenset(found) if found else _NONE


def _begins_in(folded: str, trace: str, term: str) -> bool:
    """Whether the term is one of a run other than Chinese. Only those are cut up that its trace begins in."""
    at = folded.find(trace)
    while at >= 0:
        after = at + 1
        # No word begins after a letter or a digit of its own script.
        if not (at and folded[at - 1].isascii() and folded[at - 1].isalnum()):
            run = _run_at(folded, at)
            if run is not None:
                after = run.end()
                if term in _latin_terms(run.group()):
                    return True
        at = folded.find(trace, after)
    return False


def _run_at(folded: str, at: int) -> re.Match[str] | None:
    """The run of which the character there is one."""
    begin = max(folded.rfind(" ", 0, at), folded.rfind("\n", 0, at)) + 1
    return next((run for run in _RUN.finditer(folded, begin) if run.end() > at), None)


class _Traces(NamedTuple):
    """Terms, each behind what every text that has it holds.

    Attributes:
        pairs: of Chinese characters, which are terms wherever they stand.
        words: Chinese ones, which a run may be cut up across; the texts hold themselves.
        others: the beginnings of stems.
    """

    pairs: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    others: tuple[tuple[str, str], ...]

    def within(self, folded: str) -> _Traces:
        """Those that stand somewhere in the text."""
        return _Traces(
            tuple([one for one in self.pairs if one[0] in folded]),
            tuple([word for word in self.words if word in folded]),
            tuple([one for one in self.others if one[0] in folded]),
        )


@lru_cache(maxsize=1 << 8)
def _traces(wanted: frozenset[str]) -> _Traces:
    pairs, words, others = [], [], []
    for term in wanted:
        if _HAN_PAIR.fullmatch(term) and _tells(term[1:]):
            pairs.append((term[1:], term))
        elif _HAN_RUN.fullmatch(term):
            words.append(term)
        else:
            others.append((_trace(term), term))
    return _Traces(tuple(pairs), tuple(words), tuple(others))


def _tells(pair: str) -> bool:
    """Whether two Chinese characters, neighbours in a text, are a term of it."""
    return pair[0] not in _FUNCTION_CHARS and pair[1] not in _FUNCTION_CHARS and pair not in STOP_WORDS


def pinyin_terms(text: str) -> list[str]:
    """Pairs of neighbouring syllables without tones, for homophones of speech recognition and of typing.

    Only Chinese runs give any; a lone syllable has too many homophones to say anything.
    """
    if text.isascii():
        return []
    return list(_pairs(text) if len(text) <= _SENTENCE else _pairs.__wrapped__(text))


@lru_cache(maxsize=1 << 11)
def _pairs(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for match in _RUN.finditer(normalise(text)):
        run = match.group()
        if has_han(run) and len(run) > 1:
            found.extend(_syllable_pairs(run))
    return tuple(found)


def han_runs(text: str) -> list[str]:
    """Stretches of Chinese characters, in reading order."""
    return _HAN_RUN.findall(text)


def words_of(run: str) -> list[str]:
    """The words of a Chinese run as a dictionary has them; what it does not know, character by character."""
    import rjieba

    return list(rjieba.cut(run, False))


@lru_cache(maxsize=1 << 11)
def syllables(run: str) -> tuple[str, ...]:
    """One for each character of a Chinese run, without its tone, read in its context."""
    return tuple(_pronouncer().lazy_pinyin(run))


@lru_cache(maxsize=1 << 13)
def readings(char: str) -> frozenset[str]:
    """Every syllable, without its tone, that a Chinese character can stand for."""
    from pypinyin import Style

    return frozenset(_pronouncer().pinyin(char, style=Style.NORMAL, heteronym=True)[0])


@lru_cache(maxsize=1 << 13)
def _syllable_pairs(run: str) -> tuple[str, ...]:
    """Remembered, because each sentence stands in several windows."""
    said = syllables(run)
    # Function words by character: their syllables (shi, de) belong to many others too.
    kept = [char not in _FUNCTION_CHARS for char in run]
    return tuple(f"{said[i]} {said[i + 1]}" for i in range(len(run) - 1) if kept[i] and kept[i + 1])


def passage_vector(text_terms: Iterable[str]) -> SparseVector:
    """BM25's term-frequency part; the index multiplies by IDF (Robertson and Zaragoza 2009, eq. 3.15)."""
    counts = Counter(text_terms)
    length = sum(counts.values())
    norm = _K1 * (1 - _B + _B * length / _MEAN_TERMS)
    weights = {n: n * (_K1 + 1) / (n + norm) for n in set(counts.values())}
    return _sparse({term: weights[n] for term, n in counts.items()})


def query_vector(query_terms: Iterable[str]) -> SparseVector:
    """Each distinct term once, with weight 1."""
    return _sparse(dict.fromkeys(query_terms, 1.0))


def _run_terms(run: str) -> tuple[str, ...]:
    return _han_terms(run) if has_han(run) else _latin_terms(run)


@lru_cache(maxsize=1 << 13)
def _han_terms(run: str) -> tuple[str, ...]:
    bigrams = [f"#{pair}" for pair in (run[i : i + 2] for i in range(len(run) - 1)) if _tells(pair)]
    return (*_han_words(run), *bigrams)


@lru_cache(maxsize=1 << 13)
def _han_words(run: str) -> tuple[str, ...]:
    import rjieba

    if len(run) == 1:
        return () if run in _FUNCTION_CHARS else (run,)
    return tuple([word for word in rjieba.cut_for_search(run) if len(word) > 1 and word not in STOP_WORDS])


@lru_cache(maxsize=1 << 16)
def _latin_terms(run: str) -> tuple[str, ...]:
    whole = run.replace("’", "'").removesuffix("'s")
    # `x-axis` is found by `x-axis`, `x axis` and `axis`; `3.5` stays whole.
    parts = [] if whole[0].isdigit() else re.split(r"['./_-]+", whole)
    candidates = [whole, *parts] if len(parts) > 1 else [whole]
    return tuple(_stem(word) for word in candidates if word and word not in STOP_WORDS)


@lru_cache(maxsize=1 << 12)
def _trace(term: str) -> str:
    """What every text with this term has in it: of a stem all but its last letter (“happi” is “happy”)."""
    bare = term.removeprefix("#")
    if not bare.isascii() or bare[0].isdigit():
        return bare
    # “dying” is “die”, “lying” is “lie”.
    return bare[: 1 if len(bare) == len("die") and bare.endswith("ie") else max(1, len(bare) - 1)]


def _stem(word: str) -> str:
    # Numbers have none, and the stemmer takes 50 µs to say so.
    return str(_stemmer().stemWord(word)) if word.isascii() and not word.isdigit() else word


@cache
def _stemmer() -> BaseStemmer:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@cache
def _simplifier() -> OpenCC:
    import opencc

    return opencc.OpenCC("t2s")


@cache
def _traditional() -> re.Pattern[str]:
    """A character without which no text is written otherwise in simplified Chinese: most texts have none."""
    spans = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))
    chars = [chr(code) for span in spans for code in span]
    simplified = _simplifier().convert("\n".join(chars)).split("\n")
    alone = [char for char, other in zip(chars, simplified, strict=True) if char != other]
    return re.compile(f"[{''.join(alone)}{_IN_WORDS}\U00020000-\U0003ffff]")


@cache
def _pronouncer() -> Pinyin:
    """pypinyin, which takes a word apart anew each time, with a memory of words."""
    from pypinyin.converter import DefaultConverter
    from pypinyin.core import Pinyin

    class Remembering(DefaultConverter):
        convert = lru_cache(maxsize=1 << 14)(DefaultConverter.convert)

    return Pinyin(Remembering())


def _sparse(weights: dict[str, float]) -> SparseVector:
    by_index = {_place_of(term): weight for term, weight in weights.items()}
    if len(by_index) < len(weights):
        by_index = _added_up(weights)
    indices = sorted(by_index)
    return SparseVector(tuple(indices), tuple([by_index[index] for index in indices]))


def _added_up(weights: dict[str, float]) -> dict[int, float]:
    """Two terms in one place, which hardly ever happens."""
    by_index: dict[int, float] = {}
    for term, weight in weights.items():
        index = _place_of(term)
        by_index[index] = by_index.get(index, 0.0) + weight
    return by_index


@lru_cache(maxsize=1 << 15)
def _place_of(term: str) -> int:
    return zlib.crc32(term.encode())
