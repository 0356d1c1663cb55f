"""Requests that are built from the first one are those that the SDK would have built; so are the errors."""

from collections.abc import Callable

import httpx2
import pytest
from openai import AsyncOpenAI, OpenAIError

from baize.adapters.openai_posts import PostingOpenAI

pytestmark = pytest.mark.anyio
Answer = Callable[[httpx2.Request], httpx2.Response]


def _client(kind: type[AsyncOpenAI], answer: Answer) -> AsyncOpenAI:
    settings = {} if kind is PostingOpenAI else {"max_retries": 0}
    return kind(
        base_url="http://endpoint.test/v1",
        api_key="sk-test",
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer), follow_redirects=True),
        **settings,
    )


async def _post(client: AsyncOpenAI, body: bytes) -> httpx2.Response:
    if isinstance(client, PostingOpenAI):
        return await client.post_bytes("/chat/completions", body)
    response: httpx2.Response = await client.post(
        "/chat/completions", content=body, cast_to=httpx2.Response, stream=True
    )
    return response


async def _sent(kind: type[AsyncOpenAI], bodies: list[bytes]) -> list[httpx2.Request]:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json={})

    async with _client(kind, answer) as client:
        for body in bodies:
            await _post(client, body)
    return sent


async def test_every_request_is_as_the_sdk_builds_it() -> None:
    bodies = [b'{"n":1}', b'{"n":22, "q":"\xe6\xb0\xb4"}', b'{"n":333}']

    ours, theirs = await _sent(PostingOpenAI, bodies), await _sent(AsyncOpenAI, bodies)

    assert [request.content for request in ours] == bodies
    for mine, its in zip(ours, theirs, strict=True):
        assert (mine.method, mine.url, mine.extensions) == (its.method, its.url, its.extensions)
        assert sorted(mine.headers.multi_items()) == sorted(its.headers.multi_items())


def _refuse(status: int) -> Answer:
    return lambda _: httpx2.Response(status, json={"error": {"code": "busy", "message": "later"}})


def _fail(error: type[httpx2.TransportError]) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error("no", request=request)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        *(_refuse(status) for status in (304, 400, 401, 402, 404, 409, 422, 429, 500, 503)),
        *map(_fail, (httpx2.ReadTimeout, httpx2.ConnectTimeout, httpx2.ConnectError, httpx2.ReadError)),
        lambda _: httpx2.Response(307, headers={"location": "/v1/chat/completions"}),
    ],
)
async def test_every_failure_is_told_as_the_sdk_tells_it(answer: Answer) -> None:
    """Refusals with their words, silence, a connection that does not come about, redirects without end."""
    told = []
    for kind in (PostingOpenAI, AsyncOpenAI):
        async with _client(kind, answer) as client:
            with pytest.raises(OpenAIError) as failed:
                await _post(client, b"{}")
        error = failed.value
        told.append((type(error), str(error), getattr(error, "body", None), type(error.__cause__)))
    assert told[0] == told[1]


async def test_what_is_kept_holds_no_words() -> None:
    async with _client(PostingOpenAI, _refuse(200)) as client:
        await _post(client, b"a learner's words")
        assert isinstance(client, PostingOpenAI)
        (first,) = client._first.values()
    assert first.read() == b""
