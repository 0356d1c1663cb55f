"""`baize recommend`: what a learner could do next, and the training of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import Config, Json, guarded, place, run

if TYPE_CHECKING:
    from baize.bootstrap import House


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recommend")(guarded(recommend))


def recommend(
    learner: Annotated[str, typer.Argument(help="Learner id.", metavar="[LEARNER]")] = "",
    train: Annotated[bool, typer.Option("--train", help="Learn from what learners did, first.")] = False,
    kind: Annotated[str, typer.Option(help="courses, lessons or moments.")] = "courses",
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    language: Annotated[str, typer.Option(help="Of the reasons: zh or en.")] = "zh",
    json_: Json = False,
    config: Config = None,
) -> None:
    """What a learner could do next, each with its reasons."""
    from baize.errors import InvalidInput

    if language not in ("zh", "en"):
        raise InvalidInput(f"There are no reasons in {language!r}.", remedy="Use zh or en.")

    async def work(opened: House) -> None:
        platform_id = opened.settings.platform_id
        if train:
            await _train(opened, platform_id)
        elif not learner:
            raise InvalidInput("No learner is named.", remedy="baize recommend LEARNER, or --train.")
        if learner:
            await _show(opened, platform_id)

    async def _show(opened: House, platform_id: str) -> None:
        from baize.api.recommend_wire import recommendation_page
        from baize.services.recommend import Asked

        if kind not in ("courses", "lessons", "moments"):
            raise InvalidInput(f"There is no kind {kind!r}.", remedy="Use courses, lessons or moments.")
        asked = Asked(platform_id, learner, kind, k, language)  # type: ignore[arg-type]  # checked above
        found = await opened.recommending.recommend(asked)
        if json_:
            typer.echo(recommendation_page(found).model_dump_json(indent=2))
            return
        for number, one in enumerate(found, 1):
            at = f"  {place(one.locator)}" if one.locator else ""
            typer.echo(f"{number:>2}. {one.title}{at}  [{one.lesson_id or one.course_id}]")
            typer.echo(f"    {one.sentence}")
        if not found:
            typer.echo("Nothing to recommend yet.", err=True)

    run(config, work)


async def _train(opened: House, platform_id: str) -> None:
    import time

    from baize.errors import DependencyUnavailable

    begin = time.perf_counter()
    try:
        # One at a time, on whichever machine.
        async with opened.locks.hold(f"recommend:{platform_id}"):
            learned = await opened.recommending.train(platform_id)
    except ImportError as cause:
        raise DependencyUnavailable(
            "scipy is not installed, which trains recommendations.",
            remedy="Run `pip install 'baize[recommend]'`.",
        ) from cause
    if learned is None:
        typer.echo("Nothing to learn yet: no learner began a second course.", err=True)
        return
    recipe = learned.taste.recipe
    typer.echo(
        f"Learned from {int(learned.taste.counts.sum())} steps between {len(learned.words.items)} courses "
        f"in {time.perf_counter() - begin:.1f} s "
        f"(decay {recipe.decay}, power {recipe.power}, ridge {recipe.ridge}).",
        err=True,
    )
