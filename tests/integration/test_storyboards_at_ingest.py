"""Pictures of a lesson are there when it is live, made from a real video; one without any is live too."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest

from baize.bootstrap import opened
from baize.testing.scripted_transcriber import ScriptedTranscriber
from ingest.run import ingest_paths
from tests.unit.api.library import settings

pytestmark = pytest.mark.anyio

COURSE = Path(str(resources.files("baize.demo").joinpath("courses", "elder-health")))


async def test_a_lessons_pictures_are_made_with_it(tmp_path: Path) -> None:
    """As many JPEGs as scenes before anybody asks; what cannot be decoded fails no lesson."""
    course = tmp_path / "health"
    course.mkdir()
    for name in ("01-measure.mp4", "01-measure.zh.vtt", "02-numbers.zh.vtt"):
        shutil.copy(COURSE / name, course / name)
    async with opened(settings(data_dir=tmp_path / "data", index={"idle_s": 5})) as house:
        house.__dict__["transcriber"] = ScriptedTranscriber({})
        report = await ingest_paths(house, [course])
        assert report.counts() == {"done": 2}
        kept = sorted((tmp_path / "data" / "storyboards").rglob("*.jpg"))
        (course / "01-measure.mp4").unlink()
        [seen, _] = await house.catalog.lessons("default", "health")
        board = await house.storyboards.of(seen)
        assert len(kept) == len(board.scenes) >= 4
        assert all(board.frame(scene.number).read_bytes()[:2] == b"\xff\xd8" for scene in board.scenes)
