"""`baize learners import`: records of a lifelong-learning archive in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import EXIT_BAD_INPUT, Config, Json, guarded, run

if TYPE_CHECKING:
    from baize.bootstrap import House
    from baize.domain.archive import ImportReport

_FORMATS = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def register(app: typer.Typer) -> None:
    """Add the group."""
    learners = typer.Typer(help="Records of learners.", no_args_is_help=True)
    # A callback keeps the name of the only command.
    learners.callback()(lambda: None)
    learners.command("import")(guarded(import_))
    app.add_typer(learners, name="learners")


def import_(
    file: Annotated[Path, typer.Argument(help="CSV, JSON or JSON Lines; records or xAPI statements.")],
    platform: Annotated[
        str,
        typer.Option("--platform", help="Platform id; that of the settings without it.", show_default=False),
    ] = "",
    json_: Json = False,
    config: Config = None,
) -> None:
    """Take in completed courses and credits. Good lines are kept, every other one is told."""

    async def work(opened: House) -> ImportReport:
        from typing import cast

        from baize.errors import InvalidInput, UnreadableSource
        from baize.services.archive_file import Format

        form = _FORMATS.get(file.suffix.lower())
        if form is None:
            raise InvalidInput(
                "The kind of file is not known.", remedy=f"Name it {', '.join(_FORMATS)}.", path=str(file)
            )
        platform_id = platform or opened.settings.platform_id
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                # Before it, for the lines above one that cannot be read are kept.
                await opened.auditing.command(platform_id, "learners import", {"file": file.name})
                return await opened.archiving.take(platform_id, lines, cast(Format, form))
        except UnicodeDecodeError as cause:
            raise UnreadableSource(
                "The file is no UTF-8; the lines before are kept.",
                remedy="Save it as UTF-8 (in Excel: “CSV UTF-8”) and import it again.",
                path=str(file),
            ) from cause
        except OSError as cause:
            raise UnreadableSource(
                f"The file cannot be read: {cause.strerror}.", remedy="Check its path.", path=str(file)
            ) from cause
        except InvalidInput as error:
            error.path = error.path or str(file)
            raise

    report = run(config, work)
    if json_:
        from baize.api.archive_wire import import_body

        typer.echo(import_body(report).model_dump_json(indent=2))
    else:
        for one in report.unusable:
            typer.secho(f"{file}:{one.line}: {one.problem} {one.remedy}", err=True, fg="red")
        typer.echo(
            f"{report.n_read} lines: {report.n_changed} new or changed, {report.n_same} known already, "
            f"{report.n_other} about other things, {len(report.unusable)} not usable."
        )
    if report.unusable:
        raise typer.Exit(EXIT_BAD_INPUT)
