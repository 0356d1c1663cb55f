"""The sound of a media file as numbers, streamed through PyAV (FFmpeg's libraries, no command needed).

Positions are those of the player: seconds from the first frame of the file, whatever stream it is in. A
late start of the sound and holes in it become silence, so that nothing drifts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from baize.errors import UnreadableSource

if TYPE_CHECKING:
    import av

Samples = NDArray[np.float32]
"""Mono, -1..1."""

SPEECH_RATE = 16_000
MAX_PIXELS = 40_000_000
"""Of one picture: 8K has 33 million. Decoding takes up to eight bytes for each."""
_FORMATS = "mov,mp4,m4a,3gp,matroska,webm,mp3,wav,w64,flac,aac,ogg,avi,flv,asf,mpegts,mpeg,aiff,caf,amr"
"""Containers of sound and moving pictures. Playlists are none: they name other files and hosts."""
_LOWEST_RATE = 4_000
"""Telephones have 8,000. At a rate of 1 a file of a megabyte would last for days."""
_HOLE_S = 0.05
_MAX_SILENCE_BLOCK_S = 10.0
_QUIET_S = 0.2


def decode_audio(path: Path, sample_rate: int = SPEECH_RATE) -> Iterator[Samples]:
    """Blocks of the first audio stream, in order, each well under a minute; damaged packets are silent.

    Raises:
        UnreadableSource: the file cannot be opened, has no sound, or none of it can be decoded.
    """
    import av

    try:
        container = open_media(path)
    except (av.error.FFmpegError, OSError) as error:
        raise unreadable(path, error.strerror) from error
    with container:
        if not container.streams.audio:
            raise UnreadableSource(
                "There is no sound in this file.", remedy="Put subtitles beside it.", path=str(path)
            )
        n_samples = 0
        try:
            for block in _resampled(container, sample_rate):
                n_samples += len(block)
                yield block
        except av.error.FFmpegError as error:
            raise unreadable(path, error.strerror) from error
    if not n_samples:
        raise unreadable(path, "no packet of its sound can be decoded")


def lasts_longer(path: Path, seconds: float) -> bool:
    """Whether there is more sound than that, by decoding it and no further: headers may say anything.

    Raises:
        UnreadableSource: as `decode_audio`.
    """
    left = round(seconds * SPEECH_RATE)
    for block in decode_audio(path):
        left -= len(block)
        if left < 0:
            return True
    return False


def open_media(path: Path) -> av.container.InputContainer:
    """The file, as what it is: nothing that it names is opened, neither files nor addresses.

    Raises:
        av.error.FFmpegError, OSError: FFmpeg's own words; `unreadable` makes an error of them.
    """
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        return av.open(str(path), metadata_errors="ignore", options=options)
    except av.error.ArgumentError as error:
        raise OSError(error.errno, "it is neither sound nor moving pictures") from error


def unreadable(path: Path, cause: object) -> UnreadableSource:
    """The error for a file that FFmpeg cannot read."""
    return UnreadableSource(
        f"The media file cannot be decoded ({cause}).",
        remedy="Check that it plays to its end, or convert it to MP4 (H.264, AAC).",
        path=str(path),
    )


def quiet_windows(
    blocks: Iterable[Samples], max_s: float, sample_rate: int = SPEECH_RATE
) -> Iterator[Samples]:
    """The same samples in windows of at most `max_s`, cut where the last fifth of each is quietest."""
    size = int(max_s * sample_rate)
    parts: list[Samples] = []
    n_held = 0
    for block in blocks:
        parts.append(block)
        n_held += len(block)
        # Joined once a window: once a block would copy a window's sound ten thousand times.
        while n_held > size:
            held = np.concatenate(parts)
            cut = _quietest(held[:size], sample_rate)
            yield held[:cut]
            parts, n_held = [held[cut:].copy()], n_held - cut
    if n_held:
        yield np.concatenate(parts)


def _quietest(window: Samples, sample_rate: int) -> int:
    step = max(1, int(_QUIET_S * sample_rate))
    first = len(window) * 4 // 5
    n_steps = (len(window) - first) // step
    if n_steps < 2:
        return len(window)
    energy = np.square(window[first : first + n_steps * step]).reshape(n_steps, step).mean(axis=1)
    # The last of equals: the longest window.
    quietest = n_steps - 1 - int(np.argmin(energy[::-1]))
    return first + quietest * step + step // 2


def _resampled(container: av.container.InputContainer, sample_rate: int) -> Iterator[Samples]:
    import av

    resampler = av.AudioResampler(format="fltp", layout="mono", rate=sample_rate)
    origin_s = (container.start_time or 0) / 1_000_000
    heard_s = 0.0
    for frame in _frames(container):
        if frame.sample_rate < _LOWEST_RATE:
            raise UnreadableSource(
                f"Its sound has {frame.sample_rate} samples a second.",
                remedy=f"Convert it: at least {_LOWEST_RATE} are needed.",
            )
        if frame.pts is not None and frame.time_base is not None:
            hole_s = float(frame.pts * frame.time_base) - origin_s - heard_s
            if hole_s > _HOLE_S:
                yield from _silence(hole_s, sample_rate)
                heard_s += hole_s
        heard_s += frame.samples / frame.sample_rate
        # Positions are kept here; the resampler would refuse stamps that jump.
        frame.pts = None
        yield from _arrays(resampler.resample(frame))
    yield from _arrays(resampler.resample(None))


def _frames(container: av.container.InputContainer) -> Iterator[Any]:
    import av

    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            # One damaged packet: the hole that it leaves is filled by its position.
            continue
        yield from frames


def _arrays(frames: Iterable[Any]) -> Iterator[Samples]:
    for frame in frames:
        yield np.clip(frame.to_ndarray().reshape(-1), -1.0, 1.0)


def _silence(seconds: float, sample_rate: int) -> Iterator[Samples]:
    left = round(seconds * sample_rate)
    block = int(_MAX_SILENCE_BLOCK_S * sample_rate)
    while left > 0:
        yield np.zeros(min(left, block), dtype=np.float32)
        left -= block
