"""`baize review`: what a learner is asked today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import Config, Json, guarded, place, print_json, run

if TYPE_CHECKING:
    from baize.bootstrap import House
    from baize.domain.review import ReviewCard


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(guarded(review))


def review(
    learner: Annotated[str, typer.Argument(help="Learner id.", metavar="[LEARNER]")] = "",
    add: Annotated[
        str, typer.Option(help="First take this lesson's terms as flashcards.", show_default=False)
    ] = "",
    grade: Annotated[bool, typer.Option("--grade", help="Ask the cards now, and grade them.")] = False,
    anki: Annotated[
        Path | None, typer.Option(help="Write all cards for Anki's import here.", show_default=False)
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write all cards with their schedule here.", show_default=False)
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Restore cards from such a file.", show_default=False)
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Fit the schedule to the platform's reviews, first.")
    ] = False,
    json_: Json = False,
    config: Config = None,
) -> None:
    """What is due today, and the two weeks to come."""

    async def work(opened: House) -> None:
        from baize.errors import InvalidInput

        reviews, platform_id = opened.reviews, opened.settings.platform_id
        if not learner and (add or grade or anki or export or import_ or not fit):
            raise InvalidInput("No learner is named.", remedy="baize review LEARNER, or --fit.")
        if fit:
            await _fit(opened, platform_id)
        if not learner:
            return
        if import_ is not None:
            n = await reviews.load(platform_id, learner, _read(import_))
            typer.echo(f"{n} cards imported.", err=True)
        if add:
            added = await reviews.add_lesson(platform_id, learner, add)
            none = "" if added else f" {add} explains no term that is not a card already."
            typer.echo(f"{len(added)} cards added.{none}", err=True)
        await _write(opened, learner, anki, export)
        today = await reviews.today(platform_id, learner)
        if json_:
            from baize.api.review_wire import reviews_body

            print_json(reviews_body(today).model_dump(mode="json"))
            return
        for card in today.cards:
            typer.echo(f"· {card.front}")
            if grade:
                await _ask(opened, card)
        if grade:
            today = await reviews.today(platform_id, learner)
        typer.echo(f"{today.n_due} of {today.n_cards} cards are due today.", err=True)
        coming = [f"{one.day[5:]}: {one.n}" for one in today.forecast if one.n]
        if coming:
            typer.echo("Due: " + " · ".join(coming), err=True)

    run(config, work)


async def _write(opened: House, learner: str, anki: Path | None, export: Path | None) -> None:
    from anyio import to_thread

    from baize.services.reviews import anki_tsv
    from baize.written import write_text

    reviews, platform_id = opened.reviews, opened.settings.platform_id
    if anki is not None:
        text = anki_tsv(await reviews.all(platform_id, learner))
        await to_thread.run_sync(write_text, anki, text)
        typer.echo(f"{anki}: File → Import in Anki reads it.", err=True)
    if export is not None:
        data = await reviews.export(platform_id, learner)
        text = json.dumps(data, ensure_ascii=False)
        await to_thread.run_sync(write_text, export, text)
        typer.echo(f"{export}: {len(data['cards'])} cards, {len(data['reviews'])} reviews.", err=True)


async def _fit(opened: House, platform_id: str) -> None:
    # One at a time, on whichever machine.
    async with opened.locks.hold(f"reviews:{platform_id}"):
        found = await opened.schedules.fit(platform_id)
    if found is None:
        typer.echo("Nothing to fit yet: too few reviews; the scheduler's own parameters serve.", err=True)
        return
    kept = "is used from now on" if found.after < found.before else "foretells no better and is not used"
    typer.echo(
        f"Fitted to {found.n} reviews. Log loss over other learners: {found.before:.4f} with the scheduler's "
        f"own parameters, {found.after:.4f} with the fit, which {kept}.",
        err=True,
    )


async def _ask(opened: House, card: ReviewCard) -> None:
    from baize.domain.review import RECALLS

    typer.prompt("  (Enter shows the answer)", default="", show_default=False)
    typer.echo(f"  = {card.back}  ({place(card.locators[0])} “{card.quote}”)")
    n = typer.prompt("  1 again · 2 hard · 3 good · 4 easy", type=int, value_proc=_step)
    recall = RECALLS[int(n) - 1]
    after = await opened.reviews.grade(card.platform_id, card.learner_id, card.id, recall)
    days = (after.memory.due - (after.memory.reviewed_at or after.memory.due)) / 86_400
    typer.echo(f"  Again in {days:.0f} day{'' if round(days) == 1 else 's'}.")


def _step(text: str) -> int:
    if text.strip() not in ("1", "2", "3", "4"):
        raise typer.BadParameter("1, 2, 3 or 4")
    return int(text)


def _read(path: Path) -> object:
    from baize.errors import InvalidInput

    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise InvalidInput(
            "This is no export of reviews.", path=str(path), remedy="`--export FILE` writes one."
        ) from cause
