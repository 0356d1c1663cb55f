"""`baize status`: how far ingestion came, what failed, and what learners have of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import Config, Json, guarded, instant, print_json, run

if TYPE_CHECKING:
    from baize.bootstrap import House


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(guarded(status))


def status(
    course: Annotated[str, typer.Argument(help="Course id; all courses without it.")] = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed, with every cause.")] = False,
    coverage: Annotated[
        bool,
        typer.Option(
            "--coverage", help="Share of lessons with transcript, chapters, summary, quiz; and why not."
        ),
    ] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """How far ingestion came: state, chunks and last error of every lesson."""
    from baize.errors import InvalidInput

    if failed and coverage:
        raise InvalidInput("--failed and --coverage are two reports.", remedy="Ask for one of them.")

    async def work(opened: House) -> None:
        from baize.services.read import read_course

        platform_id = opened.settings.platform_id
        if course and not await opened.publisher.states(platform_id, course):
            await read_course(opened.catalog, platform_id, course)
        if failed:
            await _print_failed(opened, course, as_json=json_)
        elif coverage:
            await _print_coverage(opened, course, as_json=json_)
        else:
            await _print_states(opened, course, as_json=json_)

    run(config, work)


async def _print_states(opened: House, course: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    states = await opened.publisher.states(opened.settings.platform_id, course)
    speech = await opened.artefacts.speech_reports(opened.settings.platform_id, course)
    if as_json:
        print_json(
            [
                asdict(state)
                | {
                    "at": instant(state.at),
                    "speech": asdict(speech[state.item]) if state.item in speech else None,
                }
                for state in states
            ]
        )
        return
    if not states:
        typer.echo("Nothing has been ingested yet. `baize ingest FOLDER` starts.", err=True)
    for state in states:
        typer.echo(
            f"{state.course_id}  {state.item}  {state.state}  {state.n_chunks} chunks  {state.error}".rstrip()
        )
        if state.item in speech:
            typer.echo(f"    heard: {speech[state.item].summary()}")


async def _print_failed(opened: House, course: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from baize.services.failures import dead_letters

    letters = await dead_letters(
        opened.settings.platform_id,
        course,
        jobs=opened.jobs,
        publisher=opened.publisher,
        locks=opened.locks,
    )
    if as_json:
        print_json([asdict(letter) | {"at": instant(letter.at)} for letter in letters])
        return
    for letter in letters:
        place = f"{letter.course_id or letter.folder}  {letter.item or '(the whole course)'}"
        typer.echo(f"{place}  failed in {letter.stage or 'an unknown stage'}")
        for cause in letter.causes:
            typer.echo(f"    {cause}")
    if letters:
        typer.echo(f"{len(letters)} failed. `baize ingest --retry` tries them again.", err=True)
    else:
        typer.echo("Nothing has failed.", err=True)


async def _print_coverage(opened: House, course: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from baize.services.coverage import coverage

    covered = await coverage(
        opened.settings.platform_id, course, artefacts=opened.artefacts, publisher=opened.publisher
    )
    if as_json:
        print_json(
            {
                part.kind: {
                    "n": part.n,
                    "of": part.of,
                    "share": round(part.share, 4),
                    "missing": [asdict(gap) for gap in part.gaps],
                }
                for part in covered.parts
            }
            | {"unplanned": [asdict(item) for item in covered.unplanned]}
        )
        return
    for part in covered.parts:
        typer.echo(f"{part.kind:<10} {part.n:>6} of {part.of}  {part.share:>6.1%}")
        for why, n_lessons in part.reasons():
            typer.echo(f"           {n_lessons:>6} not: {why}")
    if any(why.startswith("failed in ") for part in covered.parts for why, _ in part.reasons()):
        typer.echo("`baize status --failed` tells each cause.")
    for item in covered.unplanned:
        typer.echo(f"{item.course_id}  {item.item}  not counted: no lesson could be made of it")
        typer.echo(f"    {item.error}")
