"""`baize keys …` and `baize tenants …`: platforms, their keys and their token secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baize.cli import Config, Json, guarded, print_json, run

if TYPE_CHECKING:
    from baize.bootstrap import House

PlatformId = Annotated[
    str, typer.Option("--platform", help="Platform id; that of the settings without it.", show_default=False)
]
TenantId = Annotated[str, typer.Argument(help="Platform id.")]
Origins = Annotated[
    list[str] | None,
    typer.Option("--origin", help="Web origin whose pages may call, e.g. https://learn.example; repeatable."),
]


def register(app: typer.Typer) -> None:
    """Add both groups to the app."""
    keys = typer.Typer(help="Keys of platforms.", no_args_is_help=True)
    keys.command("create")(guarded(keys_create))
    keys.command("list")(guarded(keys_list))
    keys.command("revoke")(guarded(keys_revoke))
    app.add_typer(keys, name="keys")
    tenants = typer.Typer(help="Platforms, their web origins and token secrets.", no_args_is_help=True)
    tenants.command("create")(guarded(tenants_create))
    tenants.command("list")(guarded(tenants_list))
    tenants.command("update")(guarded(tenants_update))
    tenants.command("secret")(guarded(tenants_secret))
    tenants.command("token")(guarded(tenants_token))
    app.add_typer(tenants, name="tenants")


def keys_create(
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="learn, teach or admin; each includes those before. Default: learn."),
    ] = None,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    platform: PlatformId = "",
    json_: Json = False,
    config: Config = None,
) -> None:
    """Make a key for a platform's servers. It is shown once; only its SHA-256 is kept."""
    from baize.errors import InvalidInput

    wanted = scopes or ["learn"]

    async def work(opened: House) -> None:
        from baize.domain.platform import RIGHTS
        from baize.services.who import create_key, create_platform

        for scope_ in wanted:
            if scope_ not in RIGHTS:
                raise InvalidInput(f"--scope {scope_} is not known.", remedy=f"Use {', '.join(RIGHTS)}.")
        platform_id = platform or opened.settings.platform_id
        if platform_id == opened.settings.platform_id and not await opened.platforms.platform(platform_id):
            # The configured platform needs no ceremony.
            await create_platform(opened.platforms, platform_id, "", ())
        rights = tuple(right for right in RIGHTS if right in wanted)
        key, text = await create_key(
            opened.platforms, opened.api_keys, platform_id, rights, label, opened.clock.now()
        )
        if json_:
            print_json({"platform": platform_id, "id": key.id, "scopes": rights, "label": label, "key": text})
            return
        typer.echo(f"Key {key.id} of {platform_id} ({', '.join(rights)}). It is not shown again:", err=True)
        typer.echo(text)

    run(config, work)


def keys_list(platform: PlatformId = "", json_: Json = False, config: Config = None) -> None:
    """The keys of a platform, revoked ones included."""

    async def work(opened: House) -> None:
        found = await opened.api_keys.keys(platform or opened.settings.platform_id)
        rows = [
            {
                "id": key.id,
                "platform": key.platform_id,
                "scopes": key.rights,
                "label": key.label,
                "created_at": instant(key.created_at),
                "revoked_at": instant(key.revoked_at) if key.revoked_at is not None else None,
            }
            for key in found
        ]
        if json_:
            print_json(rows)
            return
        for key, row in zip(found, rows, strict=True):
            state = f"revoked {row['revoked_at']}" if row["revoked_at"] else "good"
            typer.echo(
                f"{key.id}  {','.join(key.rights)}  {row['created_at']}  {state}  {key.label}".rstrip()
            )
        if not rows:
            typer.echo("There are no keys. `baize keys create` makes one.", err=True)

    run(config, work)


def keys_revoke(
    key: Annotated[str, typer.Argument(help="Id of the key, as `baize keys list` shows it.")],
    platform: PlatformId = "",
    config: Config = None,
) -> None:
    """Revoke a key; servers notice within ten seconds."""

    async def work(opened: House) -> None:
        from baize.services.who import revoke_key

        platform_id = platform or opened.settings.platform_id
        await revoke_key(opened.api_keys, platform_id, key, opened.clock.now())
        typer.echo(f"{key} is revoked.")

    run(config, work)


