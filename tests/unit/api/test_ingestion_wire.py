"""Ingestions as callers see them."""

from __future__ import annotations

from baize.api.ingestion_wire import ingestion_body
from baize.domain.job import Job, LessonJob
from baize.services.ingestions import Ingestion, LessonProgress

FOLDER = "/srv/secret/courses/health"


def test_where_the_operator_keeps_his_folders_is_not_told() -> None:
    """Problems name files as the caller knows them."""
    lesson = LessonJob("health.01", "failed", "failed", 1, (), (f"extract: {FOLDER}/a.pdf: damaged.",))
    job = Job(
        id="j",
        platform_id="p",
        course_id="health",
        folder=FOLDER,
        priority="course",
        state="failed",
        submitted_at=0.0,
        lessons=(lesson,),
        problems=(f"{FOLDER}/course.yaml:3: no title.", f"{FOLDER}: no lesson in it."),
    )
    progress = LessonProgress(lesson, "extract", 0, f"{FOLDER}/a.pdf: damaged.")
    body = ingestion_body(Ingestion(job, (progress,), (), 1.0, None))

    assert "secret" not in body.model_dump_json()
    assert body.problems == ["course.yaml:3: no title.", "health: no lesson in it."]
    assert body.lessons[0].error == "a.pdf: damaged."
    assert body.lessons[0].causes == ["extract: a.pdf: damaged."]
