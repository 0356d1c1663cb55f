"""Bai Ze's search as a LangChain retriever and tool, for chains and agents that others build.

`BaizeRetriever(search=…)` is given the search use case of `baize/services/`; needs `baize[langchain]`.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import BaseModel

from baize.domain.locator import Locator, TextSpan, TimeSpan, format_timestamp, locator_to_dict
from baize.domain.search import Moment
from baize.errors import DependencyUnavailable

try:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.prompts import PromptTemplate
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import BaseTool, create_retriever_tool
except ImportError as error:
    raise DependencyUnavailable(
        "langchain-core is not installed.", remedy="Run `pip install 'baize[langchain]'`."
    ) from error

_TOOL_NAME = "search_courses"
_TOOL_DESCRIPTION = "Search the course's videos and documents. Gives passages with their lesson and place."
_TOOL_PASSAGE = "{lesson_title} ({place}): {page_content}"

_starting = threading.Lock()


class BaizeRetriever(BaseRetriever):
    """Moments as documents: the chunk's text, and in the metadata where it was said.

    Use it from async code. LangChain's synchronous calls run in one background event loop that lives as
    long as the process, so `search` must not be tied to another loop.

    Attributes:
        search: question to moments, best first.
        link: a moment's link into the platform's player; documents have no `url` without it.
    """

    search: Callable[[str], Awaitable[list[Moment]]]
    link: Callable[[Moment], str] | None = None

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        return await self._documents(query)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        with _starting:
            portal = _background_loop()
        return portal.call(self._documents, query)

    def as_tool(
        self,
        args_schema: type[BaseModel] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, type] | None = None,
    ) -> BaseTool:
        """The retriever as a tool that a model can call; its one argument is always `query`."""
        del args_schema, arg_types
        return create_retriever_tool(
            self,
            name=name or _TOOL_NAME,
            description=description or _TOOL_DESCRIPTION,
            document_prompt=PromptTemplate.from_template(_TOOL_PASSAGE),
        )

    async def _documents(self, query: str) -> list[Document]:
        return [self._document(moment) for moment in await self.search(query)]

    def _document(self, moment: Moment) -> Document:
        chunk, locator = moment.hit.chunk, moment.focus.locator
        metadata: dict[str, Any] = {
            "course_id": chunk.course_id,
            "lesson_id": chunk.lesson_id,
            "lesson_title": chunk.lesson_title,
            "locator": locator_to_dict(locator),
            "place": _place(locator),
            "score": moment.hit.score,
        }
        if isinstance(locator, TimeSpan):
            metadata |= {"start": locator.start, "end": locator.end}
        if self.link is not None:
            metadata["url"] = self.link(moment)
        return Document(page_content=chunk.text, metadata=metadata, id=chunk.id)


def _place(locator: Locator) -> str:
    match locator:
        case TimeSpan(start):
            return format_timestamp(start)
        case TextSpan(file, page=page):
            return file if page is None else f"{file}, {page}"
        case _:
            return "FAQ"


@cache
def _background_loop() -> BlockingPortal:
    """One loop for all synchronous calls: a loop per call would break the connections that searches pool."""
    opened = start_blocking_portal()
    portal = opened.__enter__()
    atexit.register(opened.__exit__, None, None, None)
    return portal
