"""Probing and decoding of media that the tests write themselves."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.adapters.audio_av import SPEECH_RATE, quiet_windows
from baize.errors import UnreadableSource
from ingest.extract.media import MediaFacts, decode_audio, probe


def tone(seconds: float, rate: int = 16_000, volume: float = 0.5) -> np.ndarray:
    return (volume * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def write_video(path: Path, seconds: float, *, sound_from: float | None, faststart: bool = False) -> Path:
    """Grey pictures, and a tone that begins later; no sound at all for None."""
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono") if sound_from is not None else None
        for n in range(round(seconds * 10)):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), n % 255, np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound_from is not None:
            samples = tone(seconds - sound_from)
            for at in range(0, len(samples) - 1024, 1024):
                frame = av.AudioFrame.from_ndarray(
                    samples[None, at : at + 1024], format="fltp", layout="mono"
                )
                frame.sample_rate = 16_000
                frame.time_base = Fraction(1, 16_000)
                frame.pts = at + round(sound_from * 16_000)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def test_a_recording_is_measured(tmp_path: Path) -> None:
    """Length in seconds, sound, no pictures."""
    assert probe(write_wav(tmp_path / "a.wav", tone(2.5))) == MediaFacts(2.5, has_audio=True, has_video=False)


@pytest.mark.parametrize("sound_from", [0.0, None])
def test_a_video_is_measured(tmp_path: Path, sound_from: float | None) -> None:
    """A silent film is a video without sound, not an error."""
    facts = probe(write_video(tmp_path / "a.mp4", 3.0, sound_from=sound_from))
    assert facts.duration_s == pytest.approx(3.0, abs=0.1)
    assert facts.has_video
    assert facts.has_audio == (sound_from is not None)


@pytest.mark.parametrize("content", [b"", b"no media at all", b"\x00" * 10_000, b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_media_is_unreadable(tmp_path: Path, content: bytes) -> None:
    """Probe and decoder say so with the path and a remedy."""
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    for read in (probe, lambda file: list(decode_audio(file))):
        with pytest.raises(UnreadableSource) as caught:
            read(path)
        assert caught.value.path == str(path)
        assert caught.value.remedy


@pytest.mark.parametrize("faststart", [True, False])
def test_a_truncated_video_is_unreadable(tmp_path: Path, faststart: bool) -> None:
    """Cut off in the middle, with its index at the front or lost at the end."""
    path = write_video(tmp_path / "a.mp4", 20.0, sound_from=0.0, faststart=faststart)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableSource):
        probe(path)


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    """No other error reaches the caller."""
    with pytest.raises(UnreadableSource):
        probe(tmp_path / "gone.mp4")


def test_sound_is_decoded_to_mono_at_the_wanted_rate(tmp_path: Path) -> None:
    """Blocks of float32 within -1..1 whose sum is the recording."""
    path = write_wav(tmp_path / "a.wav", tone(3.0, rate=44_100), rate=44_100)
    blocks = list(decode_audio(path, 8_000))
    samples = np.concatenate(blocks)
    assert len(blocks) > 1
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(24_000, abs=50)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


def test_sound_that_begins_late_keeps_its_place(tmp_path: Path) -> None:
    """Samples count from the first frame of the file, so that words are heard where the player shows them."""
    samples = np.concatenate(list(decode_audio(write_video(tmp_path / "a.mkv", 4.0, sound_from=1.5))))
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    assert loud[0] / SPEECH_RATE == pytest.approx(1.5, abs=0.1)
    assert len(samples) / SPEECH_RATE == pytest.approx(4.0, abs=0.15)


def test_a_silent_film_cannot_be_decoded_to_sound(tmp_path: Path) -> None:
    """The remedy is to bring subtitles."""
    with pytest.raises(UnreadableSource, match="no sound"):
        list(decode_audio(write_video(tmp_path / "a.mp4", 1.0, sound_from=None)))


def test_damaged_packets_become_silence(tmp_path: Path) -> None:
    """Noise in the middle of a file neither ends it nor moves what comes after it."""
    path = write_video(tmp_path / "a.mp4", 10.0, sound_from=0.0, faststart=True)
    raw = bytearray(path.read_bytes())
    random = np.random.default_rng(1)
    for at in random.integers(len(raw) // 2, len(raw) * 3 // 4, 400):
        raw[at] = random.integers(256)
    path.write_bytes(raw)
    samples = np.concatenate(list(decode_audio(path)))
    assert len(samples) / SPEECH_RATE == pytest.approx(10.0, abs=0.5)


def _blocks(samples: np.ndarray, sizes: list[int]) -> Iterator[np.ndarray]:
    at = 0
    for size in sizes:
        yield samples[at : at + size]
        at += size
    yield samples[at:]


@given(
    n_samples=st.integers(0, 5000),
    sizes=st.lists(st.integers(0, 900), max_size=8),
    max_ms=st.integers(30, 400),
)
def test_windows_hold_every_sample_once(n_samples: int, sizes: list[int], max_ms: int) -> None:
    """However the blocks come, the windows joined are the recording, and none is too long."""
    samples = np.arange(n_samples, dtype=np.float32)
    windows = list(quiet_windows(_blocks(samples, sizes), max_ms / 1000, sample_rate=1000))
    assert np.array_equal(np.concatenate([np.empty(0, np.float32), *windows]), samples)
    assert all(0 < len(window) <= max_ms for window in windows)


def test_windows_are_cut_in_the_quiet(tmp_path: Path) -> None:
    """The cut falls into the pause of the last fifth, not into a word."""
    samples = np.concatenate([tone(9.0), np.zeros(8_000, np.float32), tone(5.0)])
    first, second = quiet_windows([samples], 10.0)
    assert 9.0 <= len(first) / SPEECH_RATE <= 9.5
    assert len(first) + len(second) == len(samples)


def test_a_truncated_wav_is_unreadable(tmp_path: Path) -> None:
    """Its header tells the length; one that does not know it is taken as it is."""
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\1\0" * 8000 * 60)
    whole = path.read_bytes()
    assert probe(path).duration_s == pytest.approx(60, abs=0.1)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableSource, match="30 s of 60 s are there"):
        probe(path)
    path.write_bytes(whole[:40] + b"\xff\xff\xff\xff" + whole[44 : len(whole) // 2])
    assert probe(path).duration_s == pytest.approx(30, abs=0.1)
