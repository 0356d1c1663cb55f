"""Workers that are killed, and workers side by side: the library is that of one undisturbed run."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from benchmarks import crash

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]
pytest_plugins = ["tests.servers.postgres"]


async def test_kill_9_leaves_no_trace(tmp_path: Path) -> None:
    """Points, vectors and rows are those of a run that nobody disturbed; a second ingest asks no model.

    Fifty kills: `python -m benchmarks.crash --kills 50`.
    """
    course = tmp_path / "course"
    crash.write_course(course, n_lessons=20, n_cues=12)
    calm = crash.Trial(course, tmp_path / "calm")
    await crash.submit(calm)
    await anyio.to_thread.run_sync(crash.drain, calm)
    expected = await crash.snapshot(calm)
    assert len(expected["rows"]["lessons"]) == 20
    rough = crash.Trial(course, tmp_path / "rough", delay_s=0.4)
    job_id = await crash.submit(rough)
    killed = await anyio.to_thread.run_sync(lambda: crash.kill_at_random(rough, kills=3, window_s=2.5))
    assert killed == 3
    done = await crash.job(rough, job_id)
    assert (done.state, len(done.lessons)) == ("done", 20)
    assert {lesson.outcome for lesson in done.lessons} <= {"done", "unchanged"}
    assert crash.differences(expected, await crash.snapshot(rough)) == []
    calls = rough.calls()
    assert set(calls["speech"]) == {f"{n:02}-lesson.wav" for n in (18, 19, 20)}
    await crash.submit(rough)
    await anyio.to_thread.run_sync(crash.drain, rough)
    assert rough.calls() == calls
    assert crash.differences(expected, await crash.snapshot(rough)) == []


async def test_four_workers_do_what_one_does(tmp_path: Path, postgres_url: str) -> None:
    """On a PostgreSQL that admits fifty connections: the same library, each lesson once, at the first try."""
    course = tmp_path / "course"
    crash.write_course(course, n_lessons=20, n_cues=12)
    calm = crash.Trial(course, tmp_path / "calm")
    await crash.submit(calm)
    await anyio.to_thread.run_sync(crash.drain, calm)
    expected = await crash.snapshot(calm)
    limits = {"lessons": 4, "embedding": 4}
    shared = crash.Trial(course, tmp_path / "shared", postgres_url, delay_s=0.2, jobs=limits)
    job_id = await crash.submit(shared)
    await anyio.to_thread.run_sync(lambda: crash.drain(shared, n_workers=4))
    done = await crash.job(shared, job_id)
    assert (done.state, len(done.lessons)) == ("done", 20), [lesson.causes for lesson in done.lessons]
    assert {(lesson.outcome, lesson.attempts) for lesson in done.lessons} == {("done", 1)}
    assert crash.differences(expected, await crash.snapshot(shared)) == []
    calls = shared.calls()
    assert {name: sorted(told) for name, told in calls.items()} == {
        name: sorted(told) for name, told in calm.calls().items()
    }
