"""POST and GET /v1/statements: xAPI 1.0.3 statements of learners, in and out."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Body, Header, Query
from pydantic import AwareDatetime, Field, ValidationError
from starlette.responses import Response

from baize.api.auth import LearnersCaller, learner_of
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.api.statement_wire import VERSION, Activity, Agent, StatementBody, StatementResult
from baize.domain.platform import Caller
from baize.domain.statement import Statement, StatementQuery
from baize.errors import Conflict, InvalidInput, NotFound
from baize.ports import Statements

router = APIRouter(prefix="/statements", tags=["learners"])

_HEADERS = {"X-Experience-API-Version": VERSION}
_MAX_STATEMENTS = 200
_SET_HERE = ("id", "timestamp", "stored", "authority", "version")

_Several = Annotated[list[StatementBody], Field(min_length=1, max_length=_MAX_STATEMENTS)]
Version = Annotated[str, Header(alias="X-Experience-API-Version", description="1.0.x")]


@router.post("", summary="Statements of what learners did", responses=problems(401, 403, 409, 413, 422))
async def put(
    caller: LearnersCaller,
    house: CurrentHouse,
    body: Annotated[
        StatementBody | Annotated[list[StatementBody], Field(min_length=1, max_length=_MAX_STATEMENTS)],
        Body(),
    ],
    version: Version = VERSION,
) -> list[str]:
    """One statement or a list; all are kept or none. Gives their ids.

    A learner token speaks for its own learner: `actor.account.name`. Sending the same statement again
    changes nothing; another one under an id that is taken is a conflict.
    """
    _check(version)
    bodies = body if isinstance(body, list) else [body]
    now = house.clock.now()
    made = [_statement(caller, one, now) for one in bodies]
    ids = [one.id for one in made]
    if len(set(ids)) < len(ids):
        raise InvalidInput("Two statements have the same id.", remedy="Send each once.")
    await _refuse_others(house.statements, made)
    if await house.doorkeeper.tells(caller.platform_id):
        await house.telling.forward(made)
    await house.statements.put(made)
    # Whoever else put one of these ids meanwhile was first.
    await _refuse_others(house.statements, made)
    return ids


@router.get("", summary="Statements", responses=problems(401, 403, 404, 422), response_model=None)
async def get(
    caller: LearnersCaller,
    house: CurrentHouse,
    statement_id: Annotated[uuid.UUID | None, Query(alias="statementId")] = None,
    agent: Annotated[str | None, Query(max_length=2000, description="An agent as JSON.")] = None,
    learner_id: Annotated[str | None, Query(pattern=ID_REGEX)] = None,
    verb: Annotated[str, Query(max_length=2000)] = "",
    activity: Annotated[str, Query(max_length=2000)] = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=0, le=500)] = 100,
    ascending: bool = False,
    cursor: Annotated[str, Query(pattern=r"^(\d{1,12}\.\d{1,9}~[0-9a-f-]{36})?$")] = "",
    version: Version = VERSION,
) -> Response:
    """A StatementResult, latest first; or, with `statementId`, that statement.

    A learner token sees its own learner's; a platform key all of the platform's, or those of `agent` or
    `learner_id`.
    """
    _check(version)
    if statement_id is not None:
        found = await house.statements.get(caller.platform_id, [str(statement_id)])
        if not found or not caller.owns(found[0].learner_id):
            raise NotFound(f"There is no statement {statement_id}.", remedy="GET /v1/statements lists them.")
        return Response(found[0].body, headers=_HEADERS, media_type="application/json")
    if agent is not None and learner_id is not None:
        raise InvalidInput("agent and learner_id name the same thing.", remedy="Send one of them.")
    query = StatementQuery(
        learner_of(caller, _named(agent) if agent is not None else learner_id),
        verb,
        activity,
        since.timestamp() if since else None,
        until.timestamp() if until else None,
        ascending,
        _place(cursor),
    )
    # The specification's 0 is "as many as you give".
    n = limit or 500
    found = await house.statements.find(caller.platform_id, query, n + 1)
    asked = {
        "learner_id": query.learner_id,
        "verb": verb,
        "activity": activity,
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
        "limit": str(n),
        "ascending": "true" if ascending else "",
    }
    more = _more(asked, found[n - 1]) if len(found) > n else ""
    result = StatementResult(statements=[json.loads(one.body) for one in found[:n]], more=more)
    return json_response(result, _HEADERS)


async def _refuse_others(statements: Statements, made: list[Statement]) -> None:
    """
    Raises:
        Conflict: an id is taken by another statement.
    """
    kept = await statements.get(made[0].platform_id, [one.id for one in made])
    given = {one.id: one for one in made}
    for one in kept:
        if one.learner_id != given[one.id].learner_id or _said(one) != _said(given[one.id]):
            raise Conflict(f"The id {one.id} is another statement's.", remedy="Make a new UUID.")


def _said(statement: Statement) -> dict[str, Any]:
    """What makes two statements the same: all but what is set here."""
    return {name: value for name, value in json.loads(statement.body).items() if name not in _SET_HERE}


def _statement(caller: Caller, body: StatementBody, now: float) -> Statement:
    learner_id = learner_of(caller, body.actor.account.name)
    statement_id = str(body.id or uuid.uuid4())
    stored = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    told = body.model_dump(mode="json", exclude_none=True) | {
        "id": statement_id,
        "stored": stored,
        "version": body.version or "1.0.0",
        "authority": {
            "objectType": "Agent",
            "account": {"homePage": f"urn:baize:platform:{quote(caller.platform_id)}", "name": "baize"},
        },
    }
    told.setdefault("timestamp", stored)
    return Statement(
        caller.platform_id,
        statement_id,
        learner_id,
        body.verb.id,
        body.object.id if isinstance(body.object, Activity) else "",
        now,
        json.dumps(told, ensure_ascii=False, separators=(",", ":")),
    )


def _named(agent: str) -> str:
    try:
        return Agent.model_validate_json(agent).account.name
    except ValidationError:
        raise InvalidInput(
            "agent is no agent with an account.", remedy='{"account": {"homePage": …, "name": learner id}}'
        ) from None


def _check(version: str) -> None:
    if version != "1.0" and not version.startswith("1.0."):
        raise InvalidInput("This speaks xAPI 1.0.x.", remedy=f"Send X-Experience-API-Version: {VERSION}.")


def _place(cursor: str) -> tuple[float, str] | None:
    stored_at, _, statement_id = cursor.partition("~")
    return (float(stored_at), statement_id) if statement_id else None


def _more(asked: dict[str, str], last: Statement) -> str:
    kept = {name: value for name, value in asked.items() if value}
    # `repr` gives the very same float back.
    return "/v1/statements?" + urlencode(kept | {"cursor": f"{last.stored_at!r}~{last.id}"})
