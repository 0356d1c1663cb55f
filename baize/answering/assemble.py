"""Draft deltas → whole sentences, each with the markers that follow it. Comes before `cite`."""

from __future__ import annotations

import re

from baize.domain.sentences import ends_sentence

MARKERS = r"(?:\s*[\[【［]\s*\d{1,3}(?:\s*[,，、]\s*\d{1,3})*\s*[\]】］])"
_END = re.compile(
    rf"(?:[。！？!?…；]+[”’\"'）)】」』》]*|\.+[”’\"')]*(?=[\s\[【［])){MARKERS}*|\n+",
)
_PARTIAL_MARKER = re.compile(r"\s*(?:[\[【［][\d\s,，、]*)?$")
_CLOSERS = "”’\"'）)】」』》]"


class SentenceAssembler:
    """Collects deltas and gives back sentences as soon as they are surely whole.

    The pieces given back, joined, are the text put in, whatever the cuts.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """Whole sentences that became sure; white space and bullets before a sentence belong to it."""
        self._held += text
        pieces: list[str] = []
        while (end := self._first_end()) is not None:
            pieces.append(self._held[:end])
            self._held = self._held[end:]
        return pieces

    def flush(self) -> list[str]:
        """What is left when the draft has ended."""
        rest, self._held = self._held, ""
        return [rest] if rest else []

    def _first_end(self) -> int | None:
        for match in _END.finditer(self._held):
            sentence, after = self._held[: match.end()], self._held[match.end() :]
            if not sentence.strip():
                continue
            if match.group().startswith(".") and not ends_sentence(self._held[: match.start()] + "."):
                continue
            # A closing quote or a marker may still come: `。` `”` `[` `1` `]` arrive one by one. A sentence
            # that carries its marker already need not wait for a second one.
            unsure = not after or _PARTIAL_MARKER.fullmatch(after) or after[0] in _CLOSERS
            if unsure and not match.group().startswith("\n") and not self._is_marked(sentence):
                return None
            return match.end()
        return None

    @staticmethod
    def _is_marked(sentence: str) -> bool:
        return re.search(MARKERS, sentence) is not None
