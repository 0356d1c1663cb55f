"""Speech to cues by an OpenAI-compatible `/audio/transcriptions` endpoint: your own server or a vendor's.

media → pieces cut where it is quietest → one upload each → segments, words or bare text → cues. Only one
piece is in memory, however long the media is. What `speech_cues` keeps out is kept out here too.
"""

from __future__ import annotations

import io
import math
import re
import threading
import wave
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from anyio import CapacityLimiter, to_thread

from baize.adapters.audio_av import SPEECH_RATE, Samples, decode_audio, quiet_windows
from baize.adapters.openai_failures import openai_failures
from baize.adapters.speech import NOBODY, Detected, Wanted, hear, is_silent, stream
from baize.adapters.speech_cues import Heard, Word
from baize.domain.sentences import detect_language
from baize.domain.text import Cue
from baize.errors import ModelUnavailable, UpstreamRejected
from baize.ports import TellSpeech

if TYPE_CHECKING:
    from openai import OpenAI

_ENDPOINT = "The speech endpoint"
_RULES = "cues2"
"""Changes whenever the clean-up in `speech_cues` changes what comes out."""
_COARSE_S = 25.0
"""Pieces for a server that gives no times: a sentence is then this much astray at most, mostly far less."""
_DETECT_S = 30.0
_FRAME_S, _SOUNDING = 0.05, 0.1

_WORDS: dict[str, Any] = {"response_format": "verbose_json", "timestamp_granularities": ["word", "segment"]}
_SEGMENTS: dict[str, Any] = {"response_format": "verbose_json"}
_TEXT: dict[str, Any] = {"response_format": "json"}
_FORMATS = (_WORDS, _SEGMENTS, _TEXT)
"""What is asked for; a server that refuses one is asked for the next."""
_REFUSED_FORMAT = frozenset({400, 415, 422})

_HAN = r"\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"\s*(?:[{_HAN}]|[^\s{_HAN}]+)")
_NOT_WORD = re.compile(r"[\W_]+")
_LANGUAGES = {"chinese": "zh", "mandarin": "zh", "cantonese": "yue", "english": "en", "japanese": "ja"}
"""Some servers give names, as OpenAI's own does."""


