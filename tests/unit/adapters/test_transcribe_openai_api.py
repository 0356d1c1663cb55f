"""What `OpenAIApiTranscriber` uploads, and what it makes of every kind of answer."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from baize.adapters.transcribe_openai_api import OpenAIApiTranscriber
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue
from baize.errors import ModelUnavailable, UpstreamBusy, UpstreamRejected
from tests.servers.speech import SpeechServer

pytestmark = pytest.mark.anyio

RATE = 16_000
MIB = 2**20


@pytest.fixture(scope="module")
def running() -> Iterator[SpeechServer]:
    with SpeechServer() as server:
        yield server


@pytest.fixture
def server(running: SpeechServer) -> SpeechServer:
    running.reset()
    return running


@pytest.fixture
async def transcriber(server: SpeechServer) -> AsyncIterator[OpenAIApiTranscriber]:
    made = OpenAIApiTranscriber(
        base_url=server.base_url, model="turbo", api_key="sk-1", piece_s=20.0, max_retries=2
    )
    yield made
    await made.close()


def record(path: Path, spoken: list[tuple[float, float]], seconds: float) -> Path:
    """Silence, with a tone wherever somebody is to speak."""
    samples = np.zeros(round(seconds * RATE))
    for start, end in spoken:
        time_s = np.arange(round(start * RATE), round(end * RATE)) / RATE
        samples[round(start * RATE) : round(end * RATE)] = 0.3 * np.sin(2 * np.pi * 220 * time_s)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


async def hear(
    transcriber: OpenAIApiTranscriber, media: Path, language: str = "en", hot_words: tuple[str, ...] = ()
) -> tuple[list[Cue], SpeechReport]:
    reports: list[SpeechReport] = []
    heard = transcriber.transcribe(
        media, language=language, hot_words=hot_words, title="Sorting", report=reports.append
    )
    return [cue async for cue in heard], reports[0]


SPOKEN = [(1.0, 3.0), (9.0, 11.0), (24.0, 26.0), (41.0, 43.0), (55.0, 57.0)]
SENTENCES = ["One is first.", "Two, here.", "Three it is.", "Four comes.", "Five ends it."]


@pytest.mark.parametrize(
    ("style", "astray_s"), [("words", 0.06), ("segments", 0.06), ("text", 0.2), ("bare", 0.2)]
)
async def test_times_are_those_of_the_whole_recording(
    transcriber: OpenAIApiTranscriber, server: SpeechServer, tmp_path: Path, style: str, astray_s: float
) -> None:
    """Pieces are short, cut in silence and put back in place, whatever times a server gives."""
    server.style, server.said = style, SENTENCES
    # One stretch a piece, so that a server without times can be right.
    spoken = SPOKEN if style in ("words", "segments") else SPOKEN[::2]
    cues, report = await hear(transcriber, record(tmp_path / "a.wav", spoken, 60.0))
    assert [cue.text for cue in cues] == SENTENCES[: len(spoken)]
    for cue, (start, end) in zip(cues, spoken, strict=True):
        assert (cue.start, cue.end) == (pytest.approx(start, abs=astray_s), pytest.approx(end, abs=astray_s))
    assert all(upload.seconds <= 25.1 for upload in server.uploads)
    assert {upload.fields["model"] for upload in server.uploads} == {"turbo"}
    assert {upload.authorization for upload in server.uploads} == {"Bearer sk-1"}
    assert report.mean_logprob == (-0.25 if style in ("words", "segments") else None)
    assert report.heard_s == pytest.approx(60.0, abs=0.1)


async def test_words_keep_the_pauses_and_the_text_its_punctuation(
    transcriber: OpenAIApiTranscriber, server: SpeechServer, tmp_path: Path
) -> None:
    """Two sentences in one segment are two cues, each on its own words' times."""
    server.said = ["那么，我們開始。第二句在這裡。"]
    (first, second), report = await hear(
        transcriber, record(tmp_path / "a.wav", [(1.0, 4.6)], 6.0), language="zh"
    )
    assert [first.text, second.text] == ["那么，我们开始。", "第二句在这里。"]
    assert first.start == pytest.approx(1.0, abs=0.06)
    assert first.end == pytest.approx(second.start, abs=0.05) == pytest.approx(1.0 + 3.6 * 6 / 12, abs=0.1)
    assert report.language == "zh"


