"""A video → its slides: what stands on each, when it is shown, and a picture of it. Comes beside the speech.

Pictures lie in the course's own folder, in `frames/<sha256 of the media>/<milliseconds>.jpg`, one a slide,
named by the second that the slide appears, and small in `….small.jpg`; what was read is in the stage store
under `slides`. Storyboards take the small ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from baize.domain.storyboard import Still
from baize.domain.text import Slide
from baize.ports import Ocr, Progress, StepRunner
from ingest.extract.scenes import Scene, find_scenes
from ingest.stages import digest, file_digest

_JPEG_QUALITY = 80
_THUMBNAIL = (480, 480)
"""Pixels at most; as wide as the other pictures of a storyboard (`baize.adapters.footage_av`)."""
_RULES = "slides1"
"""Changes whenever the same video gives other slides."""


@dataclass(frozen=True, slots=True)
class SlideReader:
    """How slides are read, and where their pictures are kept."""

    ocr: Ocr
    frames: Path

    @property
    def name(self) -> str:
        return f"{self.ocr.name}:{_RULES}"


def frame_path(frames: Path, media_digest: str, start_s: float) -> Path:
    """Where the picture of a slide lies."""
    return frames / media_digest / f"{round(start_s * 1000):09}.jpg"


def thumbnail_path(frames: Path, media_digest: str, start_s: float) -> Path:
    """Where its small picture lies, for storyboards."""
    return frame_path(frames, media_digest, start_s).with_suffix(".small.jpg")


def stills_of(path: Path, slides: Sequence[Slide], frames: Path) -> list[Still]:
    """The small pictures of a video's slides."""
    media = file_digest(path)
    return [Still(slide.span, thumbnail_path(frames, media, slide.start)) for slide in slides]


async def read_slides(
    path: Path, duration_s: float, reader: SlideReader, steps: StepRunner, progress: Progress
) -> tuple[Slide, ...]:
    """Slides with text, in order; neighbours that say the same are one. Read once for each video and engine.

    Raises:
        UnreadableSource: no picture of it can be decoded.
        ModelUnavailable: the engine is missing.
    """
    media = await to_thread.run_sync(file_digest, path)

    async def read() -> tuple[Slide, ...]:
        slides: list[Slide] = []
        scenes = find_scenes(path, duration_s)
        while (scene := await to_thread.run_sync(_next, scenes)) is not None:
            text = "\n".join(await reader.ocr.read(scene.picture))
            progress(scene.end, duration_s)
            if not text:
                continue
            if slides and slides[-1].text == text and slides[-1].end == scene.start:
                slides[-1] = Slide(slides[-1].start, scene.end, text)
                continue
            slides.append(Slide(scene.start, scene.end, text))
            await to_thread.run_sync(_keep, scene, frame_path(reader.frames, media, scene.start))
        return tuple(slides)

    return await steps("slides", digest(media, reader.name), tuple[Slide, ...], read)


def _next(scenes: Iterator[Scene]) -> Scene | None:
    return next(scenes, None)


def _keep(scene: Scene, path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(scene.picture)
    small = picture.copy()
    small.thumbnail(_THUMBNAIL)
    for image, place in ((small, path.with_suffix(".small.jpg")), (picture, path)):
        temporary = place.with_suffix(".part")
        image.save(temporary, "JPEG", quality=_JPEG_QUALITY)
        temporary.replace(place)
