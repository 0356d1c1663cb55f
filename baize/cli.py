"""The command line. Only typer is imported at module level, so that `baize --help` answers at once.

Exit codes: 0 done, 1 a check failed, 2 wrong usage or bad input, 3 a dependency is unavailable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from types import FrameType

    from baize.bootstrap import House
    from baize.domain.chat import AnswerEvent
    from baize.domain.locator import Locator
    from baize.domain.search import Moment, Scope
    from baize.services.search import Result
    from baize.settings import Settings

T = TypeVar("T")

Config = Annotated[Path | None, typer.Option("--config", help="Settings file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CourseId = Annotated[str, typer.Option("--course", help="Only this course.", show_default=False)]
LessonId = Annotated[str, typer.Option("--lesson", help="Only this lesson.", show_default=False)]

_GRACE_S = 5.0
"""After Ctrl-C; closing a library takes less than a second."""
EXIT_CHECK_FAILED, EXIT_BAD_INPUT, EXIT_UNAVAILABLE = 1, 2, 3


def build() -> typer.Typer:
    """The app with its own commands and those of installed packages (entry points `baize.commands`)."""
    from importlib.metadata import entry_points

    from baize.cli_learners import register as register_learners
    from baize.cli_prepared import register as register_prepared
    from baize.cli_recommend import register as register_recommend
    from baize.cli_review import register as register_review
    from baize.cli_status import register as register_status

    app = typer.Typer(
        help="Bai Ze (白泽): a course's own answers, down to the second.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, command in (
        ("ask", ask),
        ("search", search),
        ("chapters", chapters),
        ("transcript", transcript),
        ("forget", forget),
        ("serve", serve),
        ("doctor", doctor),
        ("openapi", openapi),
    ):
        app.command(name)(guarded(command))
    register_learners(app)
    register_prepared(app)
    register_recommend(app)
    register_review(app)
    register_status(app)
    config_app = typer.Typer(help="Settings.", no_args_is_help=True)
    config_app.command("show")(guarded(config_show))
    app.add_typer(config_app, name="config")
    from baize.cli_keys import register

    register(app)
    for entry in sorted(entry_points(group="baize.commands"), key=lambda e: e.name):
        entry.load()(app)
    return app


def guarded(command: Callable[..., T]) -> Callable[..., T]:
    """The command with errors as one clear line on stderr and the right exit code."""
    import functools

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> T:
        from baize.errors import BaizeError

        try:
            return command(*args, **kwargs)
        except BaizeError as error:
            typer.secho(f"baize: {error}", err=True, fg="red")
            raise typer.Exit(exit_code(error)) from None
        except BrokenPipeError:
            # `baize … | head` is no error; `main` silences what is still buffered.
            raise typer.Exit(0) from None

    return run


def exit_code(error: Exception) -> int:
    """2 for what the caller can mend, 3 for a dependency that does not answer."""
    from baize.errors import DependencyUnavailable

    return EXIT_UNAVAILABLE if isinstance(error, DependencyUnavailable) else EXIT_BAD_INPUT


def run(config: Path | None, work: Callable[[House], Awaitable[T]]) -> T:
    """Load the settings, then `run_with`."""
    from baize.settings import load

    return run_with(load(config), work)


def run_with(settings: Settings, work: Callable[[House], Awaitable[T]]) -> T:
    """Open the house, do the work, close it."""
    from baize.bootstrap import opened

    async def main() -> T:
        async with opened(settings) as house:
            return await work(house)

    return run_async(main)


def run_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run it; Ctrl-C ends it in order, or after `_GRACE_S` however it is busy.

    The first Ctrl-C cancels what waits. What computes does not wait, and a thread is never cancelled.
    """
    import os
    import signal
    import threading

    import anyio

    async def main() -> T:
        in_order = signal.getsignal(signal.SIGINT)
        if not callable(in_order) or threading.current_thread() is not threading.main_thread():
            return await work()

        # A thread cannot be begun in the handler: what it interrupts may be beginning one.
        reader, writer = os.pipe()
        threading.Thread(target=_leave, args=(reader,), daemon=True).start()

        def interrupted(number: int, frame: FrameType | None) -> None:
            os.write(writer, b"!")
            in_order(number, frame)

        signal.signal(signal.SIGINT, interrupted)
        try:
            return await work()
        finally:
            signal.signal(signal.SIGINT, in_order)
            os.close(writer)

    return anyio.run(main)


def _leave(reader: int) -> None:
    """A while after the first Ctrl-C, however the rest ends; not at all where there is none."""
    import os
    import time

    from baize.__main__ import EXIT_INTERRUPTED

    if os.read(reader, 1):
        time.sleep(_GRACE_S)
        os._exit(EXIT_INTERRUPTED)
    os.close(reader)


