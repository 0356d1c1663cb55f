"""Pictures and cuts of a video through PyAV (FFmpeg's libraries in the wheel: no command is needed)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from anyio import CapacityLimiter, to_thread

from baize.adapters.audio_av import open_media, unreadable
from baize.domain.aigc import KEY, aigc
from baize.domain.locator import TimeSpan
from baize.errors import DependencyUnavailable, UnreadableSource

if TYPE_CHECKING:
    import av

_WIDTH = 480
_LOOKS_S = (0.0, 0.7, 1.9)
"""A black or empty frame is passed over for one this much later."""
_FLAT = 8.0
"""Standard deviation of brightness, of 255, below which a frame shows nothing."""
_SOUND_RATE = 48_000
_CLOCK = Fraction(1, 90_000)
_MAX_HEIGHT = 720
_FADE_S = 0.01
"""A cut in the middle of a sound would click."""


class AvFootage:
    """Implements the port `Footage`."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(1)

    async def frames(self, media: Path, seconds: Sequence[float]) -> list[bytes]:
        """As the port says; 480 pixels wide."""
        return await to_thread.run_sync(_frames, media, list(seconds), limiter=self._limiter)

    async def cut(self, media: Path, spans: Sequence[TimeSpan], out: Path) -> float:
        """As the port says: H.264 and AAC, at most 720 lines, each stream counted from one clock."""
        stop = threading.Event()
        try:
            return await to_thread.run_sync(_cut, media, list(spans), out, stop, limiter=self._limiter)
        finally:
            stop.set()


def _frames(media: Path, seconds: Sequence[float]) -> list[bytes]:
    import av

    try:
        with open_media(media) as container:
            stream = _pictures(container)
            if stream is None:
                return []
            stream.thread_type = "AUTO"
            return [_jpeg(_best(container, stream, at)) for at in seconds]
    except (av.error.FFmpegError, OSError) as error:
        raise unreadable(media, error.strerror) from error


def _pictures(container: av.container.InputContainer) -> Any:
    """The video stream; the cover of an audio file is none."""
    import av

    covers = av.stream.Disposition.attached_pic
    return next((s for s in container.streams.video if not s.disposition & covers), None)


def _best(container: av.container.InputContainer, stream: Any, at_s: float) -> Any:
    """The frame at this second, or, if it shows nothing, the fullest one shortly after."""
    best: Any = None
    most = -1.0
    for later_s in _LOOKS_S:
        frame = _frame_at(container, stream, at_s + later_s)
        if frame is None:
            break
        contrast = float(np.std(frame.to_ndarray(format="gray")))
        if contrast > most:
            best, most = frame, contrast
        if most >= _FLAT:
            break
    if best is None:
        raise UnreadableSource(f"no frame of it can be decoded at {at_s:.0f} s")
    return best


def _frame_at(container: av.container.InputContainer, stream: Any, at_s: float) -> Any:
    """The frame that is shown at this second: the last one that begins before it."""
    container.seek(_stamp(container, at_s), backward=True)
    shown: Any = None
    for frame in _decoded(container, stream):
        if shown is not None and _seconds(container, frame) > at_s:
            break
        shown = frame
        if _seconds(container, frame) >= at_s:
            break
    return shown


def _decoded(container: av.container.InputContainer, stream: Any) -> Iterator[Any]:
    """Frames with a time; a damaged packet is passed over."""
    import av

    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        yield from (frame for frame in frames if frame.pts is not None)


def _stamp(container: av.container.InputContainer, at_s: float) -> int:
    return round(at_s * 1_000_000) + (container.start_time or 0)


def _seconds(container: av.container.InputContainer, frame: Any) -> float:
    """Of the player: from the first frame of the file."""
    return float(frame.pts * frame.time_base) - (container.start_time or 0) / 1_000_000


def _jpeg(frame: Any) -> bytes:
    import av

    width = min(_WIDTH, frame.width) // 2 * 2
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    small = frame.reformat(width=width, height=height, format="yuvj420p")
    small.pts = 0
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"qscale": "5"}
    return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])


def _cut(media: Path, spans: Sequence[TimeSpan], out: Path, stop: threading.Event) -> float:
    import av

    part = out.with_name(f".{out.name}.part.mp4")
    try:
        with (
            open_media(media) as source,
            av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as target,
        ):
            target.metadata["comment"] = f"{KEY}: {aigc()}"
            length_s = _Reel(source, target, stop).write(spans)
        part.replace(out)
    except (av.error.FFmpegError, OSError) as error:
        raise unreadable(media, error.strerror) from error
    finally:
        part.unlink(missing_ok=True)
    return length_s


