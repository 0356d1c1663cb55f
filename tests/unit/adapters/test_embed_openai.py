"""What `OpenAIEmbedder` sends, and what it refuses to take."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from baize.adapters.embed_openai import OpenAIEmbedder
from baize.errors import InvalidSettings, UpstreamRejected
from tests.servers.deepseek import DeepSeekServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[DeepSeekServer]:
    with DeepSeekServer(dim=32) as running:
        yield running


@pytest.fixture
async def embedder(server: DeepSeekServer) -> AsyncIterator[OpenAIEmbedder]:
    server.reset()
    embedder = OpenAIEmbedder(
        base_url=server.base_url,
        api_key="sk-1",
        model="e5",
        dim=32,
        query_prefix="query: ",
        passage_prefix="passage: ",
        batch_size=2,
    )
    yield embedder
    await embedder.close()


async def test_batches_and_prefixes(embedder: OpenAIEmbedder, server: DeepSeekServer) -> None:
    """No request is larger than a batch; each side has its prefix; numbers come as numbers."""
    await embedder.embed_passages(["一", "二", "三"])
    await embedder.embed_query("四")
    bodies = [request.body for request in server.requests]
    assert [body["input"] for body in bodies] == [
        ["passage: 一", "passage: 二"],
        ["passage: 三"],
        ["query: 四"],
    ]
    assert {body["encoding_format"] for body in bodies} == {"float"}
    assert {body["model"] for body in bodies} == {"e5"}


async def test_order_follows_the_index(embedder: OpenAIEmbedder, server: DeepSeekServer) -> None:
    """The scripted endpoint answers backwards; vectors stand in the order of the texts."""
    vectors = await embedder.embed_passages(["学习率", "番茄"])
    expected = await server.embedder.embed_passages(["passage: 学习率", "passage: 番茄"])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


async def test_another_length_is_a_wrong_setting(server: DeepSeekServer) -> None:
    """A model that was swapped behind the endpoint is noticed before its vectors reach the index."""
    embedder = OpenAIEmbedder(base_url=server.base_url, api_key="", model="e5", dim=384)
    with pytest.raises(InvalidSettings, match=r"\[32\] numbers, not 384"):
        await embedder.embed_query("学习率")
    await embedder.close()


async def test_a_wrong_address_is_named(server: DeepSeekServer) -> None:
    """A 404 names the endpoint and what to check."""
    embedder = OpenAIEmbedder(base_url=server.base_url + "/wrong", api_key="", model="e5", dim=32)
    with pytest.raises(UpstreamRejected, match=r"embedding endpoint .* 404.*base URL"):
        await embedder.embed_query("学习率")
    await embedder.close()


async def test_the_passage_prefix_is_a_part_of_the_space(embedder: OpenAIEmbedder) -> None:
    """Other prefixes make other vectors, so they must not share a collection."""
    other = OpenAIEmbedder(base_url="http://localhost/v1", api_key="", model="e5", dim=32)
    assert embedder.name != other.name
    await other.close()