def print_json(data: Any) -> None:
    """One JSON document on stdout, Chinese readable."""
    import json

    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


# ---------------------------------------------------------------------------------------------- asking


def ask(
    question: Annotated[str, typer.Argument(help="What the learner wants to know.")],
    course: CourseId = "",
    lesson: LessonId = "",
    at: Annotated[
        float | None,
        typer.Option(min=0, help="Second of --lesson that the question is asked at.", show_default=False),
    ] = None,
    mode: Annotated[str, typer.Option(help="explain, guide (hints) or test (asks and grades).")] = "explain",
    conversation: Annotated[str, typer.Option(help="Go on with this conversation.", show_default=False)] = "",
    thinking: Annotated[str, typer.Option(help="auto, on or off.")] = "auto",
    json_: Json = False,
    config: Config = None,
) -> None:
    """Ask a question; the answer streams in, each sentence with the second it stands on."""
    from typing import cast

    from baize.domain.practice import Mode
    from baize.errors import InvalidInput

    if mode not in ("explain", "guide", "test"):
        raise InvalidInput(f"--mode {mode} is not known.", remedy="Use explain, guide or test.")
    if thinking not in ("auto", "on", "off"):
        raise InvalidInput(f"--thinking {thinking} is not known.", remedy="Use auto, on or off.")
    if at is not None and not lesson:
        raise InvalidInput("--at is a second of a lesson.", remedy="Name the lesson with --lesson.")

    async def work(opened: House) -> None:
        from baize.domain.search import Position
        from baize.services.answer import Question

        wanted = {"auto": None, "on": True, "off": False}[thinking]
        position = Position(lesson, at) if at is not None else None
        asked = Question(
            question,
            scope(opened, course, lesson),
            conversation,
            thinking=wanted,
            position=position,
            mode=cast(Mode, mode),
        )
        prepared = await opened.answering.prepare(asked)
        async for event in opened.answering.stream(prepared):
            print_event(event, as_json=json_)

    run(config, work)


def print_event(event: AnswerEvent, *, as_json: bool) -> None:
    """Released text as it comes, then the citations; or the final answer as JSON."""
    from baize.domain.chat import Completed, Released

    match event:
        case Released(text) if not as_json:
            typer.echo(text, nl=False)
        case Completed(answer) if as_json:
            print_json(answer_to_dict(answer))
        case Completed(answer):
            typer.echo("\n")
            if answer.step:
                typer.secho(f"(Go on with: --conversation {answer.conversation_id})", err=True, dim=True)
            for line in citation_lines(answer.citations):
                typer.echo(line)
            if answer.refusal:
                for moment in answer.refusal.nearest:
                    typer.echo(f"  · {moment_line(moment)}")
            for question in answer.follow_ups:
                typer.echo(f"  → {question}")
            if answer.degraded:
                typer.secho(
                    "(The model could not be used; these are the course's own sentences. "
                    "`baize doctor` says why.)",
                    err=True,
                )


def answer_to_dict(answer: Any) -> dict[str, Any]:
    """The final answer with locators in their wire form."""
    from baize.domain.locator import locator_to_dict

    return {
        "answer_id": answer.id,
        "conversation_id": answer.conversation_id,
        "question": answer.question,
        "language": answer.language,
        "model": answer.model,
        "prompt": answer.prompt,
        "text": answer.text,
        "citations": [
            {
                "marker": c.marker,
                "sentence": c.sentence,
                "chunk_id": c.chunk_id,
                "course_id": c.course_id,
                "lesson_id": c.lesson_id,
                "lesson_title": c.lesson_title,
                "locator": locator_to_dict(c.locator),
                "quote": c.quote,
                "support": c.support,
            }
            for c in answer.citations
        ],
        "refusal": {
            "reason": answer.refusal.reason,
            "nearest": [moment_to_dict(moment) for moment in answer.refusal.nearest],
        }
        if answer.refusal
        else None,
        "follow_ups": list(answer.follow_ups),
        "withheld": answer.withheld,
        "degraded": answer.degraded or None,
    }


def citation_lines(citations: Iterable[Any]) -> list[str]:
    """One line per cited place, in the order of first citing."""
    lines: dict[tuple[int, str], str] = {}
    for c in citations:
        line = f"[{c.marker}] {c.lesson_title} {place(c.locator)}  “{c.quote}”"
        lines.setdefault((c.marker, c.quote), line)
    return list(lines.values())


