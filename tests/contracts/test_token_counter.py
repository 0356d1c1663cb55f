"""The port `TokenCounter`: the double, DeepSeek's vocabulary, and a tiktoken encoding from a file."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baize.adapters.tokens_deepseek import DeepSeekTokenCounter
from baize.adapters.tokens_tiktoken import TiktokenTokenCounter
from baize.ports import TokenCounter
from baize.testing.simple_token_counter import SimpleTokenCounter

TEXTS = st.text(st.sampled_from("学习率过大会怎样，。the learning rate 0123 👍\n"), max_size=60)


@pytest.fixture(scope="module", params=["double", "deepseek", "tiktoken"])
def counter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TokenCounter:
    match request.param:
        case "double":
            return SimpleTokenCounter()
        case "deepseek":
            return DeepSeekTokenCounter()
    file = tmp_path_factory.mktemp("vocabulary") / "small.tiktoken"
    write_vocabulary(file, ["le", "ar", "ear", "lear", "学".encode()[:2], "学"])
    return TiktokenTokenCounter("cl100k_base", vocabulary=file)


def write_vocabulary(file: Path, merged: list[str | bytes]) -> None:
    """All single bytes and these merges, in tiktoken's format."""
    tokens = [bytes([n]) for n in range(256)] + [t if isinstance(t, bytes) else t.encode() for t in merged]
    lines = (base64.b64encode(token).decode() + f" {rank}" for rank, token in enumerate(tokens))
    file.write_text("\n".join(lines) + "\n")


def test_nothing_is_no_token(counter: TokenCounter) -> None:
    """An empty text costs nothing."""
    assert counter.count("") == 0


def test_some_text_is_some_tokens(counter: TokenCounter) -> None:
    """Counts grow with the text and stay below its bytes."""
    assert 0 < counter.count("学习率") <= counter.count("学习率过大，损失会震荡。") <= 36


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(first=TEXTS, second=TEXTS)
def test_counts_nearly_add_up(counter: TokenCounter, first: str, second: str) -> None:
    """Budgets may be added up piece by piece: a joint changes the sum by a few tokens at most."""
    apart = counter.count(first) + counter.count(second)
    assert abs(counter.count(f"{first}\n\n{second}") - apart) <= 6
    assert counter.count(first) == counter.count(first)


def test_works_without_a_network(counter: TokenCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is opened, not even to look whether there is something to download."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a token counter opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    fresh = type(counter)() if not isinstance(counter, TiktokenTokenCounter) else counter
    assert fresh.count("离线也能数 offline") > 0


def test_it_has_a_name(counter: TokenCounter) -> None:
    """The name goes into cache keys."""
    assert counter.name
