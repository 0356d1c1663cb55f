"""Text on pictures by RapidOCR (PP-OCR on onnxruntime, Apache-2.0): the models are in its wheel."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, to_thread

from baize.domain.search import Picture
from baize.errors import ModelUnavailable

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_RULES = "lines1"
"""Changes whenever what comes out of one picture does."""


class RapidOcr:
    """Implements the port `Ocr`. The models are loaded at the first use, once.

    Args:
        threads: of onnxruntime.
        min_score: lines that are less sure are left out.
    """

    def __init__(self, *, threads: int = 2, min_score: float = 0.6) -> None:
        self._threads = threads
        self._min_score = min_score
        self._engine: RapidOCR | None = None
        self._loading = threading.Lock()
        self._limiter = CapacityLimiter(1)

    @property
    def name(self) -> str:
        """Engine, version and rules."""
        return f"rapidocr-{_version()}:{self._min_score}:{_RULES}"

    async def read(self, picture: Picture) -> Sequence[str]:
        """As the port says."""
        return await to_thread.run_sync(self._read, picture, limiter=self._limiter)

    def _read(self, picture: Picture) -> list[str]:
        found = self._load()(picture[:, :, ::-1])  # it expects blue first, as OpenCV does
        texts: Sequence[str] = getattr(found, "txts", None) or ()
        boxes: Any = getattr(found, "boxes", None)
        scores: Sequence[float] = getattr(found, "scores", None) or ()
        lines = [
            (_Box.of(box), " ".join(str(text).split()))
            for box, text, score in zip(boxes if boxes is not None else (), texts, scores, strict=True)
            if score >= self._min_score and str(text).strip()
        ]
        return in_reading_order(lines)

    def _load(self) -> RapidOCR:
        with self._loading:
            if self._engine is None:
                try:
                    # Takes a second to import.
                    from rapidocr import RapidOCR
                except ImportError as error:
                    raise ModelUnavailable(
                        "rapidocr is not installed.", remedy="Install baize[ocr]."
                    ) from error
                self._engine = RapidOCR(
                    params={
                        "Global.log_level": "error",
                        "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                    }
                )
            return self._engine


class _Box:
    """Where a line stands, in pixels."""

    def __init__(self, left: float, top: float, bottom: float) -> None:
        self.left, self.top, self.bottom = left, top, bottom

    @classmethod
    def of(cls, corners: Any) -> _Box:
        return cls(
            min(float(x) for x, _ in corners),
            min(float(y) for _, y in corners),
            max(float(y) for _, y in corners),
        )

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def in_reading_order(lines: Sequence[tuple[_Box, str]]) -> list[str]:
    """From top to bottom; what stands side by side is one line, from left to right."""
    rows: list[list[tuple[_Box, str]]] = []
    for box, text in sorted(lines, key=lambda line: line[0].middle):
        if rows and rows[-1][0][0].top <= box.middle <= rows[-1][0][0].bottom:
            rows[-1].append((box, text))
        else:
            rows.append([(box, text)])
    return ["  ".join(text for _, text in sorted(row, key=lambda line: line[0].left)) for row in rows]


def _version() -> str:
    try:
        return metadata.version("rapidocr")
    except metadata.PackageNotFoundError:
        return "missing"
