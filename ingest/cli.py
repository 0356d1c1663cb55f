"""`baize ingest` and `baize demo`, added to the one command by entry point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import (
    EXIT_BAD_INPUT,
    EXIT_CHECK_FAILED,
    EXIT_UNAVAILABLE,
    Config,
    Json,
    guarded,
    print_json,
    run,
    run_with,
)

if TYPE_CHECKING:
    from baize.bootstrap import House
    from ingest.report import IngestReport


def register(app: typer.Typer) -> None:
    """Add the commands of this package."""
    app.command("ingest")(guarded(ingest))
    app.command("harvest")(guarded(harvest))
    app.command("worker")(guarded(worker))
    app.command("demo")(guarded(demo))


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Course folders, single files, or catalogues (.jsonl, .csv) of courses without media.",
            metavar="PATH…",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            help="Which source a catalogue is from: it is compared with what that source had before. "
            "Its file name by default.",
            show_default=False,
        ),
    ] = "",
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Again what `baize status --failed` lists; what is done costs nothing."),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--reindex",
            help="Embed all that is live anew, for another embedder, beside the index in use. "
            "What is there already costs nothing.",
        ),
    ] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Read courses into the library: speech, subtitles and documents become searchable moments."""

    from baize.collector import relax
    from baize.errors import InvalidInput

    if bool(paths) + retry + again != 1:
        raise InvalidInput(
            "Give paths, or --retry, or --reindex.", remedy="`baize ingest FOLDER` reads a course."
        )
    if again:
        _reindex(config, json_=json_)
        return

    relax()

    async def work(opened: House) -> IngestReport:
        from ingest.run import failed_paths, ingest_paths

        return await ingest_paths(opened, paths or await failed_paths(opened), source)

    report = run(config, work)
    if json_:
        print_json(report.to_dict())
    else:
        print_report(report)
    if any(problem.dependency for problem in report.all_problems):
        raise typer.Exit(EXIT_UNAVAILABLE)
    if not report.ok:
        raise typer.Exit(EXIT_BAD_INPUT)


def _reindex(config: Config, *, json_: bool) -> None:
    from ingest.reindex import reindex

    done = run(config, reindex)
    if json_:
        print_json(done.to_dict())
    else:
        typer.echo(
            f"{done.space}: {done.n_lessons} lessons embedded anew, {done.n_there} were there; "
            f"{done.n_points} passages."
        )
        if done.old and not done.lost:
            old = ", ".join(done.old)
            typer.echo(f"Servers of the other embedder may be started anew now; nothing needs {old} then.")
    for lesson_id in done.lost:
        typer.secho(f"{lesson_id}: no collection holds it. Ingest its course again.", err=True, fg="yellow")
    if done.lost:
        raise typer.Exit(EXIT_BAD_INPUT)


def worker(
    drain: Annotated[bool, typer.Option("--drain", help="End when no job is left.")] = False,
    config: Config = None,
) -> None:
    """Run ingestions that were submitted, until interrupted; any number of workers on PostgreSQL."""
    import logging

    from baize.collector import relax
    from baize.settings import load
    from ingest.worker import cap_memory

    relax()
    settings = load(config)
    cap_memory(settings.jobs.memory_gb)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("baize").setLevel(logging.INFO)

    async def work(opened: House) -> None:
        from ingest.memory import StageMemory
        from ingest.worker import Worker, until_signalled

        memory = StageMemory(settings.jobs.stage_memory_gb.model_dump())
        await until_signalled(Worker(opened, drain=drain, memory=memory).run)

    run_with(settings, work)


def harvest(
    url: Annotated[str, typer.Argument(help="Base URL of an OAI-PMH repository; its host in fetch.hosts.")],
    source: Annotated[str, typer.Option(help="Which source it is.")],
    prefix: Annotated[str, typer.Option(help="Metadata: oai_dc or lom.")] = "oai_dc",
    set_: Annotated[str, typer.Option("--set", help="Only this set.", show_default=False)] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Everything, not what changed since last time.")
    ] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Dock the courses of an OAI-PMH repository: new, changed and deleted ones since the last harvest."""
    from baize.collector import relax
    from baize.errors import InvalidInput

    if prefix not in ("oai_dc", "lom"):
        raise InvalidInput(f"--prefix {prefix} is not known.", remedy="Use oai_dc or lom.")

    relax()

    async def work(opened: House) -> IngestReport:
        from ingest.dock import dock_repository

        return await dock_repository(opened, url, source, prefix=prefix, set_spec=set_, full=full)

    report = run(config, work)
    if json_:
        print_json(report.to_dict())
    else:
        print_report(report)
    if not report.ok:
        raise typer.Exit(EXIT_BAD_INPUT)


def print_report(report: IngestReport) -> None:
    """Counts, chunks and seconds by stage on stdout, then what could not be used on stderr."""
    counts = report.counts()
    for catalogue in report.catalogues:
        typer.echo(str(catalogue))
    n_chunks = sum(lesson.n_chunks for lesson in report.lessons)
    media_s = sum(lesson.media_s for lesson in report.lessons)
    if report.lessons or not report.catalogues:
        typer.echo(
            f"{counts['done']} lessons done, {counts['unchanged']} unchanged, {counts['failed']} failed; "
            f"{n_chunks} chunks from {media_s / 60:.1f} min of media."
        )
    stages = "  ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.stage_seconds().items())
    if counts["done"]:
        typer.echo(f"Time by stage: {stages}")
    for lesson in report.lessons:
        if lesson.speech:
            look = " Please listen to it." if lesson.speech.doubtful else ""
            typer.echo(f"Heard {lesson.lesson_id}: {lesson.speech.summary()}.{look}")
    if (writing := report.writing) is not None:
        typer.echo(
            f"Written by the model: {writing.n_written} lessons in {writing.n_calls} calls, "
            f"{writing.prompt_tokens} tokens in ({writing.cache_hit_tokens} from its cache), "
            f"{writing.completion_tokens} out, {writing.bill()}."
        )
        if writing.n_waiting:
            typer.echo(
                f"{writing.n_waiting} lessons have their own sentences for now: the model failed, or its "
                "hours are dear (compose.by_model). `baize ingest` again later has them written."
            )
    for lesson_id in report.removed:
        typer.echo(f"Removed: {lesson_id} is no longer in its course.")
    for problem in report.all_problems:
        typer.secho(str(problem), err=True, fg="yellow")


def demo(
    check: Annotated[
        bool, typer.Option("--check", help="Stop after the answers; fail if one does not hold.")
    ] = False,
    config: Config = None,
) -> None:
    """Ingest the sample courses, ask a question in Chinese and one in English, then serve the demo page."""
    from baize.settings import load
    from ingest.demo import DEMO_QUESTIONS, run_demo

    settings = load(config)
    # A library of its own: the samples never stand among the operator's courses.
    settings = settings.model_copy(update={"data_dir": settings.data_dir / "demo", "database_url": ""})

    async def work(opened: House) -> list[str]:
        return await run_demo(opened, DEMO_QUESTIONS)

    faults = run_with(settings, work)
    for fault in faults:
        typer.secho(fault, err=True, fg="red")
    if faults:
        raise typer.Exit(EXIT_CHECK_FAILED)
    if not check:
        from baize.api.serve import serve

        typer.echo(f"Open http://{settings.server.host}:{settings.server.port}/demo")
        serve(settings)
