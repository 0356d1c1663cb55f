"""A reply that was hung up on: what is still told of it does nothing."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from baize.adapters.openai_incoming import Incoming, Rounds
from baize.adapters.openai_reply import OpenAIReply
from baize.errors import UpstreamBusy

pytestmark = pytest.mark.anyio

LINE = 'data: {"choices": [{"delta": {"content": "答。"}}]}\n\n'.encode()


@pytest.mark.parametrize("told", ["end", "text and end", "failure"])
async def test_an_end_that_is_told_behind_the_close_is_harmless(told: str) -> None:
    """It comes with the next turn of the loop: whoever asked may have left in this one."""
    loop = asyncio.get_running_loop()
    unhandled: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unhandled.append(context))
    content = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    body, reply, rounds, now = Mock(content=content), Mock(wraps=OpenAIReply()), Rounds(), loop.time()
    incoming = Incoming(
        rounds, body, reply, first_by=now, silence_s=1.0, deadline=now, too_silent=UpstreamBusy("silent")
    )
    if told == "text and end":
        content.feed_data(LINE)
    if told == "failure":
        content.set_exception(ConnectionResetError())
    content.feed_eof()
    incoming.close()
    for _ in range(3):
        await asyncio.sleep(0)
    loop.set_exception_handler(None)

    assert unhandled == []
    assert reply.read.call_count == 0, "nobody waits for it"
    async with asyncio.timeout(5):
        assert await incoming.next() == []
    assert rounds._incoming == set()
    assert rounds._timer is None
    body.close.assert_called_once()
