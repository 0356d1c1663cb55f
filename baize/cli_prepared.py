"""`baize summary`, `key-points`, `glossary`, `quiz`, `highlights`, `export`: what was prepared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import Config, Json, guarded, place, print_json, run

if TYPE_CHECKING:
    from pydantic import BaseModel

    from baize.bootstrap import House
    from baize.domain.artefact import CourseSummary, KeyPoint, Prepared, SummaryLine

Lesson = Annotated[str, typer.Argument(help="Lesson id.", metavar="LESSON")]
LessonOrCourse = Annotated[str, typer.Argument(help="Lesson or course id.", metavar="LESSON|COURSE")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("summary")(guarded(summary))
    app.command("key-points")(guarded(key_points))
    app.command("glossary")(guarded(glossary))
    app.command("quiz")(guarded(quiz))
    app.command("highlights")(guarded(highlights))
    app.command("export")(guarded(export))
    app.command("storyboard")(guarded(storyboard))


def summary(item: LessonOrCourse, json_: Json = False, config: Config = None) -> None:
    """The summary of a lesson or a course, each line with its moment."""

    async def work(opened: House) -> None:
        from baize.api.artefact_wire import summary_body

        found = await _lesson_or_course(opened, item)
        if json_:
            _print_body(summary_body(found))
        else:
            await _print_lines(opened, found, found.summary)

    run(config, work)


def key_points(item: LessonOrCourse, json_: Json = False, config: Config = None) -> None:
    """What to take away from a lesson or a course, each point with its moment."""

    async def work(opened: House) -> None:
        from baize.api.artefact_wire import key_points_body

        found = await _lesson_or_course(opened, item)
        if json_:
            _print_body(key_points_body(found))
        else:
            await _print_lines(opened, found, found.key_points)

    run(config, work)


def glossary(lesson: Lesson, json_: Json = False, config: Config = None) -> None:
    """The terms of a lesson, each with the moment that explains it."""

    def show(prepared: Prepared) -> None:
        for term in prepared.glossary:
            typer.echo(f"{place(term.locators[0]):>8}  {term.term}: {term.explanation}")

    _print_prepared(lesson, "glossary", show, json_, config)


def quiz(
    lesson: Lesson,
    answers: Annotated[bool, typer.Option("--answers", help="With the solutions.")] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Questions on a lesson; the solutions only on request."""

    def show(prepared: Prepared) -> None:
        for number, item in enumerate(prepared.quiz, 1):
            typer.echo(f"{number:>2}. {item.question}")
            for letter, option in zip("ABCDEFGH", item.options, strict=False):
                typer.echo(f"    {letter}  {option}")
            if answers:
                typer.echo(f"    = {item.options[item.answer]}  ({place(item.locators[0])} “{item.quote}”)")

    _print_prepared(lesson, "quiz", show, json_, config)


def highlights(
    lesson: Lesson,
    mp4: Annotated[
        Path | None, typer.Option("--mp4", help="Cut them from the video into this file.", show_default=False)
    ] = None,
    json_: Json = False,
    config: Config = None,
) -> None:
    """What to see of a lesson first; with --mp4 as a reel."""
    if mp4 is not None:
        return _cut_reel(lesson, mp4, json_, config)

    def show(prepared: Prepared) -> None:
        for highlight in prepared.highlights:
            length = highlight.span.end - highlight.span.start
            typer.echo(f"{place(highlight.span):>8}  {length:4.0f} s  {highlight.text}")

    return _print_prepared(lesson, "highlights", show, json_, config)


def _cut_reel(lesson: str, out: Path, as_json: bool, config: Config) -> None:
    from baize.errors import InvalidInput

    if out.suffix.lower() != ".mp4" or not out.parent.is_dir():
        raise InvalidInput(
            "The reel cannot be written there.", path=str(out), remedy="Name an .mp4 in a folder that exists."
        )

    async def work(opened: House) -> None:
        from baize.services.reel import cut_reel

        reel = await cut_reel(
            opened.settings.platform_id,
            lesson,
            out,
            catalog=opened.catalog,
            artefacts=opened.artefacts,
            publisher=opened.publisher,
            footage=opened.footage,
        )
        if as_json:
            print_json(
                {
                    "file": str(out),
                    "seconds": round(reel.seconds, 3),
                    "share": round(reel.share, 4),
                    "spans": [[span.start, span.end] for span in reel.spans],
                }
            )
        else:
            typer.echo(
                f"{out}: {reel.seconds:.0f} s in {len(reel.spans)} cuts, {reel.share:.0%} of the lesson."
            )

    run(config, work)


