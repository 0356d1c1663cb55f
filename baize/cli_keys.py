"""`baize keys …` and `baize tenants …`: platforms, their keys and their token secrets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baize.cli import Config, Json, guarded, instant, print_json, run

if TYPE_CHECKING:
    from baize.bootstrap import House
    from baize.domain.platform import ApiKey, Role

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
    keys.command("rotate")(guarded(keys_rotate))
    keys.command("revoke")(guarded(keys_revoke))
    app.add_typer(keys, name="keys")
    tenants = typer.Typer(help="Platforms, their web origins and token secrets.", no_args_is_help=True)
    tenants.command("create")(guarded(tenants_create))
    tenants.command("list")(guarded(tenants_list))
    tenants.command("update")(guarded(tenants_update))
    tenants.command("secret")(guarded(tenants_secret))
    tenants.command("token")(guarded(tenants_token))
    tenants.command("revoke")(guarded(tenants_revoke))
    tenants.command("lti")(guarded(tenants_lti))
    app.add_typer(tenants, name="tenants")
    app.command("audit")(guarded(audit))


def keys_create(
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="learn, teach or admin (each includes those before), or one of read, ask, learners, edit, "
            "eval, ingest; repeatable. Default: learn.",
        ),
    ] = None,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    days: Annotated[
        float | None, typer.Option(help="How long it is good; for ever without it.", min=0.001, max=36500)
    ] = None,
    courses: Annotated[
        list[str] | None, typer.Option("--course", help="Opens only these courses; repeatable.")
    ] = None,
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
        now = opened.clock.now()
        key, text = await create_key(
            opened.platforms,
            opened.api_keys,
            platform_id,
            rights,
            label,
            now,
            expires_at=None if days is None else now + days * 86_400,
            courses=tuple(courses or ()),
        )
        await opened.auditing.command(platform_id, "keys create", {"key_id": key.id})
        print_key(key, text, as_json=json_)
        await _warn_of_unknown(opened, platform_id, key.courses)

    run(config, work)


async def _warn_of_unknown(opened: House, platform_id: str, courses: Sequence[str]) -> None:
    """Of courses that are not there: they may come yet, or be a slip."""
    for course_id in courses:
        if await opened.catalog.course(platform_id, course_id) is None:
            typer.echo(
                f"Warning: platform {platform_id} has no course {course_id!r} yet: the key opens nothing "
                "there until it is ingested under this id. `baize status` lists the ids.",
                err=True,
            )


def print_key(key: ApiKey, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_key_row(key) | {"key": text})
        return
    until = f", good until {instant(key.expires_at)}" if key.expires_at is not None else ""
    scopes = ", ".join(key.rights)
    typer.echo(f"Key {key.id} of {key.platform_id} ({scopes}){until}. It is not shown again:", err=True)
    typer.echo(text)


def _key_row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "platform": key.platform_id,
        "scopes": key.rights,
        "label": key.label,
        "courses": key.courses,
        "created_at": instant(key.created_at),
        "expires_at": instant(key.expires_at) if key.expires_at is not None else None,
        "revoked_at": instant(key.revoked_at) if key.revoked_at is not None else None,
    }


def keys_rotate(
    key: Annotated[str, typer.Argument(help="Id of the key, as `baize keys list` shows it.")],
    grace_hours: Annotated[
        float, typer.Option(help="How long the old key is good beside the new one.", min=0, max=720)
    ] = 24.0,
    platform: PlatformId = "",
    json_: Json = False,
    config: Config = None,
) -> None:
    """Make a key of the same scopes in place of one; both are good for a while."""

    async def work(opened: House) -> None:
        from baize.services.who import rotate_key

        made, text = await rotate_key(
            opened.platforms,
            opened.api_keys,
            platform or opened.settings.platform_id,
            key,
            now=opened.clock.now(),
            grace_s=grace_hours * 3600,
        )
        await opened.auditing.command(made.platform_id, "keys rotate", {"old": key, "new": made.id})
        print_key(made, text, as_json=json_)

    run(config, work)


def keys_list(platform: PlatformId = "", json_: Json = False, config: Config = None) -> None:
    """The keys of a platform, revoked ones included."""

    async def work(opened: House) -> None:
        found = await opened.api_keys.keys(platform or opened.settings.platform_id)
        rows = [_key_row(key) for key in found]
        if json_:
            print_json(rows)
            return
        for key, row in zip(found, rows, strict=True):
            ends = f"until {row['expires_at']}" if row["expires_at"] else "good"
            state = f"revoked {row['revoked_at']}" if row["revoked_at"] else ends
            opens = f"  [{','.join(key.courses)}]" if key.courses else ""
            typer.echo(
                f"{key.id}  {','.join(key.rights)}{opens}  {row['created_at']}  {state}  {key.label}".rstrip()
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
        await opened.auditing.command(platform_id, "keys revoke", {"key_id": key})
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
        await opened.auditing.command(tenant, "tenants create")
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
    token_role: Annotated[
        str,
        typer.Option(help="Highest `role` that its tokens may claim: learn, teach (course teams) or admin."),
    ] = "",
    statements: Annotated[
        bool | None,
        typer.Option(
            "--statements/--no-statements",
            help="Tell xAPI statements of what its learners ask, answer, jump to and complete.",
        ),
    ] = None,
    player_url: Annotated[
        str | None,
        typer.Option(
            help="Template of links into its player: https, with {course_id}, {lesson_id}, {start}, {end}; "
            "empty for the server's (server.player_url).",
            show_default=False,
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            help="Whose midnight ends its learners' days, e.g. Asia/Urumqi; empty for practice.timezone.",
            show_default=False,
        ),
    ] = None,
    no_jwks: Annotated[bool, typer.Option("--no-jwks", help="No public keys.")] = False,
    no_origins: Annotated[bool, typer.Option("--no-origins", help="No page may call.")] = False,
    config: Config = None,
) -> None:
    """Change a platform's name, web origins, public keys, player …; what is given replaces what was."""

    async def work(opened: House) -> None:
        from dataclasses import replace

        from baize.services.who import (
            change_platform,
            checked_origin,
            checked_player_url,
            checked_timezone,
        )

        given: dict[str, Any] = {} if title is None else {"title": title}
        if origins or no_origins:
            given["origins"] = tuple(checked_origin(origin) for origin in origins or ())
        if jwks is not None or no_jwks:
            keys = opened.learner_tokens.checked_keys(read_text(jwks)) if jwks is not None else ""
            given["jwks"] = keys
        if statements is not None:
            given["tells"] = statements
        if player_url is not None:
            given["player_url"] = checked_player_url(player_url)
        if timezone is not None:
            given["timezone"] = checked_timezone(timezone)
        if token_role:
            given["token_role"] = as_role(token_role)
        changed = await change_platform(opened.platforms, tenant, lambda found: replace(found, **given))
        await opened.auditing.command(tenant, "tenants update")
        typer.echo(f"{changed.id}  {changed.title}  {' '.join(changed.origins)}".rstrip())

    run(config, work)


