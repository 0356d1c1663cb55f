"""What every `Footage` does, and that the real one's reels play in step."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from baize.adapters.footage_av import AvFootage
from baize.domain.locator import TimeSpan
from baize.errors import UnreadableSource
from baize.ports import Footage
from baize.testing.still_footage import StillFootage

pytestmark = pytest.mark.anyio

_GARBAGE = "garbage.mp4"
_RATE, _FPS, _LENGTH_S = 48_000, 25, 20


@pytest.fixture(params=[lambda: StillFootage(unreadable=[_GARBAGE]), AvFootage], ids=["still", "av"])
def footage(request: pytest.FixtureRequest) -> Footage:
    make: Callable[[], Footage] = request.param
    return make()


@pytest.fixture(scope="module")
def clapper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds: black and silent, but that each second n has a flash and a beep at n + 0.5."""
    path = tmp_path_factory.mktemp("footage") / "clapper.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=_FPS, options={"g": "100", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        sound = out.add_stream("aac", rate=_RATE)
        sound.layout = "mono"
        for n in range(_FPS * _LENGTH_S):
            picture = np.zeros((180, 320, 3), np.uint8)
            if 0.5 <= n / _FPS % 1 < 0.7:
                picture[:90] = 255
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        time_s = np.arange(_RATE * _LENGTH_S) / _RATE
        beeps = 0.5 * np.sin(2 * np.pi * 880 * time_s) * ((time_s % 1 >= 0.5) & (time_s % 1 < 0.7))
        for at in range(0, len(beeps), _RATE):
            frame = av.AudioFrame.from_ndarray(
                beeps[at : at + _RATE].astype(np.float32)[None], format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts, frame.time_base = _RATE, at, Fraction(1, _RATE)
            out.mux(sound.encode(frame))
        for stream in (video, sound):
            out.mux(stream.encode(None))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def flashes_and_beeps(path: Path) -> tuple[list[float], list[float]]:
    """Where each bright stretch and each loud stretch begins, in seconds of the player."""
    with av.open(str(path)) as container:
        bright = [
            (frame.time, frame.to_ndarray(format="gray").mean() > 40)
            for frame in container.decode(container.streams.video[0])
        ]
    with av.open(str(path)) as container:
        loud = []
        for frame in container.decode(container.streams.audio[0]):
            level = np.abs(frame.to_ndarray()).max(axis=0)
            loud += [
                (frame.time + at / frame.sample_rate, bool(level[at : at + 240].max() > 0.1))
                for at in range(0, len(level), 240)
            ]
    return _onsets(bright), _onsets(loud)


def _onsets(states: list[tuple[float, bool]]) -> list[float]:
    found, last_s = [], -1.0
    for second, on in states:
        if on and second - last_s > 0.25:
            found.append(second)
        if on:
            last_s = second
    return found


async def test_a_picture_for_every_second(footage: Footage, clapper: Path) -> None:
    """In order, each a JPEG, also at the very end."""
    pictures = await footage.frames(clapper, [0.0, 7.6, 19.9])
    assert len(pictures) == 3
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)


async def test_what_is_no_media_is_unreadable(footage: Footage, tmp_path: Path) -> None:
    """Neither pictures nor a reel; nothing is left behind."""
    media = tmp_path / _GARBAGE
    media.write_bytes(b"no media")
    with pytest.raises(UnreadableSource):
        await footage.frames(media, [1.0])
    with pytest.raises(UnreadableSource):
        await footage.cut(media, [TimeSpan(0.0, 1.0)], tmp_path / "reel.mp4")
    assert names(tmp_path) == [_GARBAGE]


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile other.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:20\n#EXTINF:20,\nother.mp4\n#EXT-X-ENDLIST\n",
    ],
)
async def test_a_playlist_opens_no_other_file(clapper: Path, tmp_path: Path, playlist: str) -> None:
    """Called a video, it would name files and addresses that are none of the course's."""
    (tmp_path / "other.mp4").symlink_to(clapper)
    media = tmp_path / "lesson.mp4"
    media.write_text(playlist)
    with pytest.raises(UnreadableSource):
        await AvFootage().frames(media, [1.0])
    with pytest.raises(UnreadableSource):
        await AvFootage().cut(media, [TimeSpan(0.0, 1.0)], tmp_path / "reel.mp4")


async def test_a_reel_is_as_long_as_its_spans(footage: Footage, clapper: Path, tmp_path: Path) -> None:
    """And it is written."""
    out = tmp_path / "reel.mp4"
    assert await footage.cut(clapper, [TimeSpan(1.0, 3.0), TimeSpan(9.25, 10.0)], out) == pytest.approx(2.75)
    assert out.is_file()


async def test_sound_and_pictures_of_a_reel_stay_in_step(clapper: Path, tmp_path: Path) -> None:
    """After many cuts at odd places every flash still comes with its beep, where the spans say."""
    spans = [TimeSpan(n + 0.213, n + 2.117) for n in (0, 3, 6, 9, 12, 15)]
    out = tmp_path / "reel.mp4"
    length_s = await AvFootage().cut(clapper, spans, out)
    expected = []
    at_s = 0.0
    for span in spans:
        expected += [at_s + n + 0.5 - span.start for n in range(20) if span.start < n + 0.5 < span.end - 0.1]
        at_s += span.end - span.start
    flashes, beeps = flashes_and_beeps(out)
    assert len(flashes) == len(beeps) == len(expected) == 12
    assert max(abs(flash - wanted) for flash, wanted in zip(flashes, expected, strict=True)) <= 0.05
    assert max(abs(beep - wanted) for beep, wanted in zip(beeps, expected, strict=True)) <= 0.05
    with av.open(str(out)) as reel:
        assert [stream.codec_context.name for stream in reel.streams] == ["h264", "aac"]
        assert reel.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert reel.duration / 1_000_000 == pytest.approx(length_s, abs=0.1)


async def test_pictures_are_those_of_their_second(clapper: Path) -> None:
    """A flash is seen at its second; where nothing is shown, the picture comes from just after."""
    bright, later = await AvFootage().frames(clapper, [4.55, 4.85])
    for picture in (bright, later):
        (frame,) = av.CodecContext.create("mjpeg", "r").decode(av.Packet(picture))
        assert frame.to_ndarray(format="gray").mean() > 40
        assert frame.width == 320


async def test_a_recording_has_no_pictures_but_a_reel(tmp_path: Path) -> None:
    """Sound alone: no storyboard, and an MP4 with sound only."""
    path = tmp_path / "talk.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.full((1, 48_000), 900, np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
    assert await AvFootage().frames(path, [1.0]) == []
    assert await AvFootage().cut(path, [TimeSpan(0.5, 2.0)], tmp_path / "reel.mp4") == pytest.approx(1.5)
    with av.open(str(tmp_path / "reel.mp4")) as reel:
        assert [stream.type for stream in reel.streams] == ["audio"]
