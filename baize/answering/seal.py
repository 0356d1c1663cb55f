"""A solution under seal: does a text give it away, and what is left of a passage without it?

Two checks stand against each other's gaps. `leaks` knows the solution: its characters however they are
spaced, its numbers however they are written, its sound in pinyin, and its own content words. `is_plain` knows
nothing of it: a hint may use the words of the exercise, of the passages without the solution, and of a tutor;
a translation, a paraphrase or a cipher needs others. It speaks the exercise's tongue: of another one, even
a tutor's words may be the solution's translation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

from baize.answering.numbers import numbers
from baize.domain.sentences import has_han
from baize.retrieval.terms import normalise, terms

GAP = "____"
_MOST = 0.5
"""Share of a solution's content words from which a text says it."""
_NOT_A_CHARACTER = re.compile(r"[\W_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[a-z0-9][a-z0-9'’.-]*")
_SPACED_DIGITS = re.compile(r"(?<=\d)[\s,，、.·\-_*|/]+(?=\d)")
_EXACT = 12
"""A solution of more characters is recognised by its content words; a piece of it may be harmless."""
_CONTENT_TAGS = ("n", "v", "a", "m", "t", "i", "l", "j", "z", "b", "s", "eng", "q")

_TUTOR = frozenset(
    (
        "提示 想 想想 想一想 看 看看 看一看 听 听听 再听 再看 回到 回 段 句 句话 这段 那段 这句 这里 那里 "
        "地方 题 题目 问题 问 说 讲 写 写下 写出 写成 读 念 找 找到 找出 找找 注意 留意 记得 记住 记 回忆 "
        "思考 考虑 试 试试 试一试 做 算 算算 算出 计算 代入 列 列出 式子 算式 步 步骤 一步 第一步 下一步 "
        "最后 接着 然后 先 后 前 前面 后面 上面 下面 里 中 关键 关键词 词 重点 要求 已知 条件 答案 结果 答 "
        "回答 填 填写 空 空格 空里 原话 课 课里 课程 课文 视频 老师 内容 部分 意思 理解 明白 知道 清楚 告诉 "
        "告诉我 自己 您 你 我们 大家 别 不要 不急 慢慢 可以 能 会 要 应该 需要 是 有 没有 属于 用 使用 按 "
        "按照 根据 关于 对比 比较 比 联系 区别 相同 不同 一样 多少 几 几个 什么 哪 哪个 哪些 哪里 怎么 怎样 "
        "为什么 谁 何时 时候 一 一下 一个 一遍 一次 一点 两 差 还 差一点 继续 往下 仔细 认真 直接 给出 对 "
        "不对 正确 错 检查 核对 确认 该 该是 应 出现 提到 讲到 说到 讲的 起来 出来 下来 开始 相关 有关 规则 "
        "方法 思路 例子 概念 单位 数 数字 数值 谈 谈到 去 来 到 把 让 帮 帮助 完成 完整 句子 话 请 行 好 吗 "
        "呢"
    ).split()
)
_TUTOR_EN = frozenset(
    (
        "a about above after again all also an and answer any are as ask at back be because been before "
        "begin below between but by can check clue come compare complete consider could did do does down "
        "each exactly example exercise fill find first follow for from gap get give go had has have hear "
        "her here hint his how i idea if in into is it its just key know last lesson let like line listen "
        "look made make may me mean might missing more most must my near need next no not note notice now "
        "of on one once only or other our out over own part passage phrase please point pay attention "
        "problem question quote read recall remember right said same say says see sentence she should so "
        "some speak step still task teacher tell than that the their them then there these they think this "
        "those through to together told too try two under up use used using very video want was watch we "
        "were what when where which while who whole whose why will with word words work would write wrote "
        "you your yourself don't doesn't isn't let's what's that's it's you've we've course different "
        "difference relate related rule method unit number value term start end careful carefully closely "
        "explain describe"
    ).split()
)