def place(locator: Locator) -> str:
    """Where something stands, as a person says it: `3:07`, `p. 2`, a section, `FAQ`."""
    from baize.domain.locator import FaqEntry, TextSpan, TimeSpan, format_timestamp

    match locator:
        case TimeSpan(start, _):
            return format_timestamp(start)
        case TextSpan(file, _, _, page, section):
            return " ".join(
                part
                for part in (file, f"p. {page}" if page else "", f"§ {section}" if section else "")
                if part
            )
        case FaqEntry(entry_id):
            return f"FAQ {entry_id}"


def result_line(result: Result, *, of_course: bool = False) -> str:
    """Where, from when to when, what is said, the score; a catalogue's course has a page, not a place.

    Args:
        of_course: a course is what was looked for; its title goes first.
    """
    from baize.domain.locator import TimeSpan, format_timestamp

    chunk, focus = result.moment.hit.chunk, result.moment.focus
    if not chunk.lesson_id:
        url = f"  {result.url}" if result.url else ""
        return f"{result.course_title}  “{focus.text}”{url}  {result.score:.2f}"
    until = f"–{format_timestamp(focus.locator.end)}" if isinstance(focus.locator, TimeSpan) else ""
    course = f"{result.course_title}  " if of_course else ""
    return f"{course}{chunk.lesson_title} {place(focus.locator)}{until}  “{focus.text}”  {result.score:.2f}"


def result_to_dict(result: Result) -> dict[str, Any]:
    """`start` and `end` stand beside the locator, too, where the moment is a time: `jq '.[].start'`."""
    from baize.domain.locator import TimeSpan

    at = result.moment.focus.locator
    return {
        "rank": result.rank,
        "score": result.score,
        "course_title": result.course_title,
        **moment_to_dict(result.moment),
        **({"start": at.start, "end": at.end} if isinstance(at, TimeSpan) else {}),
        **({"url": result.url} if result.url else {}),
    }


def moment_line(moment: Moment) -> str:
    return f"{moment.hit.chunk.lesson_title} {place(moment.focus.locator)}  “{moment.focus.text}”"


def moment_to_dict(moment: Moment) -> dict[str, Any]:
    from baize.domain.locator import locator_to_dict

    chunk = moment.hit.chunk
    return {
        "course_id": chunk.course_id,
        "lesson_id": chunk.lesson_id,
        "lesson_title": chunk.lesson_title,
        "locator": locator_to_dict(moment.focus.locator),
        "text": moment.focus.text,
    }


def instant(seconds: float) -> str:
    """RFC 3339, UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def scope(opened: House, course: str, lesson: str) -> Scope:
    """The scope of a command: the configured platform, and what the options narrow it to."""
    from baize.domain.search import Scope

    return Scope(
        opened.settings.platform_id,
        course_ids=(course,) if course else (),
        lesson_ids=(lesson,) if lesson else (),
    )


def search(
    query: Annotated[str, typer.Argument(help="Words or a question.")],
    course: CourseId = "",
    lesson: LessonId = "",
    kind: Annotated[str, typer.Option(help="moments, lessons or courses.")] = "moments",
    k: Annotated[int, typer.Option("-k", help="How many results at most.")] = 10,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Find the moments, lessons or courses that speak of something."""
    from typing import cast

    from baize.errors import InvalidInput
    from baize.services.search import Kind

    if kind not in ("moments", "lessons", "courses"):
        raise InvalidInput(f"--kind {kind} is not known.", remedy="Use moments, lessons or courses.")

    async def work(opened: House) -> None:
        results = await opened.searching.search(
            query, scope(opened, course, lesson), kind=cast(Kind, kind), k=k
        )
        if json_:
            print_json([result_to_dict(result) for result in results])
            return
        for result in results:
            typer.echo(f"{result.rank:>2}. {result_line(result, of_course=kind == 'courses')}")
        if not results:
            typer.echo("Nothing was found.", err=True)

    run(config, work)


# ----------------------------------------------------------------------------------- what was prepared


