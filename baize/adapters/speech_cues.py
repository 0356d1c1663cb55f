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
_MAX_TERMS, _MAX_TITLE = 24, 60
_LONGEST_PERIOD, _MIN_ROUNDS, _MIN_LOOP = 30, 4, 12
_ALIKE = 0.6
_RECENT, _LONG, _MAX_LONG, _MAX_SHORT = 8, 8, 2, 4
_BACK_S = 1.0
"""A word that begins this much before the last one ended: the engine has lost its place."""
_MAX_HAN_RATE, _MAX_RATE = 16.0, 45.0
"""Characters a second that nobody speaks; fast lecturers reach 9 and 22."""
_MIN_RATED = 12
_LATE_S = 1.0

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
    """A segment as an engine gives it.

    Attributes:
        sureness: its mean log probability; NaN where the engine does not say.
        no_speech: 0..1.
    """

    words: tuple[Word, ...]
    sureness: float
    no_speech: float


@dataclass(frozen=True, slots=True)
class Fault:
    """Text that was kept out, in seconds of the recording; `reason` as in `MarkedSpan`."""

    start: float
    end: float
    reason: str


def speech_context(language: str, hot_words: Sequence[str], title: str = "") -> str:
    """What a Whisper is told before each half minute: the title, and up to `_MAX_TERMS` terms in a sentence.

    As a bare list, the same terms made whisper-base skip up to 6 % of a lesson.
    """
    terms = hot_words[:_MAX_TERMS]
    title = " ".join(title.split())[:_MAX_TITLE]
    if language in CHINESE:
        return CHINESE_PROMPT + (f"{title}。" if title else "") + (f"{'、'.join(terms)}。" if terms else "")
    return " ".join(
        part
        for part in (f"{title}." if title else "", f"Glossary: {', '.join(terms)}." if terms else "")
        if part
    )


class CueWriter:
    """Turns the segments of one recording into cues; remembers what it wrote last.

    Attributes:
        faults: what it kept out since somebody last took them.
    """

    def __init__(self, language: str, hot_words: Sequence[str], title: str = "") -> None:
        self._chinese = language in CHINESE
        self._hot_words = frozenset(_bare(word) for word in hot_words) - {""}
        self._title = _bare(title)
        self._context = _bare(speech_context(language, hot_words, title))
        self._end_s = self._heard_s = 0.0
        self.faults: list[Fault] = []
        self._open: list[Word] = []
        self._recent: deque[str] = deque(maxlen=_RECENT)

    def cues(self, heard: Heard, *, offset_s: float = 0.0, limit_s: float = float("inf")) -> Iterator[Cue]:
        """The cues that the next segment completes: sorted, not overlapping, none over `MAX_CUE_S`.

        A sentence that it leaves open waits for the next segment, or for `rest`.

        Args:
            offset_s: added to its times.
            limit_s: where the recording, or this stretch of it, ends.
        """
        spoken = [replace(word, start=word.start + offset_s, end=word.end + offset_s) for word in heard.words]
        words = self._checked(spoken, heard, limit_s)
        if not words:
            return
        self._heard_s = max(self._heard_s, words[-1].end)
        self._open += [replace(word, end=min(word.end, limit_s)) for word in _plausible(words)]
        groups = list(_sentences(self._open))
        self._open = [] if not groups or _ends_sentence(groups[-1]) else groups.pop()
        yield from self._written(groups)

    def rest(self) -> Iterator[Cue]:
        """The sentence that no segment completed."""
        yield from self._written([self._open] if self._open else [])
        self._open = []

    def _checked(self, spoken: Sequence[Word], heard: Heard, limit_s: float) -> list[Word]:
        """The words that may be speech; what goes is noted as a fault."""
        reason = _time_fault(spoken, self._heard_s, limit_s)
        if reason:
            return self._kept_out(spoken, reason)
        own = self._without_prompt(spoken)
        if len(own) < len(spoken):
            self._kept_out(spoken, "echo")
        words = without_loops(own)
        if len(words) < len(own):
            self._kept_out(own, "loop")
        reason = _noise(heard, "".join(word.text for word in words))
        return self._kept_out(words, reason) if reason else words

    def _kept_out(self, words: Sequence[Word], reason: str) -> list[Word]:
        if _bare("".join(word.text for word in words)):
            start, end = min(word.start for word in words), max(word.end for word in words)
            self.faults.append(Fault(max(0.0, start), max(start, end), reason))
        return []

    def _written(self, groups: Sequence[Sequence[Word]]) -> Iterator[Cue]:
        for group in groups:
            text = self._text(group)
            reason = self._made_up(text)
            if reason:
                self._kept_out(group, reason)
            elif _bare(text):
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

    def _made_up(self, text: str) -> str:
        """Why a sentence is none, or nothing."""
        bare = _bare(text)
        most = _MAX_LONG if len(bare) >= _LONG else _MAX_SHORT
        looping = self._recent.count(bare) >= most
        self._recent.append(bare)
        return "loop" if looping else "echo" if self._is_echo(bare) else ""

    def _is_echo(self, bare: str) -> bool:
        """Of the prompt, or of several hot words in the order in which they were told."""
        if self._chinese:
            found = _longest_echo(bare)
            if found.size >= max(_MIN_ECHO, _ECHO_SHARE * len(bare)):
                return True
        if len(bare) < _MIN_ECHO or bare in self._hot_words:
            return False
        if self._title and self._title in bare and bare in self._context:
            # A lecturer may well say it: without the prompt it is then heard again.
            return True
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


def _noise(heard: Heard, text: str) -> str:
    """Why a segment is no speech, or nothing."""
    if (heard.no_speech > _NO_SPEECH and heard.sureness < _UNSURE) or heard.sureness < _HOPELESS:
        return "unsure"
    if _compression(text) > _MAX_COMPRESSION:
        return "repetitive"
    return "credits" if _CREDITS.search(text) else ""


def _time_fault(words: Sequence[Word], heard_s: float, limit_s: float) -> str:
    """What is impossible about the times of a segment, or nothing.

    Args:
        heard_s: where the last segment ended.
        limit_s: where the sound ends.
    """
    if not words:
        return ""
    ends = [heard_s, *(word.end for word in words)]
    if any(word.start < end - _BACK_S for word, end in zip(words, ends, strict=False)):
        return "backwards"
    if words[-1].start > limit_s + _LATE_S:
        return "late"
    text = _bare("".join(word.text for word in words))
    # Words beside a silence may last too long, never too short.
    seconds = max(words[-1].end - words[0].start, 0.01)
    fastest = _MAX_HAN_RATE if re.search(_HAN, text) else _MAX_RATE
    return "squeezed" if len(text) >= _MIN_RATED and len(text) / seconds > fastest else ""


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
