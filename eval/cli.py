"""`baize eval …`, added to the one command by entry point. Only typer is imported at module level."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baize.cli import EXIT_CHECK_FAILED, Config, guarded, print_json, run_async
from baize.cli import run as run_in_house

if TYPE_CHECKING:
    from collections.abc import Sequence

JsonOut = Annotated[
    Path | None,
    typer.Option(
        "--json", help="Write the run record here; - for stdout.", metavar="OUT", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add `eval` with its steps."""
    group = typer.Typer(help="Measure what is found and said, on suites of questions.", no_args_is_help=True)
    for name, command in (
        ("run", run),
        ("score", score),
        ("compare", compare),
        ("report", report),
        ("gate", gate),
        ("draft", draft),
        ("noise", noise),
    ):
        group.command(name)(guarded(command))
    app.add_typer(group, name="eval")


def run(
    suites: Annotated[list[Path], typer.Argument(help="Suite folders.", metavar="SUITE…")],
    json_: JsonOut = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting for this run.", metavar="SECTION.KEY=VALUE"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Only so many items, evenly spaced; 0 for all.")] = 0,
    baselines: Annotated[bool, typer.Option("--baselines", help="Run the stock pipelines too.")] = False,
    kind: Annotated[str, typer.Option(help="Evaluate as this kind.", show_default=False)] = "",
    raw: Annotated[
        Path | None,
        typer.Option(help="Keep the raw results in this folder, for `eval score`.", show_default=False),
    ] = None,
    config: Config = None,
) -> None:
    """Run suites through the product, each in a library of its own, and score them."""
    from functools import partial

    from baize.settings import load
    from baize.written import check_writable
    from eval.dataset import read_suite
    from eval.overrides import with_overrides
    from eval.raw import write_raw
    from eval.run import run_suite
    from eval.score import score_raw

    settings = with_overrides(load(config), set_ or [])
    read = [read_suite(folder, kind) for folder in suites]
    if json_ and not _is_stdout(json_):
        check_writable(json_)
    kept = {suite.name: raw / f"{suite.name}.{suite.kind}.raw.json" for suite in read} if raw else {}
    for path in kept.values():
        check_writable(path)
    log_to_stderr()
    records = []
    for suite in read:
        results = run_async(partial(run_suite, suite, settings, baselines=baselines, limit=limit))
        if kept:
            write_raw(kept[suite.name], results)
        records.append(score_raw(results))
        show(records[-1], to_stderr=_is_stdout(json_))
        if not _is_stdout(json_):
            write(json_, records)  # after each suite: what is done outlives a later one that fails
    if _is_stdout(json_):
        write(json_, records)


def score(
    raws: Annotated[list[Path], typer.Argument(help="Raw results of `eval run --raw`.", metavar="RAW…")],
    json_: JsonOut = None,
) -> None:
    """Score raw results again, without running anything."""
    from eval.raw import read_raw
    from eval.score import score_raw

    records = [score_raw(read_raw(path)) for path in raws]
    for record in records:
        show(record, to_stderr=_is_stdout(json_))
    write(json_, records)


def compare(
    first: Annotated[Path, typer.Argument(help="Run record.", metavar="A")],
    second: Annotated[
        Path | None, typer.Argument(help="Run record; A itself if left out.", metavar="B")
    ] = None,
    from_: Annotated[str, typer.Option("--from", help="Leg or baseline of A, e.g. dense, langchain.")] = "",
    to: Annotated[str, typer.Option("--to", help="Leg or baseline of B; the product if left out.")] = "",
    json_: JsonOut = None,
) -> None:
    """Paired differences B − A with intervals and p values, on the items that both scored."""
    from dataclasses import asdict

    from eval.compare import compare_records, pair_records
    from eval.record import read_records
    from eval.tables import difference_table

    a = read_records(first)
    pairs = pair_records(a, read_records(second) if second else a)
    found = [d for old, new in pairs for d in compare_records(old, new, first_leg=from_, second_leg=to)]
    if json_:
        write(json_, [asdict(difference) | {"verdict": difference.verdict} for difference in found])
    if not _is_stdout(json_):
        typer.echo(difference_table(found))


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run records.", metavar="RUN…")],
    html: Annotated[Path | None, typer.Option(help="Write one page here.", show_default=False)] = None,
    site: Annotated[
        Path | None,
        typer.Option(help="Write an index and a page for each run into this folder.", show_default=False),
    ] = None,
    baseline: Annotated[list[Path] | None, typer.Option(help="Earlier records to compare with.")] = None,
    player_url: Annotated[str, typer.Option(help="Link template: …/{lesson_id}?t={start}")] = "",
    config: Config = None,
) -> None:
    """Tables, interval plots, failures, and what changed since the baseline, in pages that load nothing."""
    from baize.errors import InvalidInput
    from baize.settings import load
    from baize.written import write_text
    from eval.record import read_records
    from eval.report import render, render_site

    if html is None and site is None:
        raise InvalidInput("Nothing says where to write to.", remedy="Give --html FILE or --site FOLDER.")
    records = [record for path in runs for record in read_records(path)]
    before = [record for path in baseline or [] for record in read_records(path)]
    links = player_url or load(config).server.player_url
    pages: dict[Path, str] = {}
    if html is not None:
        pages[html] = render(records, before, player_url=links)
    if site is not None:
        made = render_site(records, before, player_url=links)
        pages |= {site / name: page for name, page in made.items()}
    for path, page in pages.items():
        write_text(path, page)