def tenants_create(
    tenant: TenantId,
    title: Annotated[str, typer.Option(help="Its name.")] = "",
    origins: Origins = None,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Make a platform. The secret that signs its learner tokens is shown once."""

    async def work(opened: House) -> None:
        from baize.services.who import create_platform

        made = await create_platform(opened.platforms, tenant, title, tuple(origins or ()))
        print_secret(made.id, made.secret, as_json=json_)

    run(config, work)


def print_secret(platform_id: str, secret: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"platform": platform_id, "secret": secret})
        return
    typer.echo(
        f"{platform_id}: learner tokens are signed (HS256) with this secret; not shown again:", err=True
    )
    typer.echo(secret)


def tenants_list(json_: Json = False, config: Config = None) -> None:
    """All platforms."""

    async def work(opened: House) -> None:
        found = await opened.platforms.platforms()
        if json_:
            print_json([{"platform": one.id, "title": one.title, "origins": one.origins} for one in found])
            return
        for one in found:
            typer.echo(f"{one.id}  {one.title}  {' '.join(one.origins)}".rstrip())
        if not found:
            typer.echo("There are none. `baize tenants create ID` makes one.", err=True)

    run(config, work)


def tenants_update(
    tenant: TenantId,
    title: Annotated[str | None, typer.Option(help="Its new name.", show_default=False)] = None,
    origins: Origins = None,
    jwks: Annotated[
        Path | None,
        typer.Option(help="File with the public keys (JWK Set) that sign its learner tokens; replaces them."),
    ] = None,
    no_jwks: Annotated[bool, typer.Option("--no-jwks", help="No public keys.")] = False,
    no_origins: Annotated[bool, typer.Option("--no-origins", help="No page may call.")] = False,
    config: Config = None,
) -> None:
    """Change a platform's name, web origins or public keys; what is given replaces what was."""

    async def work(opened: House) -> None:
        from dataclasses import replace

        from baize.services.who import checked_origin, read_platform

        found = await read_platform(opened.platforms, tenant)
        changed = replace(found, title=found.title if title is None else title)
        if origins or no_origins:
            changed = replace(changed, origins=tuple(checked_origin(origin) for origin in origins or ()))
        if jwks is not None or no_jwks:
            keys = opened.learner_tokens.checked_keys(read_text(jwks)) if jwks is not None else ""
            changed = replace(changed, jwks=keys)
        await opened.platforms.put(changed)
        typer.echo(f"{changed.id}  {changed.title}  {' '.join(changed.origins)}".rstrip())

    run(config, work)


def read_text(path: Path) -> str:
    """
    Raises:
        InvalidInput: there is no such file, or it is no text.
    """
    from baize.errors import InvalidInput

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise InvalidInput(f"{path} cannot be read: {cause}.", remedy="Check the path.") from None


def tenants_secret(tenant: TenantId, json_: Json = False, config: Config = None) -> None:
    """Give a platform a new token secret, shown once; tokens of the one before still pass until the next."""

    async def work(opened: House) -> None:
        from baize.services.who import renew_secret

        renewed = await renew_secret(opened.platforms, tenant)
        print_secret(renewed.id, renewed.secret, as_json=json_)

    run(config, work)


def tenants_token(
    tenant: TenantId,
    learner: Annotated[str, typer.Option(help="Learner id (`sub`).")],
    minutes: Annotated[float, typer.Option(help="How long it is good.", min=0.1, max=1440)] = 15.0,
    courses: Annotated[
        list[str] | None, typer.Option("--course", help="Only these courses; repeatable.")
    ] = None,
    lesson: Annotated[str, typer.Option(help="Where the learner is.")] = "",
    config: Config = None,
) -> None:
    """Sign a learner token, for a trial: in production the platform's own server does."""

    async def work(opened: House) -> None:
        from baize.services.who import sign_token

        text = await sign_token(
            opened.platforms,
            opened.learner_tokens,
            platform_id=tenant,
            learner_id=learner,
            expires_at=opened.clock.now() + minutes * 60,
            courses=tuple(courses or ()),
            lesson=lesson,
        )
        typer.echo(text)

    run(config, work)


def instant(seconds: float) -> str:
    """RFC 3339, UTC."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
