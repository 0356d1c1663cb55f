"""Lines as a page shows them to lines as an author wrote them, for PDF and plain text.

A line break ends a sentence later on (`baize.domain.sentences`), so the breaks that only the page's width
made must go, and those of titles, lists and paragraphs must stay.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from baize.domain.sentences import ends_sentence

_LIGATURES = str.maketrans({
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\u00ad": None,
    "\ufeff": None, "\u200b": None, "\u00a0": " ",
})  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LIST_ITEM = re.compile(
    r"\s*(?:[-–—•●○■▪◆·*‣✓]|\(?\d{1,3}[.)、）]|[（(]?[一二三四五六七八九十]{1,3}[、）)]|[a-z][.)])"
)
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff，。、；：！？])[ \t]+(?=[\u3400-\u9fff，。、；：！？])")
_HAN_PAIR = re.compile(r"(?<=[\u3400-\u9fff])(?=[\u3400-\u9fff])")
_FULL, _HALF = 0.85, 0.5
_MIN_WIDTH = 24
_COLUMN_LINES = 5


def unwrap(text: str) -> str:
    """The text with lines joined that belong together: Chinese without a space, hyphenated words whole.

    Empty lines stay as paragraph breaks; white space within a line collapses.
    """
    lines = [_clean(line) for line in re.split(r"\r\n|[\r\n\f\v\u2028\u2029]", text)]
    width = max(_MIN_WIDTH, _usual_width(lines))
    column = sum(_width(line) >= _FULL * width for line in lines) >= _COLUMN_LINES
    rows = lines[:1]
    for before, line in pairwise(lines):
        if _continues(before, line, width, column=column):
            rows[-1] = _join(rows[-1], line)
        else:
            rows.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip()


def _clean(line: str) -> str:
    line = unicodedata.normalize("NFC", _CONTROL.sub("", line.translate(_LIGATURES)))
    line = " ".join(line.split())
    # Some PDFs put a space between any two Chinese characters; a few spaces are the author's.
    if len(_HAN_GAP.findall(line)) > max(2, len(_HAN_PAIR.findall(line))):
        line = _HAN_GAP.sub("", line)
    return line


def _usual_width(lines: list[str]) -> int:
    widths = sorted(_width(line) for line in lines if line)
    return widths[int(0.9 * (len(widths) - 1))] if widths else 0


def _width(line: str) -> int:
    return len(line) + sum(map(_is_wide, line))


def _continues(before: str, line: str, width: int, *, column: bool) -> bool:
    """Whether only the page's width broke the line.

    So it seems where the next line goes on in lower case, where a line of Chinese is full, or, in a column
    of running text, where the next word did not fit.
    """
    if not before or not line or ends_sentence(before) or before[-1] in ":：" or _LIST_ITEM.match(line):
        return False
    if line[0].islower():
        return _is_hyphenated(before, line) or _width(before) >= _HALF * width
    if _is_wide(before[-1]) or _is_wide(line[0]):
        return _width(before) >= _FULL * width
    return column and _width(before) + 1 + len(line.split(" ", 1)[0]) > width


def _is_hyphenated(before: str, line: str) -> bool:
    return len(before) > 1 and before[-1] == "-" and before[-2].islower() and line[0].islower()


def _join(before: str, line: str) -> str:
    if _is_hyphenated(before, line):
        return before[:-1] + line
    return before + line if _is_wide(before[-1]) and _is_wide(line[0]) else f"{before} {line}"


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"
