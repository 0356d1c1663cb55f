"""Where an embedder's cosines lie, and what brings them to e5's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from baize.adapters.embed_e5_onnx import E5OnnxEmbedder
from baize.adapters.embed_rescaled import RescaledEmbedder
from baize.bootstrap import House
from baize.doctor import Finding, examine
from baize.edge.launch import stop
from baize.retrieval.cosine import CosineScale
from baize.services.calibrate import E5, calibration, unlike
from baize.settings import Settings, cache_dir
from baize.testing.hash_embedder import HashEmbedder

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_the_reference_is_what_e5_has() -> None:
    """The numbers that thresholds stand on are those of the default embedder."""
    found = await unlike(E5OnnxEmbedder(cache_dir(), threads=1))
    assert (found.home, found.foreign) == pytest.approx((E5.home, E5.foreign), abs=0.005)


async def test_another_embedder_is_brought_to_e5() -> None:
    """With the scale that is told, unlike texts lie where e5's do; the shift is the rest across languages."""
    wanted = calibration(await unlike(HashEmbedder()))
    scaled = await unlike(RescaledEmbedder(HashEmbedder(), wanted.distance_scale))
    assert scaled.home == pytest.approx(E5.home, abs=1e-4)
    again = calibration(scaled)
    assert again.distance_scale == pytest.approx(1, abs=1e-3)
    assert again.foreign_shift == pytest.approx(wanted.foreign_shift, abs=1e-4)
    assert scaled.foreign - scaled.home == pytest.approx(
        E5.foreign - E5.home + wanted.foreign_shift, abs=1e-4
    )


async def test_the_doctor_tells_what_an_embedder_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says, once set, leaves nothing to say."""
    scale = 1.0
    monkeypatch.setattr(House, "model_embedder", property(lambda _: RescaledEmbedder(HashEmbedder(), scale)))
    settings = {
        "data_dir": tmp_path,
        "chat": {"kind": "none"},
        "embedder": {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m", "dim": 8},
    }
    told = await _embedder_finding(settings)
    await stop(tmp_path)
    assert not told.ok
    wanted = dict(re.findall(r"(\w+\.\w+): (\d\.\d+)", told.says))
    scale = float(wanted["embedder.distance_scale"])
    settings["embedder"] = {**settings["embedder"], "distance_scale": scale}
    settings["retrieval"] = {"foreign_midpoint": float(wanted["retrieval.foreign_midpoint"])}
    settings["support"] = {"faq_foreign_midpoint": float(wanted["support.faq_foreign_midpoint"])}
    told = await _embedder_finding(settings)
    await stop(tmp_path)
    assert told.ok, told.says


async def _embedder_finding(settings: dict[str, Any]) -> Finding:
    [finding] = [one for one in await examine(Settings.model_validate(settings)) if one.part == "embedder"]
    return finding


def test_e5_wants_nothing() -> None:
    """Its own cosines stay where they are."""
    wanted = calibration(E5)
    assert (wanted.distance_scale, wanted.foreign_shift) == pytest.approx((1, 0))


def test_one_vector_for_all_ends_in_no_crash() -> None:
    """Such an embedder fails elsewhere; here it gives a number."""
    assert calibration(CosineScale(1.0, 1.0)).distance_scale > 1