class _Reel:
    """One output file: what is written has its place by the cut, not by what was decoded before."""

    def __init__(self, source: Any, target: Any, stop: threading.Event) -> None:
        self._source, self._target, self._stop = source, target, stop
        self._video = _pictures(source)
        self._audio = source.streams.audio[0] if source.streams.audio else None
        if self._video is None and self._audio is None:
            raise UnreadableSource("it has neither sound nor pictures")
        self._out_video: Any = self._video_stream() if self._video is not None else None
        self._out_audio: Any = self._audio_stream() if self._audio is not None else None
        self._n_samples = 0
        self._last_stamp = -1

    def write(self, spans: Sequence[TimeSpan]) -> float:
        """Seconds of the reel."""
        at_s = 0.0
        for span in spans:
            if self._video is not None:
                self._write_pictures(span, at_s)
            if self._audio is not None:
                self._write_sound(span, at_s)
            at_s += span.end - span.start
        for stream in (self._out_video, self._out_audio):
            if stream is not None:
                self._target.mux(stream.encode(None))
        return at_s

    def _video_stream(self) -> Any:
        rate = self._video.average_rate or Fraction(25)
        stream = _encoder(self._target, "libx264", "H.264", rate=rate)
        height = min(_MAX_HEIGHT, self._video.height) // 2 * 2
        stream.width = round(self._video.width * height / self._video.height / 2) * 2
        stream.height, stream.pix_fmt = height, "yuv420p"
        stream.codec_context.time_base = _CLOCK
        stream.options = {"crf": "24", "preset": "veryfast"}
        return stream

    def _audio_stream(self) -> Any:
        stream = _encoder(self._target, "aac", "AAC", rate=_SOUND_RATE)
        stream.layout = "stereo"
        return stream

    def _write_pictures(self, span: TimeSpan, at_s: float) -> None:
        self._source.seek(_stamp(self._source, span.start), backward=True)
        before: Any = None
        for frame in _decoded(self._source, self._video):
            if self._stop.is_set():
                return
            second = _seconds(self._source, frame)
            if second >= span.end:
                break
            if second <= span.start:
                before = frame
                continue
            if before is not None:
                # What is on the screen when the cut begins.
                self._picture(before, at_s)
                before = None
            self._picture(frame, at_s + second - span.start)
        if before is not None:
            self._picture(before, at_s)

    def _picture(self, frame: Any, at_s: float) -> None:
        stream = self._out_video
        small = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
        self._last_stamp = max(round(at_s / _CLOCK), self._last_stamp + 1)
        small.pts, small.time_base = self._last_stamp, _CLOCK
        small.pict_type = 0
        self._target.mux(stream.encode(small))

    def _write_sound(self, span: TimeSpan, at_s: float) -> None:
        """Exactly the samples of the span; holes and a missing end are silent."""
        first = round(at_s * _SOUND_RATE)
        wanted = round((at_s + span.end - span.start) * _SOUND_RATE) - first
        sound = np.zeros((2, wanted), dtype=np.float32)
        for start, block in self._sound(span):
            begin = round((start - span.start) * _SOUND_RATE)
            low, high = max(0, begin), min(wanted, begin + block.shape[1])
            if low < high:
                sound[:, low:high] = block[:, low - begin : high - begin]
        fade = min(wanted // 2, round(_FADE_S * _SOUND_RATE))
        sound[:, :fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        sound[:, wanted - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        self._encode(sound)

    def _sound(self, span: TimeSpan) -> Iterator[tuple[float, np.ndarray[Any, Any]]]:
        """(second, stereo samples) from a little before the span to its end."""
        import av

        self._source.seek(_stamp(self._source, max(0.0, span.start - 0.5)), backward=True)
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
        next_s: float | None = None
        for frame in _decoded(self._source, self._audio):
            if self._stop.is_set():
                return
            second = _seconds(self._source, frame)
            if second >= span.end:
                break
            # The resampler holds back a few samples: what comes out goes on where the last block ended.
            if next_s is None or abs(second - next_s) > 0.1:
                next_s = second
            frame.pts = None
            for ready in resampler.resample(frame):
                block = ready.to_ndarray()
                yield next_s, block
                next_s += block.shape[1] / _SOUND_RATE

    def _encode(self, sound: np.ndarray[Any, Any]) -> None:
        import av

        for at in range(0, sound.shape[1], _SOUND_RATE):
            block = np.ascontiguousarray(sound[:, at : at + _SOUND_RATE])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate = _SOUND_RATE
            frame.pts, frame.time_base = self._n_samples, Fraction(1, _SOUND_RATE)
            self._n_samples += block.shape[1]
            self._target.mux(self._out_audio.encode(frame))


def _encoder(target: Any, name: str, what: str, rate: Any) -> Any:
    import av

    try:
        return target.add_stream(name, rate=rate)
    except (av.error.FFmpegError, ValueError) as error:
        raise DependencyUnavailable(
            f"This build of PyAV cannot write {what} ({name} is missing).",
            remedy="Install the wheel of PyAV from PyPI: `pip install --only-binary av av`.",
        ) from error
