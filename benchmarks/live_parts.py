"""Parts of the benchmarks that ask a running server: a library, processes on a core each, CPU, a client."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_REPO = Path(__file__).resolve().parents[1]
SERVER_CORE = 0
LOAD_CORE = 1
"""The server has one core; the endpoint and the clients share the other."""

_WHO = (
    "海带 春笋 银杏 石榴 茶叶 蜂蜜 核桃 山药 菊花 葡萄 竹荪 香菇 莲藕 荞麦 枸杞 百合 桂花 柚子 芝麻 花椒"
).split()
_WHAT = (
    "浸泡 晾晒 修剪 嫁接 发酵 烘焙 储存 清洗 蒸煮 腌制 播种 采摘 分级 包装 施肥 浇水 防虫 催芽 移栽 翻土"
).split()
_HOW = "慢慢地 均匀地 反复地 小心地 按顺序 分几次 提前 趁热 避光 通风".split()
_WHERE = "阴凉处 温水里 木架上 陶罐中 向阳的坡上 干净的布上 沙土里 铁锅里".split()

_SENTENCES_PER_CHUNK = 2.4


def questions(n: int) -> list[str]:
    """Questions that the made-up library covers, all different up to 3,600."""
    places = ["", *(f"放在{where}" for where in _WHERE)]
    return [
        f"{_WHO[i % 20]}{_WHAT[(i // 20 + i) % 20]}的时候{places[i // 400 % 9]}要注意什么？" for i in range(n)
    ]


def write_course(folder: Path, n_sentences: int) -> None:
    """A course of Markdown lessons in which every plant is treated in every way."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(1)  # noqa: S311 - made-up text, no secret
    lessons = {who: [f"# {who}\n"] for who in _WHO}
    for i in range(n_sentences):
        who, what = _WHO[i % 20], _WHAT[(i // 20) % 20]
        if i // 20 % 15 == 0:
            lessons[who].append(f"\n## {what}第{i // 400 + 1}讲\n")
        lessons[who].append(
            f"{who}{what}的时候，要{rng.choice(_HOW)}放在{rng.choice(_WHERE)}，"
            f"大约{rng.randint(2, 90)}分钟，再检查第{rng.randint(1, 400)}批。"
        )
    for number, (who, lines) in enumerate(lessons.items(), 1):
        (folder / f"{number:02}-{who}.md").write_text("\n".join(lines), encoding="utf-8")
    (folder / "course.yaml").write_text("id: plants\ntitle: 植物与食材\nlanguage: zh\n", encoding="utf-8")


def environment(data_dir: Path, upstream: str = "") -> dict[str, str]:
    """Variables of a server over this library: a free embedder, the scripted endpoint."""
    chat = {"BAIZE_CHAT__BASE_URL": upstream, "BAIZE_CHAT__API_KEY": "sk-benchmark"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BAIZE_")}
    return {
        **kept,
        "BAIZE_TESTING": "1",
        "BAIZE_DATA_DIR": str(data_dir),
        "BAIZE_EMBEDDER__KIND": "fake",
        "BAIZE_ANSWERS__MIN_EVIDENCE": "0",
        "PYTHONPATH": str(_REPO),
        **(chat if upstream else {"BAIZE_CHAT__KIND": "none"}),
    }


def ensure_library(data_dir: Path, n_chunks: int) -> None:
    """Ingest the made-up course once; a folder that holds it is used as it is."""
    done = data_dir / "library.json"
    if done.is_file():
        return
    course = data_dir / "course" / "plants"
    write_course(course, round(n_chunks * _SENTENCES_PER_CHUNK))
    baize(["ingest", str(course)], environment(data_dir))
    done.write_text(json.dumps({"n_chunks": n_chunks}), encoding="utf-8")


def baize(arguments: Sequence[str], env: Mapping[str, str]) -> None:
    """A command of the product, to its end."""
    subprocess.run([sys.executable, "-m", "baize", *arguments], env=env, check=True, cwd=_REPO)  # noqa: S603


@contextmanager
def process(module: Sequence[str], *, core: int | str, port: int, env: Mapping[str, str]) -> Iterator[int]:
    """`python -m …` on one core, from when its port answers until the block ends.

    Yields:
        its process id.
    """
    running = subprocess.Popen(  # noqa: S603
        ["taskset", "-c", str(core), sys.executable, "-m", *module],  # noqa: S607
        env=env,
        cwd=_REPO,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not _answers(port):
            if running.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{module[0]} did not start")
            time.sleep(0.1)
        yield running.pid
    finally:
        running.terminate()
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:  # a relay that is behind by minutes does not hear it
            running.kill()
            running.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process so far, to the nanosecond (Linux: schedstat)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end between the two looks.
        with suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


@dataclass
class Heard:
    """One stream as the client saw it.

    Attributes:
        first_s: from sending to the first bytes of `marker`.
        ended: its last event came.
    """

    first_s: float = 0.0
    n_bytes: int = 0
    ended: bool = False
    failed: str = ""
    first: asyncio.Event = field(default_factory=asyncio.Event)


async def listen(
    port: int, path: str, body: Mapping[str, object], heard: Heard, marker: bytes, end: bytes
) -> Heard:
    """POST and read a stream to its end, over a connection of its own."""
    data = json.dumps(body, ensure_ascii=False).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    started = time.perf_counter()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data)
    seen = b""
    try:
        while part := await reader.read(1 << 16):
            heard.n_bytes += len(part)
            seen = seen[-64:] + part
            if not heard.first.is_set() and marker in seen:
                heard.first_s = time.perf_counter() - started
                heard.first.set()
            heard.ended = heard.ended or end in seen
    except ConnectionError as error:
        heard.failed = type(error).__name__
    finally:
        heard.first.set()
        writer.close()
    return heard


async def stats(port: int) -> dict[str, int]:
    """Of the paced endpoint."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /stats HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    found: dict[str, int] = json.loads(await reader.readexactly(length))
    writer.close()
    return found
