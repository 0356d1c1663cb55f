"""Interval plots as inline SVG: a dot with its 95 % interval for each system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_ROW_H, _LABEL_W, _PLOT_W, _VALUE_W, _AXIS_H = 24, 170, 420, 150, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a plot. `strong` marks the product."""

    label: str
    value: float
    low: float
    high: float
    strong: bool = False


def interval_plot(title: str, bars: Sequence[Bar]) -> str:
    """The plot. Its axis begins at 0, or at the least value where that is below."""
    low = min(0.0, *(bar.low for bar in bars))
    high = max(1e-9, *(bar.high for bar in bars))
    if low >= 0 and 0.5 < high <= 1:
        high = 1.0
    scale = _PLOT_W / (high - low)
    height = len(bars) * _ROW_H + _AXIS_H
    rows = "".join(_row(n, bar, low, scale) for n, bar in enumerate(bars))
    return (
        f'<svg viewBox="0 0 {_LABEL_W + _PLOT_W + _VALUE_W} {height}" role="img" '
        f'aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{_axis(low, high, scale, len(bars) * _ROW_H)}{rows}</svg>"
    )


def _row(n: int, bar: Bar, low: float, scale: float) -> str:
    y = n * _ROW_H + _ROW_H / 2
    x1, x, x2 = (_LABEL_W + (value - low) * scale for value in (bar.low, bar.value, bar.high))
    kind = "product" if bar.strong else "other"
    return (
        f'<g class="{kind}">'
        f'<text x="{_LABEL_W - 10}" y="{y + 4}" text-anchor="end">{escape(bar.label)}</text>'
        f'<line x1="{x1:.1f}" y1="{y}" x2="{x2:.1f}" y2="{y}"/><circle cx="{x:.1f}" cy="{y}" r="4"/>'
        f'<text x="{_LABEL_W + _PLOT_W + 10}" y="{y + 4}">{bar.value:.3f} '
        f"[{bar.low:.3f}, {bar.high:.3f}]</text></g>"
    )


def _axis(low: float, high: float, scale: float, bottom: float) -> str:
    ticks = [low + (high - low) * step / 4 for step in range(5)]
    return "".join(
        f'<line class="grid" x1="{_LABEL_W + (tick - low) * scale:.1f}" y1="0" '
        f'x2="{_LABEL_W + (tick - low) * scale:.1f}" y2="{bottom}"/>'
        f'<text class="tick" x="{_LABEL_W + (tick - low) * scale:.1f}" y="{bottom + 16}" '
        f'text-anchor="middle">{tick:.2g}</text>'
        for tick in ticks
    )
