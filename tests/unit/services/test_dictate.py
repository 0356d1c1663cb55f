"""Spoken questions: nobody may keep the speech model busy for hours, or fill the queue before it."""

from __future__ import annotations

import wave
from collections.abc import AsyncGenerator, Sequence
from fractions import Fraction
from pathlib import Path

import anyio
import av
import numpy as np
import pytest

from baize.adapters.audio_av import lasts_longer
from baize.domain.text import Cue
from baize.errors import InvalidInput, Overloaded, UnreadableSource
from baize.ports import TellSpeech
from baize.services.dictate import MAX_BYTES, Dictation
from baize.testing.scripted_transcriber import ScriptedTranscriber

pytestmark = pytest.mark.anyio


def silence(path: Path, seconds: int) -> bytes:
    """FLAC, which packs silence a thousand times."""
    with av.open(str(path), "w", format="flac") as out:
        sound = out.add_stream("flac", rate=16_000, layout="mono")
        for at in range(0, seconds * 16_000, 16_000):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, at, Fraction(1, 16_000)
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return path.read_bytes()


async def test_hours_of_silence_are_refused_before_the_engine_hears_them(tmp_path: Path) -> None:
    """An engine looks up only when somebody speaks: no time-out would reach it."""
    engine = ScriptedTranscriber({})
    recording = silence(tmp_path / "long.flac", 600)
    assert len(recording) < MAX_BYTES / 20

    with pytest.raises(InvalidInput, match="longer than 60 s"):
        await Dictation(engine, lasts_longer).write(recording)

    assert engine.calls == []


async def test_a_minute_is_heard(tmp_path: Path) -> None:
    """The limit itself is admitted."""
    engine = ScriptedTranscriber({"recording": [Cue(0.0, 1.0, "你好")]})
    assert await Dictation(engine, lasts_longer).write(silence(tmp_path / "a.flac", 60)) == "你好"


async def test_a_recording_of_a_sample_a_second_is_refused(tmp_path: Path) -> None:
    """Three megabytes of it would last a month, and one of its packets fill the memory."""
    with wave.open(str(tmp_path / "slow.wav"), "wb") as file:
        file.setparams((1, 1, 1, 0, "NONE", ""))
        file.writeframes(b"\x80" * 3_000_000)
    slow = (tmp_path / "slow.wav").read_bytes()

    with pytest.raises(UnreadableSource):
        await Dictation(ScriptedTranscriber({}), lasts_longer).write(slow)


class Deaf:
    """Listens until it is told to stop."""

    name = "deaf"

    async def transcribe(
        self,
        media: Path,
        *,
        language: str,
        hot_words: Sequence[str],
        title: str = "",
        report: TellSpeech | None = None,
    ) -> AsyncGenerator[Cue]:
        """As `Transcriber.transcribe`."""
        del media, language, hot_words, title, report
        await anyio.sleep_forever()
        yield Cue(0.0, 1.0, "")

    async def ready(self) -> str:
        return self.name


async def test_the_queue_before_the_engine_is_bounded() -> None:
    """One is heard and eight wait; the next is told when to come again."""
    dictation = Dictation(Deaf(), lambda _file, _seconds: False)
    async with anyio.create_task_group() as tasks:
        for _ in range(9):
            tasks.start_soon(dictation.write, b"RIFF")
        with anyio.fail_after(60):
            while dictation.n_waiting < 8:  # noqa: ASYNC110 - they come one by one
                await anyio.sleep(0.01)
        with pytest.raises(Overloaded) as refused:
            await dictation.write(b"RIFF")
        tasks.cancel_scope.cancel()
    assert refused.value.retry_after_s > 0