def storyboard(
    lesson: Lesson,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a page with the pictures here.", show_default=False),
    ] = None,
    json_: Json = False,
    config: Config = None,
) -> None:
    """A lesson in pictures: what is shown and said when."""
    from baize.written import check_writable, write_text

    if html is not None:
        check_writable(html)

    async def work(opened: House) -> None:
        from baize.api.media_wire import storyboard_body
        from baize.services.read import read_lesson
        from baize.services.storyboard import storyboard_html

        found = await read_lesson(opened.catalog, opened.settings.platform_id, lesson)
        board = await opened.storyboards.of(found)
        if html is not None:
            write_text(html, storyboard_html(board))
            typer.echo(f"{html}: {len(board.scenes)} pictures.")
        elif json_:
            _print_body(storyboard_body(board))
        else:
            for scene in board.scenes:
                typer.echo(f"{place(scene.span):>8}  {scene.chapter}  {scene.caption}".rstrip())

    run(config, work)


def export(lesson: Lesson, config: Config = None) -> None:
    """A lesson as a Markdown handout: key points, summary, terms, transcript, each with its moments."""

    async def work(opened: House) -> None:
        from baize.api.notices import label
        from baize.domain.aigc import KEY, aigc
        from baize.services.handout import lesson_md
        from baize.services.read import read_lesson

        platform_id = opened.settings.platform_id
        found = await read_lesson(opened.catalog, platform_id, lesson)
        prepared = await opened.artefacts.prepared(platform_id, lesson)
        transcript = await opened.artefacts.transcript(platform_id, lesson)
        notice = label(found.language, prepared.model if prepared else "extractive")
        hidden = f"---\n{KEY}: {aigc(found.build_id, opened.settings.server.ai_producer)}\n---\n\n"
        typer.echo(hidden + lesson_md(found, prepared, transcript, notice), nl=False)

    run(config, work)


def _print_prepared(
    lesson: str, what: str, show: Callable[[Prepared], None], as_json: bool, config: Config
) -> None:
    """One kind of artefact of a lesson, as JSON of the API or as `show` prints it."""

    async def work(opened: House) -> None:
        from baize.api import artefact_wire as wire
        from baize.services.summarize import read_prepared

        found = await read_prepared(opened.catalog, opened.artefacts, opened.settings.platform_id, lesson)
        if as_json:
            bodies: dict[str, Callable[[Prepared], BaseModel]] = {
                "glossary": wire.glossary_body,
                "quiz": wire.quiz_body,
                "highlights": wire.highlights_body,
            }
            _print_body(bodies[what](found))
        elif not getattr(found, what):
            typer.echo(f"{lesson} has no {what}.", err=True)
        else:
            show(found)

    run(config, work)


async def _lesson_or_course(opened: House, item: str) -> Prepared | CourseSummary:
    """What was prepared for the lesson of this id, or else for the course.

    Raises:
        NotFound: there is neither, or nothing was prepared for it.
    """
    from baize.errors import NotFound
    from baize.services.summarize import read_prepared, summarize_course

    platform_id = opened.settings.platform_id
    if await opened.catalog.lesson(platform_id, item) is not None:
        return await read_prepared(opened.catalog, opened.artefacts, platform_id, item)
    if await opened.catalog.course(platform_id, item) is None:
        raise NotFound(
            f"There is no lesson or course {item!r}.", remedy="`baize status` lists courses and lessons."
        )
    return await summarize_course(opened.catalog, opened.artefacts, platform_id, item)


async def _print_lines(
    opened: House, found: Prepared | CourseSummary, lines: Sequence[SummaryLine | KeyPoint]
) -> None:
    """Each line behind its moment; in a course, below the title of its lesson."""
    from baize.api.notices import label
    from baize.domain.artefact import CourseSummary

    titles: dict[str, str] = {}
    if isinstance(found, CourseSummary):
        lessons = await opened.catalog.lessons(opened.settings.platform_id, found.course_id)
        titles = {lesson.id: lesson.title for lesson in lessons}
    before = ""
    for line in lines:
        if titles and line.lesson_id != before:
            before = line.lesson_id
            typer.secho(titles.get(before, before), bold=True)
        typer.echo(f"{place(line.locators[0]):>8}  {line.text}")
    typer.secho(label(found.language, found.model), err=True, dim=True)


def _print_body(body: BaseModel) -> None:
    print_json(body.model_dump(mode="json"))
