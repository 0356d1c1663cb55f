"""A video → the pictures that it holds still, with the seconds that each is shown. `slides.py` reads them.

Only key frames are decoded where there are enough of them: encoders set one at each change of scene, and a
three-hour lecture then takes seconds. Else every frame is, and one a second is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from baize.adapters.audio_av import open_media, unreadable
from baize.domain.search import Picture
from baize.errors import UnreadableSource
from ingest.extract.media import check_size

if TYPE_CHECKING:
    import av

_LOOK_S = 1.0
"""How often a picture is looked at."""
_SPARSE_S = 12.0
"""Key frames farther apart than this miss slides."""
_SMALL = (96, 54)
_CHANGED_LEVEL, _CHANGED_SHARE = 24, 0.045
"""A pixel has changed that differs by so many of 255 levels; a scene, of which so many pixels have. On our
sample lectures another slide changes .05 to .99 of them, a moving marker up to .044."""
_MIN_SCENE_S = 1.5
"""What is shown for less is a transition."""
_MAX_WIDTH = 1280
MAX_SLIDES = 2_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Seconds in which the picture hardly changes, and that picture as it was at their end, complete."""

    start: float
    end: float
    picture: Picture


def find_scenes(path: Path, duration_s: float) -> Iterator[Scene]:
    """Scenes in order, at most `MAX_SLIDES`; one picture at a time is in memory.

    Raises:
        UnreadableSource: it has no picture that can be decoded, or too large ones.
    """
    import av

    try:
        sparse = _longest_gap_s(path, duration_s) > _SPARSE_S
        yield from _scenes(_looks(path, only_keys=not sparse), duration_s)
    except UnreadableSource as error:
        raise unreadable(path, error.message) from error
    except (av.error.FFmpegError, OSError) as error:
        raise unreadable(path, error.strerror) from error


def _scenes(looks: Iterator[tuple[float, Any]], duration_s: float) -> Iterator[Scene]:
    start_s, before, small_before = 0.0, None, None
    n_scenes = 0
    for second, frame in looks:
        small = _gray(frame)
        if small_before is not None and _changed(small_before, small):
            if second - start_s >= _MIN_SCENE_S:
                yield Scene(start_s, second, _picture(before))
                n_scenes += 1
                if n_scenes == MAX_SLIDES:
                    return
            start_s = second
        before, small_before = frame, small
    if before is not None and duration_s > start_s:
        yield Scene(start_s, duration_s, _picture(before))


def _longest_gap_s(path: Path, duration_s: float) -> float:
    """Between two key frames, read from the packets without decoding."""

    with open_media(path) as container:
        stream = container.streams.video[0]
        seconds = [
            float(packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.is_keyframe and packet.pts is not None and packet.time_base is not None
        ]
    return max((b - a for a, b in pairwise([*seconds, duration_s])), default=duration_s)


def _looks(path: Path, *, only_keys: bool) -> Iterator[tuple[float, av.VideoFrame]]:
    """(second from the first frame of the file, frame), at most one for each `_LOOK_S`."""
    import av

    with open_media(path) as container:
        stream = container.streams.video[0]
        check_size([stream])
        if only_keys:
            stream.codec_context.skip_frame = "NONKEY"
        stream.thread_type = "AUTO"
        origin_s = (container.start_time or 0) / 1_000_000
        next_s = 0.0
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            for frame in frames:
                second = max(0.0, float(frame.time or 0.0) - origin_s)
                if only_keys or second >= next_s:
                    next_s = second + _LOOK_S
                    yield second, frame


def _gray(frame: av.VideoFrame) -> NDArray[np.int16]:
    small = frame.reformat(width=_SMALL[0], height=_SMALL[1], format="gray").to_ndarray()
    return np.asarray(small, np.int16)


def _changed(before: NDArray[np.int16], now: NDArray[np.int16]) -> bool:
    return bool(np.mean(np.abs(now - before) > _CHANGED_LEVEL) > _CHANGED_SHARE)


def _picture(frame: Any) -> Picture:
    width = min(_MAX_WIDTH, frame.width)
    height = max(2, round(frame.height * width / frame.width))
    return np.asarray(frame.reformat(width=width, height=height, format="rgb24").to_ndarray(), np.uint8)
