"""Requests that are built from the first one are those that the SDK would have built."""

import httpx2
import pytest
from openai import AsyncOpenAI, RateLimitError

from baize.adapters.openai_posts import PostingOpenAI


async def _sent(kind: type[AsyncOpenAI], bodies: list[bytes]) -> list[httpx2.Request]:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json={})

    client = kind(
        base_url="http://endpoint.test/v1",
        api_key="sk-test",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    )
    for body in bodies:
        if isinstance(client, PostingOpenAI):
            await client.post_bytes("/chat/completions", body, httpx2.Response)
        else:
            await client.post("/chat/completions", content=body, cast_to=httpx2.Response, stream=True)
    await client.close()
    return sent


@pytest.mark.anyio
async def test_every_request_is_as_the_sdk_builds_it() -> None:
    bodies = [b'{"n":1}', b'{"n":22, "q":"\xe6\xb0\xb4"}', b'{"n":333}']

    ours, theirs = await _sent(PostingOpenAI, bodies), await _sent(AsyncOpenAI, bodies)

    assert [request.content for request in ours] == bodies
    for mine, its in zip(ours, theirs, strict=True):
        assert (mine.method, mine.url, mine.extensions) == (its.method, its.url, its.extensions)
        assert sorted(mine.headers.multi_items()) == sorted(its.headers.multi_items())


@pytest.mark.anyio
async def test_what_is_kept_holds_no_words_and_a_retry_is_the_sdks_own() -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(429, json={"error": {"code": "busy"}}, headers={"retry-after-ms": "1"})

    transport = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    client = PostingOpenAI(base_url="http://a.test/v1", api_key="k", max_retries=1, http_client=transport)
    for body in (b"a learner's words", b"{}"):
        with pytest.raises(RateLimitError):
            await client.post_bytes("/chat/completions", body, httpx2.Response)
    await client.close()

    assert [request.content for request in sent] == [b"a learner's words"] * 2 + [b"{}"] * 2
    assert [request.headers["x-stainless-retry-count"] for request in sent] == ["0", "1"] * 2
    (first,) = client._first.values()
    assert first.read() == b""
