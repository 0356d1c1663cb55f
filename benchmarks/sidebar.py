"""The sidebar under a slow network and a slow processor: first paint, long answers, memory.

    python -m benchmarks.sidebar                     the figures of the bars
    python -m benchmarks.sidebar --questions 0 --paints 5 --answers 5      no memory: half a minute

Chromium as the tests drive it. "Slow" is what Chromium emulates: 400 kbit/s both ways with 40 ms of latency,
and a processor slowed down four times. Frames are measured in the page, while a 5,000-token answer (about
8,000 Chinese characters, 250 cited sentences) arrives as fast as it is written: the time between two of them,
and what Chromium itself calls a long animation frame (more than 50 ms from the beginning of its work to the
picture). A machine that does anything else makes frames late: the answer is given several times, each on a
page of its own, and the median run is told beside all of them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.host import Host, ask, hosted, ready
from tests.servers.sidebar_api import Script, answer, place

_SLOWDOWN = 4
_BYTES_PER_S = 400_000 / 8
_LATENCY_MS = 40
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-precise-memory-info"]
_SENTENCES = 250
_SENTENCE = "第 {n} 句话讲的是怎样在家里把血压量得又准又安心不慌张。[{m}]"

_WATCH = """(n) => {
    window.frames_ms = [];
    const watch = (type) => {
        const found = [];
        const note = (list) => found.push(...list.getEntries().map((entry) => entry.duration));
        new PerformanceObserver(note).observe({ type });
        return found;
    };
    window.tasks_ms = watch("longtask");
    window.long_ms = watch("long-animation-frame");
    let before = performance.now();
    const tick = (now) => {
        window.frames_ms.push(now - before);
        before = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    const shown = () => document.querySelector("baize-sidebar").shadowRoot.querySelectorAll(".chip").length;
    const timer = setInterval(() => {
        if (shown() <= n) return;
        clearInterval(timer);
        console.info("whole");
    }, 250);
}"""


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--paints", type=int, default=5)
    parser.add_argument("--answers", type=int, default=5)
    chosen = parser.parse_args()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        figures = measure(browser, Path(folder), chosen.questions, chosen.paints, chosen.answers)
        print(json.dumps(figures, indent=2))  # noqa: T201
        browser.close()


def measure(
    browser: Browser, folder: Path, n_questions: int, n_paints: int, n_answers: int
) -> dict[str, Any]:
    """All figures that are asked for: a number of 0 leaves one out."""
    figures: dict[str, Any] = {}
    with hosted(browser, folder) as host:
        if n_paints:
            paints = [first_paint_ms(browser, f"{host.url}/host/bare") for _ in range(n_paints)]
            figures["first_paint_ms"] = {
                "median": statistics.median(paints),
                "max": max(paints),
                "n": n_paints,
            }
        if n_answers:
            host.api.scripts["long"] = _long_answer()
            figures["long_answer"] = long_answers(host, n_answers)
        if n_questions:
            with host.page() as page:
                figures["memory_mb"] = memory_mb(page, n_questions)
    return figures


def _long_answer() -> Script:
    paragraphs = (
        _SENTENCE.format(n=n, m=n % 8 + 1) + ("\n\n" if n % 12 == 11 else "") for n in range(_SENTENCES)
    )
    cited = [place(n % 8 + 1, f"第 {n % 8 + 1} 句原话。") for n in range(_SENTENCES)]
    script = answer("".join(paragraphs), cited)
    script.events[0] = ("evidence", {"items": cited[:8]})
    return script


def long_answers(host: Host, n_answers: int) -> dict[str, Any]:
    """The run in the middle, by its longest frame, and the longest frame of each."""
    runs = []
    for _ in range(n_answers):
        with host.page() as page:
            runs.append(long_answer_ms(page))
    runs.sort(key=lambda run: run["longest_frame_ms"])
    return {
        "median_run": runs[(len(runs) - 1) // 2],
        "longest_frame_ms": [run["longest_frame_ms"] for run in runs],
        "frames_over_50_ms": [run["frames_over_50_ms"] for run in runs],
        "long_animation_frames": [run["long_animation_frames"] for run in runs],
        "n": n_answers,
    }


def first_paint_ms(browser: Browser, url: str) -> float:
    """Until the shell stands on an otherwise empty page: its first contentful paint, nothing cached."""
    with browser.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        slow(page, network=True)
        page.goto(url)
        ready(page)
        page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
        painted: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return painted


def slow(page: Page, *, network: bool) -> None:
    """Slow the processor down, and the network where asked."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWDOWN})
    if network:
        session.send("Network.enable")
        conditions = {"offline": False, "latency": _LATENCY_MS}
        speeds = {"downloadThroughput": _BYTES_PER_S, "uploadThroughput": _BYTES_PER_S}
        session.send("Network.emulateNetworkConditions", conditions | speeds)


def long_answer_ms(page: Page) -> dict[str, Any]:
    """The longest tasks and frames of the page from Enter until the whole answer stands there."""
    ask(page)
    slow(page, network=False)
    # Filled in before, and the end told by the page: what Playwright does in a page is no part of the answer,
    # and takes a slow one up to 18 ms of a frame.
    page.locator("#question").fill("long")
    page.evaluate(_WATCH, _SENTENCES)
    with page.expect_console_message(lambda message: message.text == "whole", timeout=60_000):
        page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    frames: list[float] = page.evaluate("window.frames_ms")
    tasks: list[float] = page.evaluate("window.tasks_ms")
    long: list[float] = page.evaluate("window.long_ms")
    return {
        "frames": len(frames),
        "longest_frame_ms": round(max(frames), 1),
        # Frames come at whole refreshes: three of them are 50 ms, give or take the clock.
        "frames_over_50_ms": sum(frame > 50.5 for frame in frames),
        "long_animation_frames": len(long),
        "longest_animation_frame_ms": round(max(long, default=0.0), 1),
        "tasks_over_50_ms": len(tasks),
        "longest_task_ms": round(max(tasks, default=0.0), 1),
    }


def memory_mb(page: Page, n_questions: int) -> dict[str, float]:
    """The heap after a tenth of the questions and after all of them, garbage collected."""
    session = page.context.new_cdp_session(page)

    def heap() -> float:
        session.send("HeapProfiler.collectGarbage")
        used: float = session.send("Runtime.getHeapUsage")["usedSize"]
        return used / 1_000_000

    first = max(n_questions // 5, 1)
    early = 0.0
    for n in range(1, n_questions + 1):
        ask(page, f"问题 {n}")
        page.wait_for_function("() => !document.querySelector('baize-sidebar').conversation.isAnswering")
        if n == first:
            early = heap()
    nodes = page.locator("baize-sidebar *").count()
    return {"after_a_fifth": early, "after_all": heap(), "questions": n_questions, "nodes": nodes}


if __name__ == "__main__":
    main()
