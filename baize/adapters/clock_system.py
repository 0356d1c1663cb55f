"""The machine's clock, behind the port `Clock`."""

from __future__ import annotations

import time


class SystemClock:
    """Seconds since the epoch, as the operating system knows them."""

    def now(self) -> float:
        return time.time()