class Seal:
    """One exercise's solution.

    Args:
        question: its own words and numbers give nothing away.
        forms: other ways to say the solution.
        beside: seals of other exercises, which stay closed too.
    """

    def __init__(
        self, question: str, solution: str, forms: Iterable[str] = (), beside: Iterable[Seal] = ()
    ) -> None:
        self._beside = tuple(beside)
        self._said = tuple(dict.fromkeys(text for text in (solution.strip(), *forms) if text.strip()))
        asked = _content(question)
        self._asked = _numbers(question)
        self._cores = frozenset(
            core
            for text in self._said
            for written in (text, _in_digits(text))
            if 0 < len(core := _core(written)) <= _EXACT
        )
        self._sounds = frozenset(
            sound for text in self._said if (sound := _sound(text)) and 4 <= len(sound) <= 4 * _EXACT
        )
        self._numbers = frozenset[str]().union(*(_numbers(text) for text in self._said)) - _numbers(question)
        self._words = [words for text in self._said if (words := _content(text) - asked)]

    def leaks(self, text: str) -> bool:
        """Whether the text says the solution, or most of it."""
        return self._is_told(text) or any(seal.leaks(text) for seal in self._beside)

    def stops(self, text: str, language: str) -> bool:
        """Whether a sentence of an explanation may not go out: it leaks, or speaks in another tongue."""
        return self.leaks(text) or has_han(text) != (language == "zh")

    def _is_told(self, text: str) -> bool:
        for written in dict.fromkeys((text, _in_digits(text))):
            core = _core(written)
            if any(_within(known, core, written) for known in self._cores):
                return True
        if self._numbers & _numbers(text):
            return True
        if self._sounds and any(sound in _latin(text) for sound in self._sounds):
            return True
        told = _content(text)
        return any(len(words & told) >= max(_MOST * len(words), 1) for words in self._words)

    def masked(self, text: str) -> str:
        """The text with gaps in place of the solution; only a gap where that does not suffice."""
        left = text
        for known in sorted(self._said, key=len, reverse=True):
            left = re.sub(re.escape(known), GAP, left, flags=re.IGNORECASE)
        for word in (
            sorted(frozenset[str]().union(*self._words), key=len, reverse=True) if self._words else ()
        ):
            left = re.sub(_spelled(word), GAP, left, flags=re.IGNORECASE)
        if self._numbers:
            # Beside the solution, other numbers say it again: five grams, two spoons and a half.
            told = left != text or bool(self._numbers & _numbers(left))
            left = _NUMBER_LIKE.sub(
                lambda match: GAP if told and not _numbers(match.group()) <= self._asked else match.group(),
                left,
            )
        for seal in self._beside:
            left = seal.masked(left)
        left = re.sub(rf"{GAP}(?:[\s、,，]*{GAP})+", GAP, left)
        return GAP if self.leaks(left) else left


_SPELLED_OUT = re.compile(
    r"(?:[\u3400-\u9fff][\s\-_.·*|/]+){2,}[\u3400-\u9fff]|\b(?:[A-Za-z0-9][\W_]+){2,}[A-Za-z0-9]\b"
)
"""Characters or letters one by one, with something between."""
_NUMBER_LIKE = re.compile(
    r"[\d０-９][\d０-９,，.．]*[百千万亿%％]*|[零〇一二两三四五六七八九十百千万亿半]+(?:点[零〇一二三四五六七八九]+)?"
    r"|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
    r"|thousand|million|half|quarter)(?:[\s-]+(?:and|zero|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|hundred|thousand|million))*\b",
    re.IGNORECASE,
)


def is_plain(text: str, allowed: Collection[str], exercise: str) -> bool:
    """Whether each content word of a hint is one of these, or a tutor's own; and none is spelled out.

    A tutor's own count in the exercise's tongue alone.

    Args:
        allowed: as `words_of` gives them.
        exercise: in whose tongue the hint must be.
    """
    if _SPELLED_OUT.search(text) is not None or new_words(text, allowed):
        return False
    zh = has_han(exercise)
    return all(word in allowed or has_han(word) == zh for word in _content(text))


