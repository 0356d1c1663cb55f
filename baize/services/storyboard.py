"""The storyboard of a lesson: scenes from chapters and cues, pictures of its slides or from the video."""

from __future__ import annotations

import base64
import hashlib
import html
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from baize.domain.aigc import KEY, aigc
from baize.domain.course import Lesson
from baize.domain.locator import format_timestamp
from baize.domain.storyboard import Scene, Still, scenes, still_of
from baize.errors import NotFound
from baize.ports import Artefacts, Footage, Publisher
from baize.services.media import media_file

_DONE = "done"


@dataclass(frozen=True, slots=True)
class Storyboard:
    """Scenes and their pictures: JPEG files, by number."""

    lesson: Lesson
    scenes: tuple[Scene, ...]
    folder: Path

    def frame(self, number: int) -> Path:
        """
        Raises:
            NotFound: there is no such scene.
        """
        if not 0 <= number < len(self.scenes):
            raise NotFound(
                f"Lesson {self.lesson.id!r} has no frame {number}.",
                remedy=f"Its storyboard has {len(self.scenes)}, numbered from 0.",
            )
        return self.folder / f"{number}.jpg"


class Storyboards:
    """Makes a storyboard once a build, at ingest or where its pictures are first asked for, and keeps it.

    Args:
        folder: where pictures are kept, by course and build; whatever is in it can be made again.
    """

    def __init__(self, *, footage: Footage, artefacts: Artefacts, publisher: Publisher, folder: Path) -> None:
        self._footage = footage
        self._artefacts = artefacts
        self._publisher = publisher
        self._folder = folder
        # One after the other: decoding takes a whole core.
        self._making = anyio.Lock()

    async def of(self, lesson: Lesson, stills: Sequence[Still] = ()) -> Storyboard:
        """The storyboard of a lesson's live build, made if it is not there.

        Args:
            stills: pictures of slides, where they are known; they are taken before the video is decoded.

        Raises:
            NotFound: the lesson has no video, or the library does not hold it.
            UnreadableSource: its video cannot be decoded.
        """
        transcript = await self._artefacts.transcript(lesson.platform_id, lesson.id)
        found = scenes(lesson.duration_s or 0.0, lesson.chapters, transcript.cues if transcript else ())
        folder = self._place(lesson)
        board = Storyboard(lesson, found, folder)
        done = anyio.Path(folder / _DONE)
        # What is there waits for nobody: another lesson may be decoded for a minute.
        if not await done.is_file():
            async with self._making:
                if not await done.is_file():
                    await self._make(board, stills)
        return board

    async def forget(self, platform_id: str, course_id: str) -> None:
        """Remove the pictures of a course."""
        await to_thread.run_sync(_remove, self._course(platform_id, course_id))

    async def _make(self, board: Storyboard, stills: Sequence[Still]) -> None:
        media = await media_file(self._publisher, board.lesson)
        there = await to_thread.run_sync(_read_stills, board.scenes, stills)
        open_ = [scene for scene in board.scenes if scene.number not in there]
        decoded = await self._footage.frames(media, [scene.at for scene in open_]) if open_ else []
        if len(decoded) < len(open_):
            raise NotFound(
                f"Lesson {board.lesson.id!r} has no storyboard.", remedy="Its media has no moving pictures."
            )
        pictures = there | {scene.number: data for scene, data in zip(open_, decoded, strict=True)}
        await to_thread.run_sync(_write, board.folder, pictures)

    def _course(self, platform_id: str, course_id: str) -> Path:
        return self._folder / _name(platform_id, course_id)

    def _place(self, lesson: Lesson) -> Path:
        # Ids may hold dots and are no file names; a lesson's older builds stand beside, and are swept.
        course = self._course(lesson.platform_id, lesson.course_id)
        return course / _name(lesson.id) / _name(lesson.build_id, str(lesson.duration_s))


def storyboard_html(board: Storyboard) -> str:
    """One page that needs nothing else: pictures inside, no script."""
    zh = board.lesson.language.startswith("zh")
    figures = [_figure(scene, board.folder / f"{scene.number}.jpg") for scene in board.scenes]
    title = html.escape(board.lesson.title)
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{html.escape(board.lesson.language or "und")}">',
            f'<meta charset="utf-8"><title>{title}</title>',
            f'<meta name="{KEY}" content="{html.escape(aigc(board.lesson.build_id))}">',
            f"<style>{_STYLE}</style>",
            f"<h1>{title}</h1>",
            f"<main aria-label='{'画面摘要' if zh else 'Storyboard'}'>",
            *figures,
            "</main>",
            f"<footer>{_NOTICES['zh' if zh else 'en']}</footer>",
            "</html>",
            "",
        ]
    )


_NOTICES = {
    "zh": "画面和文字取自课程，由AI整理",
    "en": "Pictures and words are the course's own, arranged by AI",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:1rem;color:#111;background:#fff}"
    "main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(240px,1fr))}"
    "figure{margin:0}img{width:100%;border-radius:6px;display:block}time{color:#555}"
    "figcaption b{display:block}"
)


def _figure(scene: Scene, picture: Path) -> str:
    data = base64.b64encode(picture.read_bytes()).decode()
    chapter = f"<b>{html.escape(scene.chapter)}</b>" if scene.chapter else ""
    at = format_timestamp(scene.span.start)
    return (
        f'<figure><img alt="{html.escape(scene.caption or scene.chapter or at)}" '
        f'src="data:image/jpeg;base64,{data}"><figcaption>{chapter}<time>{at}</time> '
        f"{html.escape(scene.caption)}</figcaption></figure>"
    )


def _name(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _read_stills(found: Sequence[Scene], stills: Sequence[Still]) -> dict[int, bytes]:
    """Pictures of slides by number of their scene, of those that are there."""
    there = {}
    for scene in found:
        still = still_of(scene, stills)
        if still is not None and still.picture.is_file():
            there[scene.number] = still.picture.read_bytes()
    return there


def _write(folder: Path, pictures: Mapping[int, bytes]) -> None:
    _remove(folder.parent)
    folder.mkdir(parents=True)
    for number, picture in pictures.items():
        (folder / f"{number}.jpg").write_bytes(picture)
    (folder / _DONE).touch()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