def as_role(text: str) -> Role:
    """
    Raises:
        InvalidInput: it is no role.
    """
    from baize.domain.platform import ROLES
    from baize.errors import InvalidInput

    for role in ROLES:
        if role == text:
            return role
    raise InvalidInput(f"{text!r} is no role.", remedy=f"Use {', '.join(ROLES)}.")


def read_text(path: Path) -> str:
    """
    Raises:
        InvalidInput: there is no such file, or it is no text.
    """
    from baize.errors import InvalidInput

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else "it is no text in UTF-8"
        raise InvalidInput(f"{path} cannot be read: {why}.", remedy="Check the path.") from None


def tenants_secret(tenant: TenantId, json_: Json = False, config: Config = None) -> None:
    """Give a platform a new token secret, shown once; tokens of the one before still pass until the next."""

    async def work(opened: House) -> None:
        from baize.services.who import renew_secret

        renewed = await renew_secret(opened.platforms, tenant)
        await opened.auditing.command(tenant, "tenants secret")
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
    role: Annotated[str, typer.Option(help="teach or admin, where the platform lets tokens claim it.")] = "",
    scopes: Annotated[
        list[str] | None, typer.Option("--scope", help="Only these of its role's scopes; repeatable.")
    ] = None,
    up_to_s: Annotated[
        float | None, typer.Option(help="Finds nothing after this second of --lesson.", min=0)
    ] = None,
    source: Annotated[str, typer.Option(help="The docked source whose own id --learner is.")] = "",
    link_to: Annotated[
        str, typer.Option(help="The platform's learner to whom the source's belongs: a token for linking.")
    ] = "",
    config: Config = None,
) -> None:
    """Sign a learner token, for a trial: in production the platform's own server does."""

    async def work(opened: House) -> None:
        from baize.domain.platform import LearnerClaims
        from baize.domain.search import UpTo
        from baize.errors import InvalidInput
        from baize.services.who import sign_token

        if up_to_s is not None and not lesson:
            raise InvalidInput("--up-to-s is a second of no lesson.", remedy="Name it with --lesson.")
        now = opened.clock.now()
        claims = LearnerClaims(
            tenant,
            learner,
            now + minutes * 60,
            tuple(courses or ()),
            lesson,
            role,
            source=source,
            scopes=tuple(scopes) if scopes else None,
            up_to=None if up_to_s is None else UpTo(lesson, up_to_s),
            issued_at=now,
            link_to=link_to,
        )
        text = await sign_token(opened.platforms, opened.learner_tokens, claims)
        typer.echo(text)

    run(config, work)


