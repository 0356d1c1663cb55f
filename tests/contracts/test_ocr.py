"""What every `Ocr` promises, and that the real one reads Chinese and English."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from baize.adapters.ocr_rapidocr import RapidOcr, _Box, in_reading_order
from baize.ports import Ocr
from baize.testing.scripted_ocr import ScriptedOcr

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def rapid() -> RapidOcr:
    pytest.importorskip("rapidocr")
    return RapidOcr(threads=1)


@pytest.fixture(params=["scripted", pytest.param("rapid", marks=pytest.mark.slow)])
def ocr(request: pytest.FixtureRequest) -> Ocr:
    return ScriptedOcr({}) if request.param == "scripted" else request.getfixturevalue("rapid")


async def test_an_empty_picture_says_nothing(ocr: Ocr) -> None:
    assert list(await ocr.read(np.full((120, 200, 3), 255, np.uint8))) == []
    assert ocr.name


@pytest.mark.slow
async def test_slides_of_our_samples(repo_root: Path, rapid: RapidOcr) -> None:
    """Chinese and English, in reading order."""
    for name, expected in (
        ("elder-health/04-daily.mp4", ["一天吃多少盐", "每人每天不超过五克"]),
        ("spreadsheets-101/03-budget.mp4", ["Build the table"]),
    ):
        with av.open(str(repo_root / "baize/demo/courses" / name)) as container:
            container.seek(10_000_000)
            picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
        lines = list(await rapid.read(picture))
        assert [line for line in lines if line in expected] == expected


def test_what_stands_side_by_side_is_one_line() -> None:
    boxes = [(_Box(300, 12, 28), "B"), (_Box(10, 10, 30), "A"), (_Box(10, 50, 70), "C")]
    assert in_reading_order(boxes) == ["A  B", "C"]