async def test_the_context_is_told_and_never_comes_back(
    transcriber: OpenAIApiTranscriber, server: SpeechServer, tmp_path: Path
) -> None:
    """An endpoint that says the prompt is asked again without one."""
    server.echo, server.said = True, ["Quick sort splits the list."]
    media = record(tmp_path / "a.wav", [(1.0, 4.0)], 6.0)
    cues, report = await hear(transcriber, media, hot_words=("pivot", "partition"))
    assert [upload.fields.get("prompt", "") for upload in server.uploads] == [
        "Sorting. Glossary: pivot, partition.",
        "",
    ]
    assert [cue.text for cue in cues] == ["Quick sort splits the list."]
    assert (report.n_reruns, {reason for reason, _ in report.dropped}) == (1, {"echo"})


async def test_a_language_that_is_not_declared_is_asked_for(
    transcriber: OpenAIApiTranscriber, server: SpeechServer, tmp_path: Path
) -> None:
    """Names of languages are understood as well as codes; silence is never uploaded."""
    server.language, server.said = "chinese", ["今天下雨。"]
    cues, report = await hear(transcriber, record(tmp_path / "a.wav", [(1.0, 3.0)], 6.0), language="")
    assert (report.language, [cue.text for cue in cues]) == ("zh", ["今天下雨。"])
    assert ["language" in upload.fields for upload in server.uploads] == [False, True]
    server.uploads.clear()
    assert (await hear(transcriber, record(tmp_path / "b.wav", [], 90.0), language=""))[0] == []
    assert server.uploads == []


async def test_a_failed_upload_is_repeated(
    transcriber: OpenAIApiTranscriber, server: SpeechServer, tmp_path: Path
) -> None:
    """An overload and a broken connection cost nothing but time."""
    server.failures += [(429, {"retry-after": "0"}), (0, {})]
    cues, _ = await hear(transcriber, record(tmp_path / "a.wav", [(1.0, 3.0)], 6.0))
    assert len(cues) == 1
    assert len(server.uploads) == 3


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, UpstreamRejected, "key"),
        (404, ModelUnavailable, r"speech\.base_url"),
        (413, UpstreamRejected, r"speech\.piece_s"),
        (503, UpstreamBusy, "overloaded"),
    ],
)
async def test_a_refusal_is_told_with_its_remedy(
    transcriber: OpenAIApiTranscriber,
    server: SpeechServer,
    tmp_path: Path,
    status: int,
    kind: type[Exception],
    says: str,
) -> None:
    """Whatever the endpoint answers, somebody knows what to do."""
    server.failures += [(status, {"retry-after": "0"})] * 3
    with pytest.raises(kind, match=says):
        await hear(transcriber, record(tmp_path / "a.wav", [(1.0, 3.0)], 6.0))


async def test_a_long_recording_goes_in_pieces_of_bounded_size(
    transcriber: OpenAIApiTranscriber, server: SpeechServer, tmp_path: Path
) -> None:
    """Twenty minutes: no upload is larger than its piece, and nothing is lost or doubled."""
    spoken = [(10.0 * n + 2.0, 10.0 * n + 4.0) for n in range(120)]
    server.said = [f"Sentence number {n} of this lecture." for n in range(120)]
    cues, _ = await hear(transcriber, record(tmp_path / "a.wav", spoken, 1200.0))
    assert [cue.text for cue in cues] == server.said
    assert all(abs(cue.start - start) < 0.06 for cue, (start, _) in zip(cues, spoken, strict=True))
    assert all(before.end <= after.start for before, after in pairwise(cues))
    assert max(upload.n_bytes for upload in server.uploads) <= 20 * RATE * 2 + 100 < MIB


async def test_ready_sends_half_a_second(transcriber: OpenAIApiTranscriber, server: SpeechServer) -> None:
    """The path of a real upload, at the price of none."""
    assert "turbo" in await transcriber.ready()
    assert [upload.seconds for upload in server.uploads] == [0.5]


async def test_a_server_without_times_gets_shorter_pieces(server: SpeechServer, tmp_path: Path) -> None:
    """Two minutes of text without times would point nowhere: they are sent again, half a minute each."""
    server.style = "bare"
    spoken = [(20.0 * n + 8.0, 20.0 * n + 11.0) for n in range(3)]
    made = OpenAIApiTranscriber(base_url=server.base_url, model="sense", piece_s=120.0)
    server.said = ["x", "x", "x", *SENTENCES]
    cues, _ = await hear(made, record(tmp_path / "a.wav", spoken, 60.0))
    await made.close()
    assert [cue.text for cue in cues] == SENTENCES[:3]
    assert all(abs(cue.start - start) < 0.2 for cue, (start, _) in zip(cues, spoken, strict=True))
    assert max(upload.seconds for upload in server.uploads[1:]) <= 25.1
