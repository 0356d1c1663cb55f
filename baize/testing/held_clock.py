"""A double of the port `Clock`: time stands still until a test moves it."""

from __future__ import annotations


class HeldClock:
    """Attributes:
    at: seconds since the epoch; Saturday 2026-11-28, 20:00 in Shanghai, unless set.
    """

    def __init__(self, at: float = 1_795_867_200.0) -> None:
        self.at = at

    def now(self) -> float:
        """As `Clock.now`."""
        return self.at
