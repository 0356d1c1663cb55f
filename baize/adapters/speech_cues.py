"""Recognised words to cues: what every Whisper needs, whichever library runs it. Pure.

What the model made up goes (echoes of its prompt, loops, texts over noise), the rest is cut at sentence ends
and pauses, and times never run backwards.
"""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import Match, SequenceMatcher
from functools import lru_cache
from itertools import accumulate

from baize.domain.sentences import ends_sentence
from baize.domain.text import Cue

CHINESE = frozenset({"zh", "yue"})
CHINESE_PROMPT = "以下是普通话的句子，使用简体中文标点。"
"""Makes Whisper write simplified characters with punctuation."""

MAX_CUE_S = 12.0
_PAUSE_S = 0.8
_MAX_WORD_S = 2.5
_MIN_CUE_S = 0.05
_MAX_COMPRESSION = 2.4
_NO_SPEECH, _UNSURE, _HOPELESS = 0.6, -0.8, -1.5
_MIN_ECHO, _SURE_ECHO, _ECHO_SHARE = 6, 8, 0.7
_MAX_TERMS = 24
_LONGEST_PERIOD, _MIN_ROUNDS, _MIN_LOOP = 30, 4, 12
_ALIKE = 0.6
_RECENT, _LONG, _MAX_LONG, _MAX_SHORT = 8, 8, 2, 4

