"""The openai SDK's client, for who posts bytes to the same address again and again."""

from __future__ import annotations

from typing import Any

import httpx2
from openai import APIConnectionError, APITimeoutError, AsyncOpenAI
from openai._models import FinalRequestOptions


class PostingOpenAI(AsyncOpenAI):
    """Builds the request of an address once; those that follow differ in their bytes alone.

    The SDK makes options, the URL and some twenty headers anew for each call, most of what its own part of a
    call costs, and they are always the same: one key, no options, no retries of its own. How it sends,
    authenticates and words errors stays as it is.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, max_retries=0)
        self._first: dict[str, httpx2.Request] = {}

    async def post_bytes(self, path: str, content: bytes) -> httpx2.Response:
        """The response, its body not yet read. As the SDK's own `post`, which makes everything anew.

        Raises:
            openai.OpenAIError: as `AsyncOpenAI` does.
        """
        request = self._posting(path, content)
        try:
            response = await self._send_request(request, stream=True)
        except httpx2.TimeoutException as cause:
            raise APITimeoutError(request=request) from cause
        except httpx2.HTTPError as cause:
            raise APIConnectionError(request=request) from cause
        if not response.is_success:
            await response.aread()
            raise self._make_status_error_from_response(response)
        return response

    @property
    def user_agent(self) -> str:
        """The SDK's own, which it makes of the name of the class."""
        return super().user_agent.replace(type(self).__name__, AsyncOpenAI.__name__, 1)

    def _posting(self, path: str, content: bytes) -> httpx2.Request:
        first = self._first.get(path)
        if first is None:
            options = FinalRequestOptions.construct(method="post", url=path, content=content)
            built = self._build_request(options)
            headers = [pair for pair in built.headers.multi_items() if pair[0] != "content-length"]
            # Without its bytes, which are a learner's words.
            empty = httpx2.ByteStream(b"")
            first = httpx2.Request(
                built.method, built.url, headers=headers, stream=empty, extensions=built.extensions
            )
            self._first[path] = first
        return httpx2.Request(
            first.method, first.url, headers=first.headers, content=content, extensions=first.extensions
        )
