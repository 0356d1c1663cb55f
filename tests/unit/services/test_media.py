"""The media of a lesson come from its course's folder alone; storyboards and reels of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from baize.domain.artefact import Highlight, Prepared
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.library import BuiltLesson, Transcript
from baize.domain.locator import TimeSpan
from baize.domain.storyboard import Still
from baize.domain.text import Cue
from baize.errors import NotFound
from baize.services.media import media_file
from baize.services.reel import cut_reel
from baize.services.storyboard import Storyboards, storyboard_html
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.still_footage import StillFootage

pytestmark = pytest.mark.anyio

LESSON = Lesson(
    "p", "c", "c.1", "量 <b>血压", 1, "zh", 120.0, "01.mp4", "b1", (Chapter(0.0, 120.0, "开场 & 正文"),)
)
PREPARED = Prepared(
    "c.1", "zh", highlights=(Highlight(TimeSpan(0.0, 9.0), "一"), Highlight(TimeSpan(60.0, 66.0), "二"))
)


@pytest.fixture
async def library(tmp_path: Path) -> MemoryCatalog:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "01.mp4").write_bytes(b"video")
    (folder / "notes.txt").write_text("secret")
    (tmp_path / "other.mp4").write_bytes(b"somebody else's")
    (folder / "link.mp4").symlink_to(tmp_path / "other.mp4")
    library = MemoryCatalog()
    await library.put_course(Course("p", "c", "Course"))
    await library.put_folder("p", "c", str(folder))
    transcript = Transcript("c.1", "zh", "a.vtt", (Cue(0.0, 4.0, "<i>大家好</i>"),))
    await library.publish(BuiltLesson(LESSON, ("zh",), 1, transcript, PREPARED))
    return library


async def test_the_file_is_found(library: MemoryCatalog, tmp_path: Path) -> None:
    """As the manifest names it, also in a folder below."""
    assert await media_file(library, LESSON) == tmp_path / "course" / "01.mp4"


@pytest.mark.parametrize(
    "name",
    [
        "../other.mp4",
        "link.mp4",
        "notes.txt",
        "nope.mp4",
        "",
        "/etc/passwd",
        "a\0.mp4",
        ".",
        "../course/../other.mp4",
    ],
)
async def test_nothing_outside_the_folder_is_handed_out(library: MemoryCatalog, name: str) -> None:
    """No way up, no link out, no other kind of file."""
    with pytest.raises(NotFound):
        await media_file(library, replace(LESSON, media=name))


async def test_a_course_of_another_platform_has_no_folder(library: MemoryCatalog) -> None:
    """The platform is part of the look-up."""
    with pytest.raises(NotFound, match="Ingest"):
        await media_file(library, replace(LESSON, platform_id="q"))


async def test_slides_are_taken_before_the_video_is_decoded(library: MemoryCatalog, tmp_path: Path) -> None:
    """Those on screen at a scene's second whose picture is there; the rest is decoded."""
    footage = StillFootage()
    boards = Storyboards(footage=footage, artefacts=library, publisher=library, folder=tmp_path / "frames")
    shown, gone = tmp_path / "shown.jpg", tmp_path / "gone.jpg"
    shown.write_bytes(b"\xff\xd8slide")
    stills = [Still(TimeSpan(20.0, 50.0), shown), Still(TimeSpan(50.0, 70.0), gone)]
    board = await boards.of(LESSON, stills)
    starts = [scene.span.start for scene in board.scenes]
    assert starts == [0.0, 30.0, 60.0, 90.0]
    assert board.frame(1).read_bytes() == b"\xff\xd8slide"
    assert footage.asked == [[0.5, 60.5, 90.5]]


async def test_a_storyboard_is_made_once_a_build(library: MemoryCatalog, tmp_path: Path) -> None:
    """The next build sweeps the old pictures; forgetting leaves nothing."""
    footage = StillFootage()
    boards = Storyboards(footage=footage, artefacts=library, publisher=library, folder=tmp_path / "frames")
    board = await boards.of(LESSON)
    assert board.frame(0).read_bytes().startswith(b"\xff\xd8")
    assert (await boards.of(LESSON)).scenes == board.scenes
    assert len(footage.asked) == 1
    newer = await boards.of(replace(LESSON, build_id="b2"))
    assert len(footage.asked) == 2
    assert newer.frame(0).is_file()
    assert not board.frame(0).exists()
    with pytest.raises(NotFound, match="no frame 99"):
        board.frame(99)
    await boards.forget("p", "c")
    assert list((tmp_path / "frames").iterdir()) == []


class Stuck(StillFootage):
    """Decodes one lesson without end."""

    async def frames(self, media: Path, seconds: Sequence[float]) -> list[bytes]:
        if seconds[-1] > 500:
            await anyio.sleep_forever()
        return await super().frames(media, seconds)


async def test_pictures_that_are_there_wait_for_nobody(library: MemoryCatalog, tmp_path: Path) -> None:
    """Though another lesson is being decoded."""
    boards = Storyboards(footage=Stuck(), artefacts=library, publisher=library, folder=tmp_path / "frames")
    await boards.of(LESSON)
    other = replace(LESSON, id="c.2", duration_s=900.0, chapters=(Chapter(600.0, 900.0, "长"),))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(boards.of, other)
        await anyio.sleep(0.1)
        with anyio.fail_after(60):
            await boards.of(LESSON)
        tasks.cancel_scope.cancel()


async def test_the_page_escapes_what_a_course_says(library: MemoryCatalog, tmp_path: Path) -> None:
    """Titles and captions are text; the pictures are inside."""
    boards = Storyboards(
        footage=StillFootage(), artefacts=library, publisher=library, folder=tmp_path / "frames"
    )
    page = storyboard_html(await boards.of(LESSON))
    assert "量 &lt;b&gt;血压" in page
    assert "&lt;i&gt;大家好&lt;/i&gt;" in page
    assert "<b>开场 &amp; 正文</b>" in page
    assert "<script" not in page
    assert page.count("data:image/jpeg;base64,") == 4


async def test_a_reel_is_cut_from_the_highlights(library: MemoryCatalog, tmp_path: Path) -> None:
    """In order; a lesson without highlights says so."""
    parts = {"catalog": library, "artefacts": library, "publisher": library, "footage": StillFootage()}
    reel = await cut_reel("p", "c.1", tmp_path / "reel.mp4", **parts)
    assert reel.spans == (TimeSpan(0.0, 9.0), TimeSpan(60.0, 66.0))
    assert (reel.seconds, reel.share) == (15.0, 0.125)
    bare = Prepared("c.1", "zh")
    await library.publish(BuiltLesson(LESSON, ("zh",), 1, None, bare))
    with pytest.raises(NotFound, match="no highlights"):
        await cut_reel("p", "c.1", tmp_path / "reel.mp4", **parts)