def gate(
    run_: Annotated[Path, typer.Argument(help="Run record.", metavar="RUN")],
    baseline: Annotated[Path, typer.Option(help="The record that it must not fall below.")],
    max_drop: Annotated[
        float, typer.Option(min=0, help="Loss of a share that fails even where chance may explain it.")
    ] = 0.05,
) -> None:
    """Fail (exit 1) when a run is worse than its baseline."""
    from eval.gate import gate as judge
    from eval.record import read_records

    faults = judge(read_records(run_), read_records(baseline), max_drop=max_drop)
    for fault in faults:
        typer.secho(fault, err=True, fg="red")
    if faults:
        raise typer.Exit(EXIT_CHECK_FAILED)
    typer.echo("Not worse than the baseline.")


def draft(
    course: Annotated[str, typer.Argument(help="Course id.", metavar="COURSE")],
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for the suite; COURSE-draft by default.", show_default=False),
    ] = None,
    config: Config = None,
) -> None:
    """Draft a suite of questions on a course, each with its moment, for the course team to correct."""
    from baize.written import writing
    from eval.draft import check_new, write_draft
    from eval.draft import draft as draft_of

    folder = out or Path(f"{course}-draft")
    check_new(folder)
    made = run_in_house(config, lambda house: draft_of(house, course))
    with writing(folder):
        write_draft(made, folder)
    typer.echo(f"{folder}: {len(made.questions)} questions on {len(made.videos)} lessons.")
    if made.without:
        typer.echo(f"Without a question: {', '.join(made.without)}.")
    typer.echo(f"Correct {folder / 'questions.jsonl'}, then `baize eval run {folder}`.")


def noise(
    suite: Annotated[Path, typer.Argument(help="Suite folder.", metavar="SUITE")],
    out: Annotated[Path, typer.Argument(help="New folder for the noisy suite.", metavar="OUT")],
    share: Annotated[float, typer.Option(help="Of the Chinese characters of all questions.")] = 0.05,
    seed: Annotated[int, typer.Option(help="One seed always gives the same suite.")] = 7,
    name: Annotated[
        str,
        typer.Option(
            help="The new suite's name; the old one's lets `eval compare` pair their runs.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Copy a suite with homophones in its questions, as input methods and speech recognition make them."""
    from baize.written import writing
    from eval.noise import add_noise

    with writing(out):
        made = add_noise(suite, out, share=share, seed=seed, name=name)
    typer.echo(
        f"{made.name}: {made.n_replaced} of {made.n_chars} Chinese characters replaced, "
        f"in {made.n_changed} of {made.n_questions} questions."
    )


def show(record: dict[str, Any], *, to_stderr: bool = False) -> None:
    """The record's metrics as a table, each with n and interval."""
    from eval.tables import record_table

    typer.echo(record_table(record), err=to_stderr)


def write(path: Path | None, records: Sequence[dict[str, Any]]) -> None:
    """To the file, or to stdout for `-`."""
    from eval.record import write_records

    if _is_stdout(path):
        print_json(records[0] if len(records) == 1 else list(records))
    elif path:
        write_records(path, records)


def log_to_stderr() -> None:
    """Plain lines of progress where there is no terminal."""
    import logging
    import sys

    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("baize.eval").setLevel(logging.INFO)


def _is_stdout(path: Path | None) -> bool:
    return path is not None and str(path) == "-"
