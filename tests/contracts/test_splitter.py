"""The port `Splitter`: the double, and LangChain's recursive splitter."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baize.adapters.split_langchain import LangchainSplitter
from baize.ports import Splitter
from baize.testing.paragraph_splitter import ParagraphSplitter

CHARS = 40
TEXTS = st.text(st.sampled_from("学习率过大。！？，、 .a b\n\r\t\u3000"), max_size=400)


@pytest.fixture(scope="module", params=[ParagraphSplitter, LangchainSplitter])
def splitter(request: pytest.FixtureRequest) -> Splitter:
    made: Splitter = request.param(CHARS)
    return made


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_pieces_are_verbatim_in_order_and_complete(splitter: Splitter, text: str) -> None:
    """Each piece stands at its offset, none overlap, none is too long, and only white space falls between."""
    end = 0
    for offset, piece in splitter.split(text):
        assert offset >= end
        assert not text[end:offset].strip()
        assert text[offset : offset + len(piece)] == piece
        assert 0 < len(piece) <= CHARS
        assert piece.strip()
        end = offset + len(piece)
    assert not text[end:].strip()


def test_nothing_gives_nothing(splitter: Splitter) -> None:
    """Neither an empty text nor white space has pieces."""
    assert splitter.split("") == splitter.split(" \n\n\t ") == []


def test_paragraphs_stay_apart(splitter: Splitter) -> None:
    """A blank line is the first place to cut."""
    first, second = (
        "学习率决定步长。太大就会震荡，太小又太慢。",
        "梯度下降沿着负梯度走。每一步都看当前的梯度。",
    )
    pieces = splitter.split(f"{first}\n\n{second}")
    assert [piece.strip() for _, piece in pieces] == [first, second]