# What Whisper writes over music and silence: credits of the subtitles that it learnt from.
_CREDITS = re.compile(
    r"amara\s*\.?\s*org|明[镜鏡][与與][点點][点點]|[请請]不吝[点點]|字幕志[愿願]者|字幕由.{0,12}提供",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[\W_]+")
_HAN = r"[\u3400-\u9fff]"
_HALF_WIDTH = re.compile(rf"(?<={_HAN})\s*([,?!:;.])\s*(?={_HAN}|$)")
_FULL_WIDTH = {",": "，", "?": "？", "!": "！", ":": "：", ";": "；", ".": "。"}
_SOFT_END = re.compile(r"[,，、;；:：]\s*$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or in Chinese a character or two; `text` keeps its leading space. Seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A segment as an engine gives it: `sureness` is its mean log probability, `no_speech` is 0..1."""

    words: tuple[Word, ...]
    sureness: float
    no_speech: float


def speech_context(language: str, hot_words: Sequence[str]) -> str:
    """What a Whisper is told before each half minute: at most `_MAX_TERMS` terms, in a sentence.

    As a bare list, the same terms made whisper-base skip up to 6 % of a lesson.
    """
    terms = hot_words[:_MAX_TERMS]
    if language in CHINESE:
        return CHINESE_PROMPT + (f"{'、'.join(terms)}。" if terms else "")
    return f"Glossary: {', '.join(terms)}." if terms else ""


class CueWriter:
    """Turns the segments of one recording into cues; remembers what it wrote last."""

    def __init__(self, language: str, hot_words: Sequence[str]) -> None:
        self._chinese = language in CHINESE
        self._hot_words = frozenset(_bare(word) for word in hot_words) - {""}
        self._context = _bare(speech_context(language, hot_words))
        self._end_s = 0.0
        self._open: list[Word] = []
        self._recent: deque[str] = deque(maxlen=_RECENT)

    def cues(self, heard: Heard, *, offset_s: float = 0.0, limit_s: float = float("inf")) -> Iterator[Cue]:
        """The cues that the next segment completes: sorted, not overlapping, none over `MAX_CUE_S`.

        A sentence that it leaves open waits for the next segment, or for `rest`.

        Args:
            offset_s: added to its times.
            limit_s: where the recording, or this stretch of it, ends.
        """
        words = without_loops(self._without_prompt(heard.words))
        if _is_noise(heard, "".join(word.text for word in words)):
            return
        self._open += [
            replace(word, start=word.start + offset_s, end=min(word.end + offset_s, limit_s))
            for word in _plausible(words)
        ]
        groups = list(_sentences(self._open))
        self._open = [] if not groups or _ends_sentence(groups[-1]) else groups.pop()
        yield from self._written(groups)

    def rest(self) -> Iterator[Cue]:
        """The sentence that no segment completed."""
        yield from self._written([self._open] if self._open else [])
        self._open = []

    def _written(self, groups: Sequence[Sequence[Word]]) -> Iterator[Cue]:
        for group in groups:
            text = self._text(group)
            if _bare(text) and not self._made_up(text):
                yield self._place(group, text)

    def _without_prompt(self, words: Sequence[Word]) -> list[Word]:
        """Without the words that repeat a good part of the prompt."""
        if not self._chinese:
            return list(words)
        ends = list(accumulate(len(_bare(_simplified(word.text))) for word in words))
        found = _longest_echo(_bare(_simplified("".join(word.text for word in words))))
        if found.size < _SURE_ECHO or ends[-1] < found.b + found.size:
            return list(words)
        if found.size >= _ECHO_SHARE * ends[-1]:
            return []
        return [
            word
            for word, start, end in zip(words, [0, *ends], ends, strict=False)
            if end <= found.b or start >= found.b + found.size
        ]

    def _text(self, words: Sequence[Word]) -> str:
        text = " ".join("".join(word.text for word in words).split())
        if not self._chinese:
            return text
        return _HALF_WIDTH.sub(lambda found: _FULL_WIDTH[found.group(1)], _simplified(text))

    def _made_up(self, text: str) -> bool:
        bare = _bare(text)
        most = _MAX_LONG if len(bare) >= _LONG else _MAX_SHORT
        looping = self._recent.count(bare) >= most
        self._recent.append(bare)
        return looping or self._is_echo(bare)

    def _is_echo(self, bare: str) -> bool:
        """Of the prompt, or of several hot words in the order in which they were told."""
        if self._chinese:
            found = _longest_echo(bare)
            if found.size >= max(_MIN_ECHO, _ECHO_SHARE * len(bare)):
                return True
        if len(bare) < _MIN_ECHO or bare in self._hot_words:
            return False
        return bare in self._context and any(word in bare for word in self._hot_words)

    def _place(self, words: Sequence[Word], text: str) -> Cue:
        start = max(words[0].start, self._end_s)
        self._end_s = max(min(words[-1].end, start + MAX_CUE_S), start + _MIN_CUE_S)
        return Cue(round(start, 3), round(self._end_s, 3), text)


def without_loops(words: Sequence[Word]) -> list[Word]:
    """The words with anything that is said four times or more in a row said once."""
    keys = [_bare(word.text) for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        period, rounds = _loop_at(keys, at)
        kept.extend(words[at : at + period])
        at += period * rounds
    return kept


def _loop_at(keys: Sequence[str], at: int) -> tuple[int, int]:
    """(length, repetitions) of the loop that begins here; (1, 1) for none."""
    for period in range(1, min(_LONGEST_PERIOD, (len(keys) - at) // _MIN_ROUNDS) + 1):
        body = keys[at : at + period]
        rounds = 1
        while keys[at + rounds * period : at + (rounds + 1) * period] == body:
            rounds += 1
        if rounds >= _MIN_ROUNDS and rounds * sum(map(len, body)) >= _MIN_LOOP:
            return period, rounds
    return 1, 1


def _is_noise(heard: Heard, text: str) -> bool:
    unsure = heard.no_speech > _NO_SPEECH and heard.sureness < _UNSURE
    repetitive = _compression(text) > _MAX_COMPRESSION
    return unsure or repetitive or heard.sureness < _HOPELESS or bool(_CREDITS.search(text))


def _compression(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def _plausible(words: Sequence[Word]) -> list[Word]:
    """No word runs backwards or lasts for seconds, as one beside a silence may."""
    placed: list[Word] = []
    for word in words:
        start = max(word.start, placed[-1].end if placed else 0.0)
        end = max(word.end, start)
        if end - start > _MAX_WORD_S:
            # The first word begins too early, any other ends too late.
            start, end = (start, start + _MAX_WORD_S) if placed else (end - _MAX_WORD_S, end)
        placed.append(replace(word, start=start, end=end))
    return placed


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and (word.start - group[-1].end >= _PAUSE_S or _ends_sentence(group)):
            yield from _shortened(group)
            group = []
        group.append(word)
    if group:
        yield from _shortened(group)


def _ends_sentence(group: Sequence[Word]) -> bool:
    return ends_sentence("".join(word.text for word in group[-3:]))


def _shortened(group: list[Word]) -> Iterator[list[Word]]:
    """Halved at commas and at the longest gaps until each part is short enough."""
    duration = group[-1].end - group[0].start
    if duration <= MAX_CUE_S or len(group) == 1:
        yield group
        return
    middle = group[0].start + duration / 2

    def fitness(cut: int) -> tuple[bool, bool, float, float]:
        before, after = group[cut - 1], group[cut]
        central = abs(before.end - middle) <= duration / 4
        soft = bool(_SOFT_END.search(before.text))
        return central, soft, after.start - before.end, -abs(before.end - middle)

    cut = max(range(1, len(group)), key=fitness)
    yield from _shortened(group[:cut])
    yield from _shortened(group[cut:])


def _longest_echo(bare: str) -> Match:
    """The longest stretch that a text shares with the prompt; `b` is where it begins in the text."""
    prompt = _bare(CHINESE_PROMPT)
    return SequenceMatcher(None, prompt, bare, autojunk=False).find_longest_match()


def alike(text: str, other: str) -> bool:
    """Whether most of the first text stands in the second."""
    bare = _bare(text)
    found = SequenceMatcher(None, bare, _bare(other), autojunk=False).get_matching_blocks()
    return sum(block.size for block in found if block.size > 1) >= _ALIKE * len(bare)


def _bare(text: str) -> str:
    return _NOT_WORD.sub("", text).lower()


def _simplified(text: str) -> str:
    return _converter()(text)


@lru_cache(maxsize=1)
def _converter() -> Callable[[str], str]:
    import opencc

    convert: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return convert
