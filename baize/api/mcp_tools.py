"""The tools that an agent gets over the Model Context Protocol, by the official SDK.

Each does what a route does, for the same caller: search, ask, and read a lesson.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp

from baize.api.artefact_wire import KeyPointsBody, SummaryBody, key_points_body, summary_body
from baize.api.auth import check_right
from baize.api.catalog_wire import ChaptersBody, LessonBody, chapters_body, lesson_body
from baize.api.cors import CALLER
from baize.api.field_words import wrong_fields
from baize.api.links import PlayerLinks
from baize.api.mapping import Mapper
from baize.api.problems import problem_of
from baize.api.requests import AnswerRequest, SearchRequest
from baize.api.routes.answers import whole
from baize.api.wire import AnswerBody, SearchResponse
from baize.bootstrap import House
from baize.domain.platform import Caller, Right
from baize.domain.practice import Mode
from baize.errors import NotFound
from baize.services.search import Kind
from baize.services.summarize import read_prepared
from baize.services.who import within

_INSTRUCTIONS = (
    "Bai Ze answers questions about courses from the courses themselves. Every sentence of an answer carries "
    "[n]; `citations` say in which lesson and at which second it was said. Show `label` beside an answer: it "
    "is AI-made. A refusal means that the courses do not cover the question: say so, do not answer yourself."
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_Ids = Annotated[list[str] | None, Field(description="Only these; without them, all that you may see.")]


class LessonPage(BaseModel):
    """A lesson with what was prepared for it, each line with its moment."""

    lesson: LessonBody
    chapters: ChaptersBody
    summary: SummaryBody | None = None
    key_points: KeyPointsBody | None = None


class Tools:
    """
    Args:
        app: has the house, its warmth and the links into the player.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def search(
        self,
        query: Annotated[str, Field(description="Words or a question, in Chinese or English.")],
        ctx: Context[Any, Request],
        course_ids: _Ids = None,
        lesson_ids: _Ids = None,
        kind: Annotated[Kind, Field(description="What to list.")] = "moments",
        k: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> SearchResponse:
        """Find moments (a sentence and its second), lessons or courses, best first."""
        scope = {"course_ids": course_ids or [], "lesson_ids": lesson_ids or []}
        with _told():
            caller, house = await self._who(ctx, "read")
            body = SearchRequest.model_validate({"query": query, "scope": scope, "kind": kind, "k": k})
            narrowed = await within(caller, body.scope.scope(caller.platform_id), house.catalog)
            results = await house.searching.search(body.query, narrowed, kind=body.kind, k=body.k)
            return self._mapper(caller).results(results)

    async def ask(
        self,
        question: Annotated[str, Field(description="One question about the courses.")],
        ctx: Context[Any, Request],
        course_ids: _Ids = None,
        lesson_ids: _Ids = None,
        conversation_id: Annotated[str | None, Field(description="Of an earlier answer.")] = None,
        mode: Annotated[Mode, Field(description="`guide` hints at an exercise, `test` asks.")] = "explain",
        language: Annotated[str | None, Field(description="Of the answer, e.g. `zh`.")] = None,
    ) -> AnswerBody:
        """Ask; the answer is from the courses alone, each sentence cited to a second or a page."""
        with _told():
            caller, house = await self._who(ctx, "ask")
            body = AnswerRequest.model_validate(
                {
                    "question": question,
                    "scope": {"course_ids": course_ids or [], "lesson_ids": lesson_ids or []},
                    "conversation_id": conversation_id,
                    "mode": mode,
                    "language": language,
                }
            )
            scope = await within(caller, body.scope.scope(caller.platform_id), house.kept_catalog)
            prepared = await house.answering.prepare(
                body.to_question(scope, caller.learner_id, caller.clock_zone)
            )
            with house.live.place():
                return self._mapper(caller).answer(await whole(house.answering, prepared))

    async def lesson(self, lesson_id: str, ctx: Context[Any, Request]) -> LessonPage:
        """A lesson: title, chapters, summary and key points, each line with its second."""
        with _told():
            caller, house = await self._who(ctx, "read")
            found = await house.catalog.lesson(caller.platform_id, lesson_id)
            if found is None or not caller.sees(found.course_id):
                raise NotFound(f"There is no lesson {lesson_id!r}.", remedy="Find one with `search`.")
            page = LessonPage(lesson=lesson_body(found, self._links(caller)), chapters=chapters_body(found))
            try:
                prepared = await read_prepared(house.catalog, house.artefacts, found.platform_id, found.id)
            except NotFound:
                return page
            return page.model_copy(
                update={"summary": summary_body(prepared), "key_points": key_points_body(prepared)}
            )

    async def _who(self, ctx: Context[Any, Request], right: Right) -> tuple[Caller, House]:
        request = ctx.request_context.request
        if request is None:
            raise RuntimeError("a tool was called without a request")
        check_right(request.scope["state"][CALLER], right)
        await self._app.state.warmth.wait()
        return request.scope["state"][CALLER], self._app.state.house

    def _mapper(self, caller: Caller) -> Mapper:
        return Mapper(caller.platform_id, self._links(caller))

    def _links(self, caller: Caller) -> PlayerLinks:
        links: PlayerLinks = self._app.state.links
        return links.of(caller.player_url)


class _told:  # noqa: N801 - reads as a statement: `with _told():`
    """Failures become the tool's own error, in the words of the problem that a route would send.

    The SDK would log any other exception with its message, which may quote a learner.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ValidationError):
            # Built of the tool's own arguments, one level of them: no place names a branch.
            raise ToolError(_in_words(error, None)) from None
        if isinstance(error, Exception):
            problem = problem_of(error)
            raise ToolError(
                " ".join(filter(None, [problem.detail, problem.remedy, problem.instance]))
            ) from None


class _Server(MCPServer):
    """The SDK's own check of arguments, in the words of the other doors; it quotes what was sent."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            words = _in_words(error.__cause__, arguments)
        raise ToolError(f"Error executing tool {name}: {words}")


def _in_words(error: ValidationError, sent: Any) -> str:
    """Which arguments are wrong, and what each must be."""
    wrong = wrong_fields([(entry["loc"], dict(entry)) for entry in error.errors()], sent)
    # The scope's lists are arguments of the tools themselves.
    return "; ".join(f"{one.dotted.removeprefix('scope.')}: {one.message}" for one in wrong) + "."


@asynccontextmanager
async def door_of(app: FastAPI, version: str) -> AsyncIterator[ASGIApp]:
    """The protocol's endpoint (Streamable HTTP): no sessions, so any worker and replica serves any call."""
    server = _Server("baize", title="Bai Ze 白泽", instructions=_INSTRUCTIONS, version=version)
    tools = Tools(app)
    for tool in (tools.search, tools.ask, tools.lesson):
        server.add_tool(tool, annotations=_READS)
    manager = StreamableHTTPSessionManager(server._lowlevel_server, json_response=True, stateless=True)
    async with manager.run():
        yield manager.handle_request
