"""What the stages of lessons may allocate: the limit of the process moves with the stages that run in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_GB = 2**30


class StageMemory:
    """Caps by stage, in gigabytes beyond what the process holds when a stage begins; 0 is none.

    Stages that run beside each other share the sum of their caps; while one without a cap runs, only the cap
    of the process holds. One in a process; on Linux only, elsewhere nothing is capped.
    """

    def __init__(self, caps_gb: Mapping[str, float]) -> None:
        capped = {stage: int(cap * _GB) for stage, cap in caps_gb.items() if cap}
        self._caps = capped if sys.platform == "linux" else {}
        self._running: list[str] = []
        self._whole = 0

    @contextmanager
    def within(self, stage: str) -> Iterator[None]:
        """Caps what is allocated inside, by any thread; beyond it allocations fail with MemoryError."""
        if not self._caps:
            yield
            return
        if not self._running:
            self._whole = _soft_limit()
        self._running.append(stage)
        self._limit()
        try:
            yield
        finally:
            self._running.remove(stage)
            self._limit()

    def _limit(self) -> None:
        import resource

        soft, (_, hard) = self._whole, resource.getrlimit(resource.RLIMIT_DATA)
        if self._running and all(stage in self._caps for stage in self._running):
            capped = _held() + sum(self._caps[stage] for stage in self._running)
            soft = capped if soft == resource.RLIM_INFINITY else min(soft, capped)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _soft_limit() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_DATA)[0]


def _held() -> int:
    """Bytes that the limit counts."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmData:")[2].split()[0]) * 1024
