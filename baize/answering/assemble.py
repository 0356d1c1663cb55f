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
_CITED = re.compile(rf"{_MARKER}(?:[。！？!?；]+{_CLOSERS}|\.)?\Z")
_LINE_BREAK = re.compile(r"[^\S\n]*\n")
_MORE_MARKERS = re.compile(rf"(?:[^\S\n]*{_MARKER})+")
_MAY_BE_MARKER = re.compile(r"[^\S\n]*(?:[\[【［][\d\s,，、]*)?")
_OPENED, _CLOSED = "（(“‘「『《", "）)”’」』》"
_UNDECIDED = re.compile(rf"\.*{_CLOSERS}\s*(?:[\[【［][\d\s,，、]*)?")


class SentenceAssembler:
    """Collects deltas and gives back sentences as soon as they are surely whole.

    The pieces given back, joined, are the text put in; wherever the deltas are cut, the pieces are the same.
    Only a sentence that was taken early may have its further markers in a piece of their own.
    """

    def __init__(self) -> None:
        self._held = ""
        self._may_end = False
        self._was_early = False

    def feed(self, text: str) -> list[str]:
        """Whole sentences that became sure; white space and bullets before a sentence belong to it."""
        self._held += text
        # Most pieces end nothing, and what is held need not be looked through for each of them.
        self._may_end = self._may_end or _MAY_END.search(text) is not None
        markers = self._further_markers() if self._was_early else []
        return [*markers, *self._take(at_end=False)] if self._may_end else markers

    def settled(self) -> str:
        """The sentence that is whole unless more markers follow: its last one closed, and its quotes.

        For a pause of the model: whoever can use it takes it with `take_early`. Empty where there is none.
        """
        held = self._held
        # No end in it is sure, or `feed` had given it back.
        if not (self._may_end and _CITED.search(held)):
            return ""
        end = self._first_end(at_end=True)
        # A full stop behind a marker ends a sentence, although nothing is behind it yet.
        if (end is None and not held.endswith(".")) or (end is not None and end < len(held)):
            return ""
        opened = sum(map(held.count, _OPENED)) - sum(map(held.count, _CLOSED))
        return held if opened == 0 and held.count('"') % 2 == 0 else ""

    def take_early(self) -> None:
        """What `settled` gave was used. Markers that still follow come as a piece without words."""
        self._held = ""
        self._may_end = False
        self._was_early = True

    def _further_markers(self) -> list[str]:
        found = _MORE_MARKERS.match(self._held)
        if found:
            self._held = self._held[found.end() :]
        self._was_early = _MAY_BE_MARKER.fullmatch(self._held) is not None
        return [found.group()] if found else []

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
        # No end begins before one of these, and to look for a character is cheap.
        if (first := _MAY_END.search(self._held)) is None:
            return None
        searched = first.start()
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
