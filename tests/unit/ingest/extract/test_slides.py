"""A video's slides: when each is shown, what stands on it, and its picture; over real encoded videos."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from baize.domain.text import Slide
from baize.errors import UnreadableSource
from baize.testing.scripted_ocr import ScriptedOcr
from ingest.extract.scenes import find_scenes
from ingest.extract.slides import SlideReader, frame_path, read_slides, stills_of
from ingest.segment import segment_slides
from ingest.stages import StageStore, file_digest

pytestmark = pytest.mark.anyio

SHOWN = ((30, 4), (120, 6), (200, 5))
"""Brightness of each slide, and its seconds."""


def video(path: Path, *, shown: tuple[tuple[int, int], ...] = SHOWN, keys_every_s: int = 2) -> Path:
    """Flat slides with a moving mark of less than a fiftieth of the picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size = keys_every_s * 10
        n = 0
        for brightness, seconds in shown:
            for _ in range(seconds * 10):
                picture = np.full((180, 320, 3), brightness, np.uint8)
                picture[20:40, n % 300 : n % 300 + 20] = 255
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                    container.mux(packet)
                n += 1
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.mark.parametrize("keys_every_s", [1, 60])
def test_scenes_of_a_video(tmp_path: Path, keys_every_s: int) -> None:
    """By its key frames, or by every frame where those are too far apart; to the second."""
    scenes = list(find_scenes(video(tmp_path / "a.mp4", keys_every_s=keys_every_s), 15.0))
    assert [(round(scene.start), round(scene.end)) for scene in scenes] == [(0, 4), (4, 10), (10, 15)]
    assert [
        abs(scene.picture[90:].mean() - shown) < 12 for scene, (shown, _) in zip(scenes, SHOWN, strict=True)
    ]
    assert scenes[0].picture.shape == (180, 320, 3)


async def test_slides_are_read_once(tmp_path: Path) -> None:
    """Neighbours that say the same are one, empty ones none; a second run reads nothing."""
    path = video(tmp_path / "a.mp4", shown=((30, 4), (90, 4), (150, 4), (220, 4)), keys_every_s=1)
    ocr = ScriptedOcr({30: ["标题", "第一行"], 90: ["标题", "第一行"], 150: [" "], 220: ["结束"]})
    reader, steps = SlideReader(ocr, tmp_path / "frames"), StageStore(tmp_path / "stages")
    slides = await read_slides(path, 16.0, reader, steps, lambda _done, _total: None)
    assert [(round(s.start), round(s.end), s.text) for s in slides] == [
        (0, 8, "标题\n第一行"),
        (12, 16, "结束"),
    ]
    for slide in slides:
        assert frame_path(tmp_path / "frames", file_digest(path), slide.start).read_bytes()[:2] == b"\xff\xd8"
    stills = stills_of(path, slides, reader.frames)
    assert [still.span for still in stills] == [slide.span for slide in slides]
    assert all(still.picture.read_bytes()[:2] == b"\xff\xd8" for still in stills)
    assert await read_slides(path, 16.0, reader, steps, lambda _done, _total: None) == slides
    assert ocr.n_read == 4


def test_a_slide_is_one_sentence_with_its_own_seconds() -> None:
    [segment] = segment_slides([Slide(4.0, 9.5, "标题\n第一行")])
    assert (segment.text, segment.locator) == ("标题\n第一行", Slide(4.0, 9.5, "").span)


def test_a_video_without_pictures_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    with pytest.raises(UnreadableSource):
        list(find_scenes(tmp_path / "a.mp4", 1.0))
