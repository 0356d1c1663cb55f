"""Draft deltas → whole sentences, each with the markers that follow it. Comes before `cite`."""

from __future__ import annotations

import re

from baize.domain.sentences import ends_sentence

_MARKER = r"[\[【［]\s*\d{1,3}(?:\s*[,，、]\s*\d{1,3})*\s*[\]】］]"
MARKERS = rf"(?:\s*{_MARKER})"
# The first may stand on the next line; those behind it stand in its line, so that a line break ends the wait.
_BEHIND = rf"(?:{MARKERS}(?:[^\S\n]*{_MARKER})*)?"
_CLOSERS = r"[”’\"'）)】」』》\]]*"
_END = re.compile(
    rf"(?:(?:[。！？!?…；]+{_CLOSERS}|\.+{_CLOSERS}(?=[\s\[【［])){_BEHIND})+|\n+",
)
_MAY_END = re.compile(r"[。！？!?…；.\n]")
_MARKED = re.compile(rf"{_MARKER}\Z")
_LINE_BREAK = re.compile(r"[^\S\n]*\n")
_UNDECIDED = re.compile(rf"\.*{_CLOSERS}\s*(?:[\[【［][\d\s,，、]*)?")


class SentenceAssembler:
    """Collects deltas and gives back sentences as soon as they are surely whole.

    The pieces given back, joined, are the text put in; wherever the deltas are cut, the pieces are the same.
    """

    def __init__(self) -> None:
        self._held = ""
        self._may_end = False

    def feed(self, text: str) -> list[str]:
        """Whole sentences that became sure; white space and bullets before a sentence belong to it."""
        self._held += text
        # Most pieces end nothing, and what is held need not be looked through for each of them.
        self._may_end = self._may_end or _MAY_END.search(text) is not None
        return self._take(at_end=False) if self._may_end else []

    def flush(self) -> list[str]:
        """What is left when the draft has ended."""
        pieces = self._take(at_end=True)
        rest, self._held = self._held, ""
        return [*pieces, rest] if rest else pieces

    def _take(self, *, at_end: bool) -> list[str]:
        pieces: list[str] = []
        while end := self._first_end(at_end=at_end):
            pieces.append(self._held[:end])
            self._held = self._held[end:]
        # A line break that leads the next sentence ends nothing.
        self._may_end = _MAY_END.search(self._held.lstrip()) is not None
        return pieces

    def _first_end(self, *, at_end: bool) -> int | None:
        searched = 0
        while match := _END.search(self._held, searched):
            searched = match.end()
            at_line_end = match.group().startswith("\n")
            # The line break itself leads the next sentence, so that lists keep their lines.
            end = match.start() if at_line_end else match.end()
            if not any(char.isalnum() for char in self._held[:end]):
                continue
            if match.group().startswith(".") and not ends_sentence(self._held[: match.start()] + "."):
                searched = match.start() + 1
                continue
            # A closing quote or a marker may still come: `。` `”` `[` `1` `]` `[` `2` `]` arrive one by one.
            if _MARKED.search(match.group()) and _LINE_BREAK.match(self._held, match.end()):
                return end
            if not (at_line_end or at_end) and _UNDECIDED.fullmatch(self._held, match.end()):
                return None
            return end
        return None
