"""What a stream begins with, whether its first event is at hand or not."""

from collections.abc import AsyncGenerator

import pytest

from baize.api.sse import padded


async def _said(*frames: bytes) -> AsyncGenerator[bytes]:
    for frame in frames:
        yield frame


@pytest.mark.parametrize(("at_once", "n_writes"), [(False, 2), (True, 3)])
@pytest.mark.anyio
async def test_the_bytes_are_the_same_however_many_writes_they_take(at_once: bool, n_writes: int) -> None:
    written = [part async for part in padded(_said(b"id: 1\n\n", b"id: 2\n\n"), at_once=at_once)]

    assert len(written) == n_writes
    assert len(written[0]) > 2048
    whole = b"".join(written)
    assert whole.startswith(b": ")
    assert whole.lstrip(b": \n") == b"id: 1\n\nid: 2\n\n"