def new_words(text: str, allowed: Collection[str]) -> frozenset[str]:
    """Content words of a text that are neither among these nor a tutor's own."""
    return frozenset(word for word in _content(text) if word not in allowed and word not in _tutors_own())


@lru_cache(maxsize=1)
def _tutors_own() -> frozenset[str]:
    return _TUTOR | frozenset(stem for word in _TUTOR_EN for stem in terms(word))


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """The content words of what a hint may be made of; gaps count for nothing."""
    return frozenset[str]().union(*(_content(text.replace(GAP, " ")) for text in texts))


def _within(known: str, core: str, text: str) -> bool:
    """Chinese anywhere; other scripts as whole words, or letter by letter where they are long enough."""
    if has_han(known):
        return known in core
    if known.isdigit():
        return known in {_core(word) for word in _LATIN_WORD.findall(_folded(text))}
    spaced = r"[\W_]*".join(map(re.escape, known))
    if re.search(rf"(?<![a-z0-9]){spaced}(?![a-z0-9])", _folded(text)):
        return True
    return len(known) >= 5 and known in core


@lru_cache(maxsize=4096)
def _numbers(text: str) -> frozenset[str]:
    """Values, also of digits that are spaced out (`1 3 5`), and of halves and quarters."""
    folded = unicodedata.normalize("NFKC", text)
    found = set(numbers(folded, strict=True)) | set(numbers(_SPACED_DIGITS.sub("", folded), strict=True))
    if re.search(r"[一1]\s*个?半|one and a half", folded):
        found.add("1.5")
    elif re.search(r"半|\bhalf\b|二分之一|½|1/2", folded):
        found |= {"0.5", "half"}
    return frozenset(found)


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    """Content words of Chinese, by their tags; words of other scripts, stemmed, function words aside."""
    folded = _folded(text)
    found = set(_latin_words(folded))
    if has_han(folded):
        import rjieba

        for word, tag in rjieba.tag("".join(ch if _HAN.match(ch) else " " for ch in folded)):
            if word.strip() and tag.startswith(_CONTENT_TAGS):
                found.add(word)
    return frozenset(found)


def _latin_words(folded: str) -> Iterable[str]:
    for word in _LATIN_WORD.findall(folded):
        bare = word.strip(".-'’")
        # A word that has no term is a function word, or one letter.
        yield from terms(bare) or ([bare] if bare.isdigit() else [])


def _in_digits(text: str) -> str:
    """`B three` as `B 3`: numbers that are spelled in words, in digits."""
    return _NUMBER_LIKE.sub(lambda match: _digits(match.group()), text)


def _digits(written: str) -> str:
    values = sorted(numbers(written, strict=True))
    return values[0] if len(values) == 1 else written


def _spelled(word: str) -> str:
    """A pattern for a content word as it may be written: a stem with its endings, Chinese as it is."""
    return re.escape(word) if has_han(word) else rf"\b{re.escape(word)}\w{{0,4}}\b"


def _folded(text: str) -> str:
    return normalise(text)


def _core(text: str) -> str:
    """Letters, digits and characters only, folded."""
    return _NOT_A_CHARACTER.sub("", _folded(text))


def _latin(text: str) -> str:
    return re.sub(
        r"[^a-z]+",
        "",
        "".join(ch for ch in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(ch)),
    )


@lru_cache(maxsize=1024)
def _sound(text: str) -> str:
    """The pinyin of a Chinese solution, in one run; empty for others."""
    if not has_han(text):
        return ""
    from pypinyin import lazy_pinyin

    han = "".join(_HAN.findall(_folded(text)))
    return "".join(lazy_pinyin(han)) if len(han) >= 2 else ""
