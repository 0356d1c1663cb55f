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
    learner: Annotated[str, typer.Argument(help="Learner id.", metavar="LEARNER")],
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
    json_: Json = False,
    config: Config = None,
) -> None:
    """What is due today, and the two weeks to come."""

    async def work(opened: House) -> None:
        from baize.services.reviews import anki_tsv

        reviews, platform_id = opened.reviews, opened.settings.platform_id
        if import_ is not None:
            n = await reviews.load(platform_id, learner, _read(import_))
            typer.echo(f"{n} cards imported.", err=True)
        if add:
            added = await reviews.add_lesson(platform_id, learner, add)
            typer.echo(f"{len(added)} cards added.", err=True)
        if anki is not None:
            anki.write_text(anki_tsv(await reviews.all(platform_id, learner)), encoding="utf-8")
            typer.echo(f"{anki}: File → Import in Anki reads it.", err=True)
        if export is not None:
            data = await reviews.export(platform_id, learner)
            export.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
            typer.echo(f"{export}: {len(data['cards'])} cards, {len(data['reviews'])} reviews.", err=True)
        today = await reviews.today(platform_id, learner)
        if json_:
            from baize.api.review_wire import reviews_body

            print_json(reviews_body(today).model_dump(mode="json"))
            return
        for card in today.cards:
            typer.echo(f"· {card.front}")
            if grade:
                await _ask(opened, card)
        typer.echo(f"{today.n_due} of {today.n_cards} cards are due today.", err=True)
        coming = [f"{one.day[5:]}: {one.n}" for one in today.forecast if one.n]
        if coming:
            typer.echo("Due: " + " · ".join(coming), err=True)

    run(config, work)


async def _ask(opened: House, card: ReviewCard) -> None:
    from baize.domain.review import RECALLS

    typer.prompt("  (Enter shows the answer)", default="", show_default=False)
    typer.echo(f"  = {card.back}  ({place(card.locators[0])} “{card.quote}”)")
    n = typer.prompt("  1 again · 2 hard · 3 good · 4 easy", type=int, value_proc=_step)
    recall = RECALLS[int(n) - 1]
    after = await opened.reviews.grade(card.platform_id, card.learner_id, card.id, recall)
    days = (after.memory.due - (after.memory.reviewed_at or after.memory.due)) / 86_400
    typer.echo(f"  Again in {days:.0f} days.")


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
