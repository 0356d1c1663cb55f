"""What a video or a recording is: how long, with sound and pictures, and whether it plays to its end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baize.adapters.audio_av import MAX_PIXELS, decode_audio, open_media, unreadable
from baize.errors import UnreadableSource

if TYPE_CHECKING:
    import av

__all__ = ["MediaFacts", "decode_audio", "probe"]

_ESTIMATED = frozenset({"mp3", "aac", "mpegts"})
"""Containers that hold no length: what FFmpeg declares for them is a guess from the bit rate."""
_UNKNOWN_SIZE = 0x7FFFFF00
"""From here on, the length of a WAV file is what a program wrote that did not know it."""
_MOST_CHUNKS = 1000
_TOLERANCE_S = 2.0
_TOLERANCE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """Measured, not declared: `duration_s` is from the first to the end of the last packet."""

    duration_s: float
    has_audio: bool
    has_video: bool


def probe(path: Path) -> MediaFacts:
    """Reads the file through once without decoding it, but for its first frames.

    Raises:
        UnreadableSource: not decodable, without sound and pictures, or cut off before its declared end.
    """
    # Costs 60 ms to import.
    import av

    try:
        _check_wav(path)
        with open_media(path) as container:
            streams = _playable(container)
            check_size(streams)
            _check_first_frames(container, streams)
            # A stream must not be touched after its container: PyAV reads freed memory.
            kinds = {stream.index: stream.type for stream in streams}
        # Opened anew because seeking back fails for some containers.
        with open_media(path) as container:
            end_s = _measure(container, list(kinds))
            declared_s = (container.duration or 0) / 1_000_000
            estimated = bool(_ESTIMATED & set(container.format.name.split(",")))
    except UnreadableSource as error:
        raise unreadable(path, error.message) from error
    except (av.error.FFmpegError, OSError) as error:
        raise unreadable(path, error.strerror) from error
    if end_s <= 0:
        raise unreadable(path, "there is nothing in it")
    if not estimated and _is_cut(end_s, declared_s):
        raise unreadable(path, _cut_off(end_s, declared_s))
    return MediaFacts(end_s, "audio" in kinds.values(), "video" in kinds.values())


def _is_cut(there_s: float, declared_s: float) -> bool:
    return there_s < declared_s - max(_TOLERANCE_S, _TOLERANCE_SHARE * declared_s)


def _cut_off(there_s: float, declared_s: float) -> str:
    return f"it is cut off: {there_s:.0f} s of {declared_s:.0f} s are there"


def _check_wav(path: Path) -> None:
    """FFmpeg takes what is there of a WAV file for the whole; its header tells how much there was.

    Raises:
        UnreadableSource: it is cut off. A length that says "unknown", as of streams, is none.
    """
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
            return
        bytes_a_second = 0
        for _ in range(_MOST_CHUNKS):
            if len(head := file.read(8)) < 8:
                return
            name, size = head[:4], int.from_bytes(head[4:], "little")
            if name == b"data":
                if bytes_a_second and size < _UNKNOWN_SIZE:
                    there = os.fstat(file.fileno()).st_size - file.tell()
                    there_s, declared_s = min(there, size) / bytes_a_second, size / bytes_a_second
                    if _is_cut(there_s, declared_s):
                        raise UnreadableSource(_cut_off(there_s, declared_s))
                return
            start = file.tell()
            if name == b"fmt ":
                bytes_a_second = int.from_bytes(file.read(12)[8:12], "little")
            # Chunks are padded to even lengths.
            file.seek(start + size + size % 2)


def _playable(container: av.container.InputContainer) -> list[av.stream.Stream]:
    """Sound and moving pictures; the cover of an audio file is neither."""
    import av

    return [
        stream
        for stream in (*container.streams.audio, *container.streams.video)
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]


def check_size(streams: list[av.stream.Stream]) -> None:
    """Before anything is decoded: one picture of a hostile file could fill the memory.

    Raises:
        UnreadableSource: a picture has more than `MAX_PIXELS`.
    """
    for stream in streams:
        width, height = (getattr(stream.codec_context, side, 0) or 0 for side in ("width", "height"))
        if width * height > MAX_PIXELS:
            raise UnreadableSource(f"its pictures are {width} × {height}")


def _check_first_frames(container: av.container.InputContainer, streams: list[av.stream.Stream]) -> None:
    """One frame of each stream must come out, though damaged packets may stand before it."""
    import av

    if not streams:
        raise UnreadableSource("it has neither sound nor pictures")
    waiting = {stream.index: stream.type for stream in streams}
    for packet in container.demux(streams):
        try:
            if packet.stream.index in waiting and packet.decode():
                del waiting[packet.stream.index]
        except av.error.FFmpegError:
            continue
        if not waiting:
            return
    raise UnreadableSource(f"no frame of its {' and '.join(sorted(waiting.values()))} can be decoded")


def _measure(container: av.container.InputContainer, indices: list[int]) -> float:
    """Where the last packet ends, in seconds from the first frame."""
    origin_s = (container.start_time or 0) / 1_000_000
    end_s = 0.0
    for packet in container.demux([container.streams[index] for index in indices]):
        if packet.pts is not None and packet.time_base is not None:
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base) - origin_s)
    return end_s
