"""What a lecture of three hours takes of memory: peak RSS of `baize ingest`, bar 1.5 GB.

    python -m benchmarks.long_media                  3 h with subtitles; 3 h of silence, really listened to
    python -m benchmarks.long_media --hours 0.05     a short try
    python -m benchmarks.long_media --slides         and the pictures are read (extra `ocr`)
    python -m benchmarks.long_media --speech fake    3 h without subtitles; a double says what is said

The media are made on the spot: a video with another slide each minute and a tone that comes and goes, and a
recording of nothing. Each is a course of its own, ingested by the command in a process of its own with
default settings; what the index server takes is told apart. Silence must end as a lesson in which nothing was
heard, by name, and not as passages.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import av
import numpy as np

from baize.edge.endpoint import read_record
from baize.edge.launch import stop
from benchmarks.crash import WORDS, write_subtitles
from benchmarks.live_parts import environment

BAR_MB = 1500.0
_RATE = 16_000
_WIDTH, _HEIGHT = 640, 360
_SLIDE_S = 60
_LINE_S = 2


def write_lecture(path: Path, seconds: int) -> None:
    """A second at a time: a picture and a tone that is there every other second."""
    tone = (3000 * np.sin(np.arange(_RATE) * (2 * np.pi * 220 / _RATE))).astype(np.int16)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=1)
        video.width, video.height, video.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=_RATE, layout="mono")
        for second in range(seconds):
            picture = av.VideoFrame.from_ndarray(_slide(second // _SLIDE_S), format="rgb24")
            picture.pts = second
            container.mux(video.encode(picture))
            container.mux(audio.encode(_sound(tone if second % 2 else 0 * tone, second)))
        container.mux(video.encode())
        container.mux(audio.encode())


def write_silence(path: Path, seconds: int) -> None:
    """Sound without any sound in it."""
    nothing = np.zeros(_RATE, np.int16)
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=_RATE, layout="mono")
        for second in range(seconds):
            container.mux(audio.encode(_sound(nothing, second)))
        container.mux(audio.encode())


def _slide(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Black bars on white, other ones on each slide."""
    picture = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    dice = np.random.default_rng(number)
    for top in range(40, _HEIGHT - 40, 40):
        picture[top : top + 12, 40 : 40 + int(dice.integers(80, _WIDTH - 80))] = 0
    return picture


def _sound(samples: np.ndarray[Any, np.dtype[np.int16]], second: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = _RATE
    frame.pts = second * _RATE
    return frame


def lines(seconds: int) -> list[str]:
    """What is said, a sentence every two seconds, none twice."""
    return [
        f"第{n}句讲{WORDS[n % len(WORDS)]}和{WORDS[n * 7 // len(WORDS) % len(WORDS)]}，要记住。"
        for n in range(seconds // _LINE_S)
    ]


def with_subtitles(folder: Path, seconds: int) -> None:
    write_lecture(folder / "1.mp4", seconds)
    write_subtitles(folder / "1.zh.vtt", lines(seconds))


def silent(folder: Path, seconds: int) -> None:
    write_silence(folder / "1.m4a", seconds)


def dictated(folder: Path, seconds: int) -> None:
    """Without subtitles; what the double hears stands beside it."""
    write_lecture(folder / "1.mp4", seconds)
    (folder / "1.mp4.said.txt").write_text("\n".join(lines(seconds)), encoding="utf-8")
    # Named, or the text beside it would be a lesson too.
    (folder / "course.yaml").write_text(
        "id: dictated\ntitle: 三小时\nlanguage: zh\nlessons:\n  - {id: d.1, title: 一, video: 1.mp4}\n",
        encoding="utf-8",
    )


def ingest(root: Path, name: str, write: Callable[[Path, int], None], options: argparse.Namespace) -> Any:
    """One course by `baize ingest`, in a new library."""
    folder, data = root / name, root / f"{name}-data"
    folder.mkdir()
    seconds = round(3600 * options.hours)
    write(folder, seconds)
    media = next(path for path in folder.iterdir() if path.suffix in (".mp4", ".m4a"))
    begin = time.monotonic()
    code, peak_mb = run(["ingest", str(folder)], _environment(data, options), root / f"{name}.log")
    spent_s = time.monotonic() - begin
    server, told = read_record(data), (root / f"{name}.log").read_text(encoding="utf-8").splitlines()
    found = {
        "case": name,
        "hours": options.hours,
        "media_mb": round(media.stat().st_size / 1e6, 1),
        "exit_code": code,
        "seconds": round(spent_s, 1),
        "peak_rss_mb": round(peak_mb),
        "index_server_peak_mb": server and _peak_mb(server.pid),
        "bar_mb": BAR_MB,
        "met": peak_mb < BAR_MB and _ended_well(name, code, told),
        "told": told[-4:],
    }
    anyio.run(stop, data)
    return found


def _ended_well(name: str, code: int, told: list[str]) -> bool:
    if name == "silence":
        return code != 0 and any("No speech was heard" in line for line in told)
    return code == 0


def _environment(data: Path, options: argparse.Namespace) -> Mapping[str, str]:
    """Default settings, but for the chat model, which would be asked over the network."""
    env = environment(data)
    for name in ("BAIZE_EMBEDDER__KIND", "BAIZE_ANSWERS__MIN_EVIDENCE"):
        del env[name]
    if options.speech == "fake":
        env["BAIZE_SPEECH__KIND"] = "fake"
    if options.slides:
        env["BAIZE_SLIDES__KIND"] = "rapidocr"
    return env


def run(arguments: list[str], env: Mapping[str, str], log: Path) -> tuple[int, float]:
    """(exit code, peak RSS in MB) of a command of the product; what it says goes to `log`."""
    with log.open("wb") as out:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "baize", *arguments],
            env,
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, out.fileno(), 2)],
        )
        _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024 / 1e6


def _peak_mb(pid: int) -> int | None:
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next(round(int(row.split()[1]) * 1024 / 1e6) for row in rows if row.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--speech", choices=("real", "fake"), default="real")
    parser.add_argument("--slides", action="store_true")
    options = parser.parse_args()
    cases = (
        {"dictated": dictated}
        if options.speech == "fake"
        else {"subtitles": with_subtitles, "silence": silent}
    )
    with tempfile.TemporaryDirectory(prefix="baize-long-") as folder:
        found = [ingest(Path(folder), name, write, options) for name, write in cases.items()]
    print(json.dumps(found, indent=2, ensure_ascii=False))  # noqa: T201


if __name__ == "__main__":
    main()
