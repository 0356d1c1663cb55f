"""Speech to cues by faster-whisper (CTranslate2): the default, without torch."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, to_thread

from baize.adapters import whisper_weights
from baize.adapters.audio_av import SPEECH_RATE, Samples, decode_audio, quiet_windows
from baize.adapters.speech import NOBODY, Detected, Wanted, hear, stream
from baize.adapters.speech_cues import Heard, Word, speech_context
from baize.domain.text import Cue
from baize.errors import ModelUnavailable
from baize.ports import TellSpeech

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment

_WINDOW_S = 600.0
"""Of sound held in memory, and longest way to the first cue."""
_TEMPERATURES = (0.0, 0.4)
_RULES = "cues2"
"""Changes whenever the clean-up in `speech_cues` changes what comes out."""


class FasterWhisperTranscriber:
    """Implements the port `Transcriber`. The model is loaded at the first use, once.

    Args:
        model: a folder, or a name as in `whisper_weights.resolve`.
        cache_dir: where joined weights are kept.
        compute_type: of CTranslate2; `default` is int8 on a CPU and float16 on a GPU.
        batch_size: half minutes that are heard at once; for GPUs.
        cpu_threads: 0 leaves it to CTranslate2.
        allow_download: whether a model hub may be asked.
    """

    def __init__(
        self,
        model: str = "base",
        *,
        cache_dir: Path,
        device: str = "auto",
        compute_type: str = "default",
        beam_size: int = 5,
        batch_size: int = 1,
        cpu_threads: int = 0,
        allow_download: bool = True,
    ) -> None:
        self._model = model
        self._cache_dir = cache_dir
        self._device = device
        self._compute_type = compute_type
        self._beam_size = beam_size
        self._batch_size = batch_size
        self._cpu_threads = cpu_threads
        self._allow_download = allow_download
        self._engine: _Engine | None = None
        self._loading = threading.Lock()
        self._limiter = CapacityLimiter(1)

    @property
    def name(self) -> str:
        """Engine and version, model (a digest for a folder), and every option that changes the text."""
        folder = Path(self._model).expanduser()
        model = self._model
        if (folder / whisper_weights.MODEL_FILE).is_file():
            model = whisper_weights.identity(folder)
        batch = f":batch{self._batch_size}" if self._batch_size > 1 else ""
        return f"{_version()}:{model}:{self._compute_type}:beam{self._beam_size}{batch}:{_RULES}"

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

    def plainly(self, media: Path, language: str, hot_words: Sequence[str]) -> str:
        """The text of a direct call of the library with the same options: what evaluations compare with."""
        context = speech_context(language, hot_words)
        return "".join(segment.text for segment in self._load().segments(str(media), language, context))

    async def ready(self) -> str:
        await to_thread.run_sync(self._load, limiter=self._limiter)
        return self.name

    def _load(self) -> _Engine:
        with self._loading:
            if self._engine is None:
                self._engine = _Engine(self._load_model(), self._beam_size, self._batch_size)
            return self._engine

    def _load_model(self) -> WhisperModel:
        try:
            # Takes a second to import.
            import ctranslate2
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise ModelUnavailable(
                "faster-whisper is not installed.", remedy="Install baize[whisper]."
            ) from error
        folder = whisper_weights.resolve(self._model, self._cache_dir, self._allow_download)
        device = self._device
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        compute_type = self._compute_type
        if compute_type == "default":
            compute_type = "int8" if device == "cpu" else "float16"
        try:
            return WhisperModel(
                str(folder),
                device=device,
                compute_type=compute_type,
                cpu_threads=self._cpu_threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnavailable(
                f"The speech model in {folder} cannot be loaded on {device} as {compute_type} ({error}).",
                remedy="Check speech.device and speech.compute_type, or fetch the model again.",
            ) from error


class _Engine:
    """A loaded model as `baize.adapters.speech.Engine`."""

    def __init__(self, model: WhisperModel, beam_size: int, batch_size: int) -> None:
        self._model = model
        self._beam_size = beam_size
        self._batch_size = batch_size

    def speech(self, samples: Samples) -> list[tuple[float, float]]:
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        spans = get_speech_timestamps(samples, VadOptions(min_silence_duration_ms=300, speech_pad_ms=0))
        return [(span["start"] / SPEECH_RATE, span["end"] / SPEECH_RATE) for span in spans]

    def detect_language(self, samples: Samples) -> Detected:
        if not self.speech(samples):
            return NOBODY
        language, probability, _ = self._model.detect_language(samples, vad_filter=True)
        return Detected(str(language), float(probability))

    def listen(self, samples: Samples, language: str, context: str) -> Iterator[Heard]:
        for segment in self.segments(samples, self._known(language, samples), context):
            # Times come as numpy scalars.
            words = tuple(Word(float(word.start), float(word.end), word.word) for word in segment.words or ())
            yield Heard(words, segment.avg_logprob, segment.no_speech_prob)

    def segments(self, sound: Samples | str, language: str | None, context: str) -> Iterable[Segment]:
        """What the library itself makes of it, with the options that are always ours."""
        options: dict[str, Any] = {
            "language": language,
            "beam_size": self._beam_size,
            "temperature": _TEMPERATURES,
            # Unlike an initial prompt, hot words are told anew for each half minute.
            "hotwords": context or None,
            # Text carried over is how Whisper falls into loops.
            "condition_on_previous_text": False,
            "word_timestamps": True,
            "vad_filter": True,
        }
        if self._batch_size > 1:
            # 0.1 s, and a CPU has no use for it.
            from faster_whisper import BatchedInferencePipeline

            batched = BatchedInferencePipeline(self._model)
            # Half a minute without marks in it would be one long segment.
            found, _ = batched.transcribe(
                sound, batch_size=self._batch_size, without_timestamps=False, **options
            )
        else:
            found, _ = self._model.transcribe(sound, **options)
        segments: Iterable[Segment] = found
        return segments

    def _known(self, language: str, samples: Samples) -> str | None:
        known = self._model.supported_languages
        if language in known:
            return language
        if known == ["en"]:
            raise ModelUnavailable(
                f"The speech model understands English only, and the lesson is in {language}.",
                remedy="Choose a multilingual model (a name without .en).",
            )
        return self.detect_language(samples).language or None


def _version() -> str:
    try:
        return f"faster-whisper-{metadata.version('faster-whisper')}"
    except metadata.PackageNotFoundError:
        return "faster-whisper"
