"""Speech to cues by OpenAI's own whisper package: an extra, see docs/speech.md for when it is worth torch."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anyio import CapacityLimiter, to_thread

from baize.adapters.audio_av import Samples, decode_audio, quiet_windows
from baize.adapters.speech import NOBODY, Detected, Wanted, hear, is_silent, stream
from baize.adapters.speech_cues import Heard, Word
from baize.adapters.whisper_weights import answers
from baize.domain.text import Cue
from baize.errors import ModelUnavailable
from baize.ports import TellSpeech

if TYPE_CHECKING:
    from whisper.model import Whisper

_WINDOW_S = 120.0
"""The package gives nothing before it has read a whole window, so it is shorter than elsewhere."""
_TEMPERATURES = (0.0, 0.4)
_SUSPICIOUS_SILENCE_S = 2.0
_RULES = "cues2"
"""Changes whenever the clean-up in `speech_cues` changes what comes out."""
_REMEDY = (
    "Give speech.model the path of a Whisper checkpoint (.pt), or a name such as base or turbo where "
    "OpenAI's server answers; docs/speech.md says more."
)


class OpenAIWhisperTranscriber:
    """Implements the port `Transcriber`. The model is loaded at the first use, once.

    Args:
        model: a checkpoint file, or one of the package's names.
        cache_dir: where checkpoints are looked for and kept; the package's own folder by default.
        allow_download: whether OpenAI's server may be asked.
    """

    def __init__(
        self,
        model: str = "base",
        *,
        cache_dir: Path | None = None,
        device: str = "cpu",
        beam_size: int = 5,
        allow_download: bool = True,
    ) -> None:
        self._model = model
        self._cache_dir = cache_dir
        self._device = device
        self._beam_size = beam_size
        self._allow_download = allow_download
        self._engine: _Engine | None = None
        self._loading = threading.Lock()
        self._limiter = CapacityLimiter(1)

    @property
    def name(self) -> str:
        """Engine and version, model (for a file its size and time too), options that change the text."""
        file = Path(self._model).expanduser()
        model = self._model
        if file.is_file():
            model = f"{file.name}-{file.stat().st_size}-{file.stat().st_mtime_ns}"
        return f"{_version()}:{model}:beam{self._beam_size}:{_RULES}"

    def transcribe(
        self,
        media: Path,
        *,
        language: str,
        hot_words: Sequence[str],
        title: str = "",
        report: TellSpeech | None = None,
    ) -> AsyncGenerator[Cue]:
        """As the port says; a language that the model does not know is detected instead."""
        windows = quiet_windows(decode_audio(media), _WINDOW_S)
        wanted = Wanted(language, tuple(hot_words), title)
        return stream(hear(self._load, windows, wanted, report), self._limiter)

    async def ready(self) -> str:
        await to_thread.run_sync(self._load, limiter=self._limiter)
        return self.name

    def _load(self) -> _Engine:
        with self._loading:
            if self._engine is None:
                self._engine = _Engine(self._load_model(), self._beam_size)
            return self._engine

    def _load_model(self) -> Whisper:
        try:
            # Brings torch, several seconds.
            import whisper
        except ImportError as error:
            raise ModelUnavailable(
                "openai-whisper is not installed.", remedy="Install baize[openai-whisper]."
            ) from error
        url = whisper._MODELS.get(self._model, "")
        folder = self._cache_dir or Path.home() / ".cache" / "whisper"
        file = folder / url.rpartition("/")[2] if url else Path(self._model).expanduser()
        fetchable = url and self._allow_download and answers(url)
        if not file.is_file() and not fetchable:
            raise ModelUnavailable(f"The speech model {self._model} is not on this machine.", remedy=_REMEDY)
        try:
            # By its name where it has one: the package then knows which of its heads tell the time.
            return whisper.load_model(self._model if url else str(file), self._device, str(folder))
        except Exception as error:  # a damaged checkpoint makes torch fail with nearly any exception
            raise ModelUnavailable(
                f"The speech model {file} cannot be loaded ({type(error).__name__}).", remedy=_REMEDY
            ) from error


class _Engine:
    """A loaded model as `baize.adapters.speech.Engine`."""

    def __init__(self, model: Whisper, beam_size: int) -> None:
        self._model = model
        self._beam_size = beam_size

    def speech(self, samples: Samples) -> None:
        """None: the package has no detector of speech."""

    def detect_language(self, samples: Samples) -> Detected:
        import whisper

        loudest = _loudest(samples, whisper.audio.N_SAMPLES)
        if is_silent(loudest):
            return NOBODY
        if not self._model.is_multilingual:
            return Detected("en", 1.0)
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(loudest), n_mels=self._model.dims.n_mels)
        _, shares = self._model.detect_language(mel.to(self._model.device))
        language, share = max(shares.items(), key=lambda item: item[1])
        return Detected(str(language), float(share))

    def listen(self, samples: Samples, language: str, context: str) -> Iterator[Heard]:
        if is_silent(samples):
            return
        heard = self._model.transcribe(
            samples,
            language=self._known(language, samples),
            beam_size=self._beam_size,
            temperature=_TEMPERATURES,
            initial_prompt=context or None,
            carry_initial_prompt=bool(context),
            # Text carried over is how Whisper falls into loops.
            condition_on_previous_text=False,
            word_timestamps=True,
            hallucination_silence_threshold=_SUSPICIOUS_SILENCE_S,
            fp16=self._model.device.type == "cuda",
        )
        for segment in heard["segments"]:
            words = tuple(
                Word(float(word["start"]), float(word["end"]), word["word"]) for word in segment["words"]
            )
            yield Heard(words, segment["avg_logprob"], segment["no_speech_prob"])

    def _known(self, language: str, samples: Samples) -> str:
        from whisper.tokenizer import LANGUAGES

        if self._model.is_multilingual:
            return language if language in LANGUAGES else self.detect_language(samples).language
        if language != "en":
            raise ModelUnavailable(
                f"The speech model understands English only, and the lesson is in {language}.",
                remedy="Choose a multilingual model (a name without .en).",
            )
        return language


def _loudest(samples: Samples, n_samples: int) -> Samples:
    """The stretch of this length with the most sound in it."""
    stretches = [samples[at : at + n_samples] for at in range(0, len(samples), n_samples)]
    return max(stretches, key=lambda stretch: float(np.square(stretch).sum()))


def _version() -> str:
    try:
        return f"openai-whisper-{metadata.version('openai-whisper')}"
    except metadata.PackageNotFoundError:
        return "openai-whisper"
