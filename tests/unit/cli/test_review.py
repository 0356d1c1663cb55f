"""`baize review --fit` on a scratch library."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from baize.adapters.db.engine import Database
from baize.adapters.db.reviews import SqlReviewCards
from baize.cli import build
from baize.domain.course import DEFAULT_PLATFORM
from tests.contracts.test_review_cards import CARD
from tests.unit.adapters.test_fit_fsrs import forgetful


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    settings = {"DATA_DIR": str(tmp_path / "data"), "EMBEDDER__KIND": "fake", "CHAT__KIND": "none"}
    for name, value in settings.items():
        monkeypatch.setenv(f"BAIZE_{name}", value)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def review(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["review", *arguments])


def test_a_platform_s_reviews_set_its_schedule(data: Path) -> None:
    """Learners who forget fast are asked sooner from then on; an export names the fitted scheduler."""
    pytest.importorskip("scipy")
    early = review("--fit")
    assert (early.exit_code, "too few reviews" in early.output) == (0, True), early.output

    async def plant() -> None:
        database = Database(f"sqlite:///{data}/baize.db")
        log = [
            replace(one, platform_id=DEFAULT_PLATFORM, learner_id=one.card_id) for one in forgetful(150, 3.0)
        ]
        await SqlReviewCards(database).add(log)
        await database.close()

    asyncio.run(plant())
    found = review("--fit")
    assert found.exit_code == 0, found.output
    assert "is used from now on" in found.output
    assert len(json.loads((data / "reviews" / f"{DEFAULT_PLATFORM}.json").read_text())["parameters"]) == 21
    exported = review("lin", "--export", "lin.json")
    assert exported.exit_code == 0, exported.output
    assert json.loads(Path("lin.json").read_text())["scheduler"].endswith("fitted")


def test_what_is_due_is_told_after_grading(data: Path) -> None:
    """What was graded just now is not told as due still."""

    async def plant() -> None:
        database = Database(f"sqlite:///{data}/baize.db")
        cards = SqlReviewCards(database)
        for card_id in ("a", "b"):
            await cards.put(replace(CARD, platform_id=DEFAULT_PLATFORM, id=card_id))
        await database.close()

    assert review("lin").exit_code == 0
    asyncio.run(plant())
    graded = CliRunner().invoke(build(), ["review", "lin", "--grade"], input="\n1\n\n4\n")
    assert graded.exit_code == 0, graded.output
    assert "Again in 1 day." in graded.output
    assert "0 of 2 cards are due today." in graded.output


def test_nobody_named_is_told(data: Path) -> None:
    """Without a learner there is nothing to show; with --fit alone there need be none."""
    for arguments in ((), ("--grade", "--fit")):
        result = review(*arguments)
        assert (result.exit_code, "No learner is named" in result.output) == (2, True), result.output