def chapters(
    lesson: Annotated[str, typer.Argument(help="Lesson id.")],
    vtt: Annotated[bool, typer.Option("--vtt", help="As WebVTT chapters.")] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """The chapters of a lesson."""

    async def work(opened: House) -> None:
        from baize.domain.locator import format_timestamp
        from baize.services.export import chapters_vtt
        from baize.services.read import read_lesson

        found = await read_lesson(opened.catalog, opened.settings.platform_id, lesson)
        if vtt:
            typer.echo(chapters_vtt(found.chapters), nl=False)
        elif json_:
            from dataclasses import asdict

            print_json([asdict(chapter) for chapter in found.chapters])
        elif not found.chapters:
            typer.echo(f"{lesson} has no chapters.", err=True)
        else:
            for chapter in found.chapters:
                typer.echo(f"{format_timestamp(chapter.start):>8}  {chapter.title}")

    run(config, work)


def transcript(
    lesson: Annotated[str, typer.Argument(help="Lesson id.")],
    vtt: Annotated[bool, typer.Option("--vtt", help="As WebVTT.")] = False,
    srt: Annotated[bool, typer.Option("--srt", help="As SubRip.")] = False,
    md: Annotated[bool, typer.Option("--md", help="As Markdown, below the chapters.")] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """What is said in a lesson, with times."""

    async def work(opened: House) -> None:
        from baize.domain.locator import format_timestamp
        from baize.errors import InvalidInput
        from baize.services.export import cues_srt, cues_vtt
        from baize.services.read import read_transcript

        if vtt + srt + md + json_ > 1:
            raise InvalidInput("A transcript has one form.", remedy="Give one of --vtt, --srt, --md, --json.")
        found = await read_transcript(opened.catalog, opened.artefacts, opened.settings.platform_id, lesson)
        if vtt or srt:
            typer.echo(cues_vtt(found.cues) if vtt else cues_srt(found.cues), nl=False)
        elif md:
            from baize.services.handout import transcript_md
            from baize.services.read import read_lesson

            about = await read_lesson(opened.catalog, opened.settings.platform_id, lesson)
            typer.echo(transcript_md(about, found), nl=False)
        elif json_:
            from dataclasses import asdict

            print_json(asdict(found))
        else:
            for cue in found.cues:
                typer.echo(f"{format_timestamp(cue.start):>8}  {cue.text}")

    run(config, work)


def forget(course: Annotated[str, typer.Argument(help="Course id.")], config: Config = None) -> None:
    """Remove a course and every trace of it from the library."""

    async def work(opened: House) -> None:
        platform_id = opened.settings.platform_id
        gone = await opened.course_erasure.erase(platform_id, course)
        await opened.auditing.command(platform_id, "forget", {"course_id": course})
        typer.echo(
            f"{course}: {gone.n_lessons} lessons, {gone.n_points} chunks and {gone.n_answers} answers that "
            "quote it removed."
        )

    run(config, work)


# ------------------------------------------------------------------------------------------- operating


def serve(
    host: Annotated[
        str, typer.Option(help="Interface; loopback unless a key is set.", show_default=False)
    ] = "",
    port: Annotated[int | None, typer.Option(help="Port.", show_default=False)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes.", show_default=False)] = None,
    config: Config = None,
) -> None:
    """Serve the API and the demo page."""
    from pydantic import ValidationError

    from baize.api.serve import serve as serve_api
    from baize.errors import InvalidInput
    from baize.field_words import in_words
    from baize.settings import Server, load

    settings = load(config)
    told = {"host": host or None, "port": port, "workers": workers}
    overrides = {name: value for name, value in told.items() if value is not None}
    try:
        server = Server.model_validate(settings.server.model_dump() | overrides)
    except ValidationError as cause:
        first = cause.errors()[0]
        raise InvalidInput(f"--{first['loc'][0]} {first['input']}: {in_words(first)}.") from None
    serve_api(settings.model_copy(update={"server": server}))


def doctor(json_: Json = False, config: Config = None) -> None:
    """Check every part that is configured, and say what to do about what is missing."""
    import anyio

    from baize.doctor import examine
    from baize.settings import load

    findings = anyio.run(examine, load(config))
    if json_:
        from dataclasses import asdict

        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = typer.style("ok  ", fg="green") if finding.ok else typer.style("FAIL", fg="red")
            typer.echo(f"{mark} {finding.part}: {finding.says}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(EXIT_UNAVAILABLE)


def openapi() -> None:
    """Print the OpenAPI document."""
    from baize.api.app import create_app
    from baize.settings import Settings

    print_json(create_app(Settings()).openapi())


def config_show(
    default: Annotated[bool, typer.Option("--default", help="Print the commented default file.")] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Every effective setting with where it came from; secrets are masked."""
    if default:
        from baize.prompting import packaged

        typer.echo(packaged("config.yaml").read_text(encoding="utf-8"), nl=False)
        return
    from baize.settings import config_file, load, origins

    settings = load(config)
    rows = list(origins(settings, config_file(config)))
    if json_:
        print_json({key: {"value": value, "origin": origin} for key, value, origin in rows})
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        typer.echo(f"{key:<{width}}  {value}  ({origin})")
