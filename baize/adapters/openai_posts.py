"""The openai SDK's client, for who posts bytes to the same address again and again."""

from __future__ import annotations

from typing import Any

import httpx2
from openai import AsyncOpenAI
from openai._models import FinalRequestOptions


class PostingOpenAI(AsyncOpenAI):
    """Builds the request of an address once; those that follow differ in their bytes alone.

    The SDK makes the URL and some twenty headers anew for each call, half of what its own part of a call
    costs, and they are always the same: one key, no options. How it sends, authenticates and tells errors
    stays as it is. `_build_request` is what the SDK's own client for Azure overrides, too.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._first: dict[str, httpx2.Request] = {}
        self._posts: dict[str, FinalRequestOptions] = {}

    async def post_bytes(self, path: str, content: bytes, response: type[httpx2.Response]) -> httpx2.Response:
        """The response, its body not yet read. As the SDK's own `post`, which makes all options anew.

        Raises:
            openai.OpenAIError: as `AsyncOpenAI` does.
        """
        options = self._posts.get(path)
        if options is None:
            options = self._posts[path] = FinalRequestOptions.construct(method="post", url=path)
        asked = options.model_copy(update={"content": content})
        return await self.request(response, asked, stream=True)

    @property
    def user_agent(self) -> str:
        """The SDK's own, which it makes of the name of the class."""
        return super().user_agent.replace(type(self).__name__, AsyncOpenAI.__name__, 1)

    def _build_request(self, options: FinalRequestOptions, *, retries_taken: int = 0) -> httpx2.Request:
        if retries_taken or not isinstance(options.content, bytes):
            return super()._build_request(options, retries_taken=retries_taken)
        first = self._first.get(options.url)
        if first is None:
            built = super()._build_request(options, retries_taken=retries_taken)
            headers = [pair for pair in built.headers.multi_items() if pair[0] != "content-length"]
            # Without its bytes, which are a learner's words.
            empty = httpx2.ByteStream(b"")
            first = httpx2.Request(
                built.method, built.url, headers=headers, stream=empty, extensions=built.extensions
            )
            self._first[options.url] = first
        return httpx2.Request(
            first.method,
            first.url,
            headers=first.headers,
            content=options.content,
            extensions=first.extensions,
        )