class OpenAIApiTranscriber:
    """Implements the port `Transcriber`; the SDK repeats a failed upload, for none can half arrive.

    Args:
        api_key: may be empty for a local server.
        piece_s: longest piece that is uploaded at once; 16-bit mono WAV, 32 kB a second.
        timeout_s: of one upload and its answer.
        max_retries: of one piece, after 408, 409, 429, 5xx or a broken connection.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str = "",
        piece_s: float = 120.0,
        timeout_s: float = 300.0,
        max_retries: int = 3,
    ) -> None:
        self.name = f"openai-api:{model}:{piece_s:g}s:{_RULES}"
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._piece_s = piece_s
        self._timeout_s = timeout_s
        self._max_retries = max_retries
        self._engine: _Engine | None = None
        self._loading = threading.Lock()
        self._limiter = CapacityLimiter(1)

    def transcribe(
        self,
        media: Path,
        *,
        language: str,
        hot_words: Sequence[str],
        title: str = "",
        report: TellSpeech | None = None,
    ) -> AsyncGenerator[Cue]:
        """As the port says.

        Raises:
            UpstreamFailed: the endpoint refuses, or does not answer after the retries.
        """
        windows = quiet_windows(decode_audio(media), self._piece_s)
        wanted = Wanted(language, tuple(hot_words), title)
        return stream(hear(self._load, windows, wanted, report), self._limiter)

    async def ready(self) -> str:
        """As the port says: half a second of silence is sent."""
        await to_thread.run_sync(self._try, limiter=self._limiter)
        return self.name

    async def close(self) -> None:
        """Give back the connections. No call may be running."""
        if self._engine is not None:
            self._engine.close()

    def _try(self) -> None:
        self._load().ask(np.zeros(SPEECH_RATE // 2, dtype=np.float32), "", "")

    def _load(self) -> _Engine:
        with self._loading:
            if self._engine is None:
                # 0.4 s, and most processes never listen.
                from openai import OpenAI

                client = OpenAI(
                    base_url=self._base_url,
                    api_key=self._api_key or "none",
                    timeout=self._timeout_s,
                    max_retries=self._max_retries,
                )
                # The SDK takes these two from the environment and would send them to any endpoint.
                client.organization = client.project = None
                self._engine = _Engine(client, self._model)
            return self._engine


class _Engine:
    """The endpoint as `baize.adapters.speech.Engine`; learns what the server can give."""

    def __init__(self, client: OpenAI, model: str) -> None:
        self._client = client
        self._model = model
        self._format = 0
        self._timed = True

    def close(self) -> None:
        self._client.close()

    def speech(self, samples: Samples) -> None:
        """None: nothing here tells speech from other sound."""

    def detect_language(self, samples: Samples) -> Detected:
        """The language of the first half minute in which there is sound."""
        loud = np.flatnonzero(np.abs(samples) >= 1e-3)
        if not len(loud):
            return NOBODY
        reply = self.ask(samples[loud[0] : loud[0] + round(_DETECT_S * SPEECH_RATE)], "", "")
        text = str(getattr(reply, "text", "") or "")
        if not text.strip():
            return NOBODY
        said = str(getattr(reply, "language", "") or "").lower()
        code = _LANGUAGES.get(said, said)
        return Detected(code if re.fullmatch(r"[a-z]{2,3}", code) else detect_language(text), 0.0)

    def listen(self, samples: Samples, language: str, context: str) -> Iterator[Heard]:
        if is_silent(samples):
            return
        at_s = 0.0
        # A server that gave no times yet gets pieces so short that they are times enough.
        for piece in [samples] if self._timed else quiet_windows([samples], _COARSE_S):
            if not is_silent(piece):
                yield from self._piece(piece, at_s, language, context)
            at_s += len(piece) / SPEECH_RATE

    def _piece(self, piece: Samples, at_s: float, language: str, context: str) -> Iterator[Heard]:
        reply = self.ask(piece, language, context)
        text = str(getattr(reply, "text", "") or "")
        if getattr(reply, "segments", None) or getattr(reply, "words", None):
            for heard in _segments(reply):
                yield replace(heard, words=tuple(_moved(word, at_s) for word in heard.words))
        elif text.strip() and len(piece) > _COARSE_S * SPEECH_RATE:
            self._timed = False
            yield from self.listen(piece, language, context)
        else:
            start_s, end_s = _sounding(piece)
            yield Heard(_placed(text, _Clock([(0.0, at_s + start_s), (1.0, at_s + end_s)])), math.nan, 0.0)

    def ask(self, samples: Samples, language: str, context: str) -> Any:
        """One upload.

        Raises:
            UpstreamFailed: as `transcribe`.
            ModelUnavailable: the endpoint has no such model, or refuses every format.
        """
        wanted: dict[str, Any] = {}
        if language:
            wanted["language"] = language
        if context:
            wanted["prompt"] = context
        file = ("speech.wav", _wav(samples), "audio/wav")
        while True:
            try:
                with openai_failures(_ENDPOINT):
                    return self._client.audio.transcriptions.create(
                        file=file, model=self._model, **_FORMATS[self._format], **wanted
                    )
            except UpstreamRejected as error:
                self._refused(error)

    def _refused(self, error: UpstreamRejected) -> None:
        """Go on with a plainer format, or say what to do."""
        if error.status == 404:
            raise ModelUnavailable(
                f"{_ENDPOINT} does not know this path or the model {self._model}.",
                remedy="Check speech.base_url (it usually ends in /v1) and speech.model.",
            ) from None
        if error.status == 413:
            raise UpstreamRejected(
                f"{_ENDPOINT} finds a piece too large.", remedy="Lower speech.piece_s.", status=413
            ) from None
        if error.status not in _REFUSED_FORMAT or self._format + 1 == len(_FORMATS):
            raise error
        self._format += 1


def _segments(reply: Any) -> Iterator[Heard]:
    """The reply's segments, timed by its words where it has them."""
    words = [(float(w.start), float(w.end), str(w.word)) for w in getattr(reply, "words", None) or ()]
    segments = getattr(reply, "segments", None) or ()
    if not segments:
        text = str(getattr(reply, "text", "") or "") or " ".join(word for _, _, word in words)
        yield Heard(_placed(text, _clock(words, words[0][0], words[-1][1]) if words else None), math.nan, 0.0)
        return
    for number, segment in enumerate(segments):
        start, end = float(segment.start), float(segment.end)
        last = number + 1 == len(segments)
        own = [word for word in words if start <= (word[0] + word[1]) / 2 and (last or word[1] <= end + 0.01)]
        own = [word for word in own if (word[0] + word[1]) / 2 <= end]
        sureness = getattr(segment, "avg_logprob", None)
        yield Heard(
            _placed(str(segment.text), _clock(own, start, end)),
            math.nan if sureness is None else float(sureness),
            float(getattr(segment, "no_speech_prob", None) or 0.0),
        )


