"""What was once made is not made again, and a crash never leaves half of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.text import Cue
from ingest.stages import StageStore, digest, file_digest

pytestmark = pytest.mark.anyio

CUES = [Cue(0.0, 1.5, "先坐好。"), Cue(1.5, 3.0, "再量。")]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class Maker:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.n_calls = 0

    async def __call__(self) -> list[Cue]:
        self.n_calls += 1
        return CUES


async def test_an_output_is_made_once_per_key(tmp_path: Path) -> None:
    """Another store on the same folder remembers it; another key or step does not."""
    make = Maker()
    for _ in range(2):
        assert await StageStore(tmp_path)("hear", "k1", list[Cue], make) == CUES
    assert make.n_calls == 1
    await StageStore(tmp_path)("hear", "k2", list[Cue], make)
    await StageStore(tmp_path)("see", "k1", list[Cue], make)
    assert make.n_calls == 3


async def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    """The next run tries again; nothing is left behind."""

    async def fail() -> list[Cue]:
        raise OSError("no power")

    with pytest.raises(OSError, match="no power"):
        await StageStore(tmp_path)("hear", "k", list[Cue], fail)
    assert files_in(tmp_path) == []
    assert await StageStore(tmp_path)("hear", "k", list[Cue], Maker()) == CUES


@pytest.mark.parametrize("left", [b"", b'[{"start": 0.0, "en', b'[{"start": "x"}]', b"\x00" * 40, b"{}"])
async def test_half_a_file_is_made_again(tmp_path: Path, left: bytes) -> None:
    """After a power failure, or of another version: as if it were not there, and whole afterwards."""
    (tmp_path / "hear").mkdir()
    (tmp_path / "hear" / "k.json").write_bytes(left)
    make = Maker()
    for _ in range(2):
        assert await StageStore(tmp_path)("hear", "k", list[Cue], make) == CUES
    assert make.n_calls == 1


async def test_a_crash_in_the_middle_of_writing_changes_nothing(tmp_path: Path) -> None:
    """What a killed process leaves is a temporary file beside, never the output itself."""
    (tmp_path / "hear").mkdir()
    (tmp_path / "hear" / "tmpabc.tmp").write_bytes(b'[{"sta')
    make = Maker()
    assert await StageStore(tmp_path)("hear", "k", list[Cue], make) == CUES
    assert make.n_calls == 1
    assert await StageStore(tmp_path)("hear", "k", list[Cue], make) == CUES
    assert make.n_calls == 1


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_digests_tell_lists_apart(a: list[str], b: list[str]) -> None:
    """Also those whose texts joined are the same."""
    assert (digest(*a) == digest(*b)) is (a == b)


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    """Name and time do not count."""
    for name, data in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        (tmp_path / name).write_bytes(data)
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b") != file_digest(tmp_path / "c")
