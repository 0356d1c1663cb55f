"""How well a recording was heard: what a course team reads before it trusts a transcript."""

from __future__ import annotations

from dataclasses import dataclass

from baize.domain.locator import TimeSpan

GAP_S = 5.0
"""A stretch without a cue is told from this length on."""


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """Somebody seems to speak here and no transcript stands for it, because it could not be trusted.

    Attributes:
        reason: `echo`, `loop`, `backwards`, `squeezed`, `silent`, `unsure`, `repetitive`, `credits`, `late`
            or `unheard` (docs/speech.md).
    """

    start: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class SpeechReport:
    """The quality of one transcript that was heard, not read.

    Attributes:
        language: that it was heard in.
        heard_s: seconds of sound.
        speech_s: seconds within cues.
        gaps: stretches of `GAP_S` and more without a cue: pauses, music, silence.
        mean_logprob: of the words that became cues, weighted by their seconds; None where the engine
            does not say.
        n_reruns: stretches that were listened to again with other options.
        dropped: (reason, how many pieces of text) that were kept out, by reason.
        marked: what is missing for good.
    """

    language: str
    heard_s: float
    speech_s: float
    gaps: tuple[TimeSpan, ...] = ()
    mean_logprob: float | None = None
    n_reruns: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    marked: tuple[MarkedSpan, ...] = ()

    @property
    def marked_s(self) -> float:
        """Seconds that somebody seems to speak without a transcript."""
        return sum(span.end - span.start for span in self.marked)

    @property
    def doubtful(self) -> bool:
        """Whether a person should look: an unsure engine, or more than 2 % of the speech missing."""
        unsure = self.mean_logprob is not None and self.mean_logprob < _UNSURE
        return unsure or self.marked_s > _MISSING_SHARE * (self.speech_s + self.marked_s)

    def summary(self) -> str:
        """One line for a terminal."""
        sureness = "" if self.mean_logprob is None else f", mean log-probability {self.mean_logprob:.2f}"
        reasons = ", ".join(f"{reason} ×{n}" for reason, n in self.dropped)
        return (
            f"speech {self.speech_s:.0f} of {self.heard_s:.0f} s, {len(self.gaps)} gaps{sureness}, "
            f"{self.n_reruns} re-runs, {len(self.marked)} spans marked ({self.marked_s:.0f} s)"
            + (f"; kept out: {reasons}" if reasons else "")
        )


_UNSURE = -0.8
_MISSING_SHARE = 0.02