class _Clock:
    """From a share of a text's characters to seconds, straight between the known points."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        self._shares = [share for share, _ in points]
        self._seconds = [seconds for _, seconds in points]

    def start(self, share: float) -> float:
        """When what follows this share begins: after a pause that falls on it."""
        return self._at(share, bisect_right(self._shares, share + 1e-9) - 1)

    def end(self, share: float) -> float:
        """When what stands before this share ends: before a pause that falls on it."""
        return self._at(share, next(n for n, s in enumerate(self._shares) if s >= share - 1e-9) - 1)

    def _at(self, share: float, n: int) -> float:
        n = min(max(n, 0), len(self._shares) - 2)
        low, high = self._shares[n], self._shares[n + 1]
        part = (share - low) / (high - low) if high > low else 1.0
        return self._seconds[n] + min(max(part, 0.0), 1.0) * (self._seconds[n + 1] - self._seconds[n])


def _clock(words: Sequence[tuple[float, float, str]], start: float, end: float) -> _Clock:
    """Through the words' own times; straight through the segment where there are none."""
    lengths = [len(_bare(word)) for _, _, word in words]
    total = sum(lengths)
    if not total:
        return _Clock([(0.0, start), (1.0, end)])
    points: list[tuple[float, float]] = []
    done = 0
    for (word_start, word_end, _), length in zip(words, lengths, strict=True):
        points += [(done / total, word_start), ((done + length) / total, word_end)]
        done += length
    return _Clock(points)


def _placed(text: str, clock: _Clock | None) -> tuple[Word, ...]:
    """The words of a text, with punctuation, each where its characters fall."""
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        if tokens and not _bare(match.group()):
            tokens[-1] += match.group()
        else:
            tokens.append(match.group())
    total = len(_bare(text))
    if not total or clock is None:
        return ()
    placed: list[Word] = []
    done = 0
    for token in tokens:
        before, done = done, done + len(_bare(token))
        start, end = clock.start(before / total), clock.end(done / total)
        placed.append(Word(start, max(start, end), token))
    return tuple(placed)


def _moved(word: Word, seconds: float) -> Word:
    return replace(word, start=word.start + seconds, end=word.end + seconds)


def _bare(text: str) -> str:
    return _NOT_WORD.sub("", text)


def _sounding(piece: Samples) -> tuple[float, float]:
    """From the first to the last moment that is not quiet, in seconds."""
    size = round(_FRAME_S * SPEECH_RATE)
    n_frames = max(1, len(piece) // size)
    frames = np.square(piece[: n_frames * size]).reshape(n_frames, -1).mean(axis=1) ** 0.5
    loud = np.flatnonzero(frames >= _SOUNDING * frames.max())
    return float(loud[0] * _FRAME_S), float((loud[-1] + 1) * _FRAME_S)


def _wav(samples: Samples) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