def tenants_revoke(
    tenant: TenantId,
    token_id: Annotated[str, typer.Option("--token", help="`jti` of one token.")] = "",
    learner: Annotated[str, typer.Option(help="All tokens of this learner until now.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="All tokens of the platform until now.")] = False,
    config: Config = None,
) -> None:
    """Refuse learner tokens before they expire; servers notice within three seconds."""

    async def work(opened: House) -> None:
        from baize.errors import InvalidInput
        from baize.services.who import read_platform, revoke_tokens

        if sum(map(bool, (token_id, learner, all_))) != 1:
            raise InvalidInput(
                "It is not said which tokens.", remedy="Give one of --token, --learner, --all."
            )
        await read_platform(opened.platforms, tenant)
        chosen = opened.settings.learner_tokens
        made = await revoke_tokens(
            opened.revocations,
            tenant,
            now=opened.clock.now(),
            lifetime_s=chosen.max_lifetime_s + chosen.leeway_s,
            token_id=token_id,
            learner_id=learner,
        )
        await opened.auditing.command(tenant, "tenants revoke", {"kind": made.kind})
        typer.echo(f"Refused until {instant(made.until)}, when all of them have expired.")

    run(config, work)


def tenants_lti(
    tenant: TenantId,
    issuer: Annotated[str, typer.Option(help="`iss` of the learning platform; without it: list them.")] = "",
    client: Annotated[str, typer.Option(help="Our client id there.")] = "",
    auth_url: Annotated[str, typer.Option(help="Its OIDC authentication address.")] = "",
    jwks_url: Annotated[str, typer.Option(help="Where its keys are; its host must be in lti.hosts.")] = "",
    jwks: Annotated[Path | None, typer.Option(help="File with its keys (JWK Set), instead.")] = None,
    deployments: Annotated[
        list[str] | None, typer.Option("--deployment", help="Only these deployments; repeatable.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Let it launch no more.")] = False,
    config: Config = None,
) -> None:
    """Let a learning platform launch the companion (LTI 1.3), change that, or list who may."""

    async def work(opened: House) -> None:
        from baize.domain.lti import LtiRegistration
        from baize.errors import InvalidInput, NotFound

        known = {
            (one.issuer, one.client_id): one for one in await opened.lti_registrations.of_platform(tenant)
        }
        if not issuer:
            for one in known.values():
                typer.echo(f"{one.issuer}  {one.client_id}  {one.auth_url}  {one.jwks_url or 'own keys'}")
            return
        if remove:
            if not await opened.lti_registrations.remove(tenant, issuer, client):
                raise NotFound(
                    f"{tenant} has no {issuer} with {client!r}.", remedy="Leave --issuer out to list."
                )
            await opened.auditing.command(tenant, "tenants lti --remove", {"issuer": issuer})
            typer.echo(f"{issuer} launches no more.")
            return
        if not client or not auth_url:
            raise InvalidInput(
                "--client and --auth-url are missing.", remedy="The learning platform shows both."
            )
        before = known.get((issuer, client))
        made = LtiRegistration(
            tenant,
            issuer,
            client,
            auth_url,
            jwks_url,
            read_text(jwks) if jwks is not None else "",
            tuple(deployments or ()),
            before.private_key if before else opened.lti_messages.new_key(),
        )
        await opened.lti.register(made)
        await opened.auditing.command(tenant, "tenants lti", {"issuer": issuer, "client": client})
        home = opened.settings.lti.public_url.rstrip("/") or "https://SERVER"
        typer.echo(f"login: {home}/lti/login")
        typer.echo(f"redirect and target: {home}/lti/launch")
        typer.echo(f"keys: {home}/lti/jwks")
        try:
            opened.lti.check_keys_address(made)
        except InvalidInput as refused:
            typer.echo(
                f"Warning: {refused.message} Launches fail until its host is in lti.hosts of config.yaml, "
                "or its keys are given with --jwks FILE.",
                err=True,
            )

    run(config, work)


def audit(
    platform: PlatformId = "",
    limit: Annotated[int, typer.Option("-n", help="How many.", min=1, max=10_000)] = 50,
    json_: Json = False,
    config: Config = None,
) -> None:
    """Who changed what, newest first: keys, course teams' edits, ingestion, erasures, commands."""

    async def work(opened: House) -> None:
        found = await opened.audit_log.find(platform or opened.settings.platform_id, limit)
        rows = [
            {
                "at": instant(one.at),
                "who": one.who,
                "action": one.action,
                "what": one.what,
                "status": one.status,
            }
            for one in found
        ]
        if json_:
            print_json(rows)
            return
        for one, row in zip(found, rows, strict=True):
            ended = "cut off" if one.status is None else one.status or "done"
            typer.echo(f"{row['at']}  {ended}  {row['who']}  {row['action']}  {row['what']}".rstrip())
        if not rows:
            typer.echo("Nothing was changed yet.", err=True)

    run(config, work)
