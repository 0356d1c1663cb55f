"""Random replies of a chat endpoint: mostly almost right, each wrong in some way that a gateway might be."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.servers.wire import BLANK, DONE, KEEP_ALIVE, Cut, Failure, Pause, Piece, Raw, Script, chunk, data

_TEXTS = (
    "学习率",
    "过大会震荡 ",
    "[1]",
    "。",
    "",
    " ",
    "\n",
    "👍",
    "\x00",
    "a" * 300,
    "NOT_COVERED",
    "\ud7ff",
)
_ODD: tuple[Any, ...] = (None, "", 0, -1, 1.5, True, [], {}, [None], {"x": 1}, "stop", 10**30)
_STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529)
_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"retry-after": "0"},
    {"retry-after": "9999"},
    {"retry-after": "soon"},
    {"retry-after": "1e400"},
    {"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"},
    {"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"},
    {"content-type": "text/html"},
)
_GARBAGE = (
    b"data: {broken\n\n",
    b"data: \xff\xfe\n\n",
    b"data:\n\n",
    b"data: null\n\n",
    b"data: " + b"[" * 5000 + b"\n\n",
    b"data: []\n\n",
    b"data: 7\n\n",
    b'data: "text"\n\n',
    b"event: ping\n\n",
    b"id: 3\nretry: 10\n",
    b"<html>bad gateway</html>\n",
    b"\r\n\r\n",
    b"\n\n\n",
    b"\x00\x01",
    b"data: [DONE]",
    b'data: {"choices": [{"delta":\ndata: {"content": "x"}}]}\n\n',
)


def random_script(rng: Random) -> Script:
    """One reply."""
    if rng.random() < 0.1:
        body: object = rng.choice(
            [{"error": {"message": "x", "type": "t"}}, {"error": "x"}, [], "text", None]
        )
        return Failure(rng.choice(_STATUSES), body, rng.choice(_HEADERS))
    pieces = [_random_piece(rng) for _ in range(rng.randrange(12))]
    if rng.random() < 0.7:
        pieces.append(
            chunk({"content": ""}, finish=rng.choice(["stop", "length", "content_filter", "tool_calls"]))
        )
    if rng.random() < 0.7:
        pieces.append(DONE)
    return pieces if rng.random() < 0.7 else _chopped(rng, pieces)


def _random_piece(rng: Random) -> Piece:
    match rng.randrange(10):
        case 0:
            return rng.choice([KEEP_ALIVE, BLANK])
        case 1:
            return Raw(rng.choice(_GARBAGE))
        case 2:
            return Cut() if rng.random() < 0.3 else Pause(0)
        case 3:
            return data({"error": rng.choice([{"message": "x", "type": "server_error"}, "x", 7, None])})
        case 4 | 5:
            return data(_odd_event(rng))
        case 6:
            return chunk(
                {"content": None, rng.choice(["reasoning_content", "reasoning"]): rng.choice(_TEXTS)}
            )
        case _:
            return chunk({"content": rng.choice(_TEXTS)})


def _odd_event(rng: Random) -> dict[str, Any]:
    """A chunk of which some fields are missing or of another type."""
    delta: Any = {"content": rng.choice(_TEXTS)}
    choice: Any = {"index": 0, "delta": delta, "finish_reason": None}
    usage: Any = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    event: Any = {"id": "c", "model": "m", "choices": [choice], "usage": usage}
    for place, names in ((delta, ["content", "reasoning_content"]), (choice, ["delta", "finish_reason"])):
        if rng.random() < 0.4:
            place[rng.choice(names)] = rng.choice(_ODD)
    if rng.random() < 0.4:
        usage[rng.choice(["prompt_tokens", "prompt_cache_hit_tokens", "prompt_tokens_details"])] = rng.choice(
            _ODD
        )
    if rng.random() < 0.4:
        event[rng.choice(["choices", "usage", "model", "error"])] = rng.choice(_ODD)
    if rng.random() < 0.1:
        del event[rng.choice(["choices", "usage", "model"])]
    return event  # type: ignore[no-any-return]  # built as Any, because it is meant to be wrong


def _chopped(rng: Random, pieces: list[Piece]) -> list[Piece]:
    """The same, each piece of bytes sent in two parts."""
    parts: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Raw) and piece.data:
            cut = rng.randrange(len(piece.data) + 1)
            parts += [Raw(piece.data[:cut]), Raw(piece.data[cut:])]
        else:
            parts.append(piece)
    return parts


def described(script: Script) -> str:
    """For the report of a stream that was not handled."""
    if isinstance(script, Failure):
        return json.dumps({"status": script.status, "body": script.body, "headers": dict(script.headers)})
    return repr([piece.data if isinstance(piece, Raw) else piece for piece in script])
