"""Markers resolve against a closed list; everything else that looks like one is dropped and counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.answering.cite import cite
from baize.domain.search import Evidence, Hit, Moment
from tests.unit.services.world import make_chunk


def evidence(n: int) -> list[Evidence]:
    chunks = [make_chunk([f"第{i}句。"], start=10.0 * i) for i in range(n)]
    return [
        Evidence(i + 1, Moment(Hit(chunk, i + 1, 1.0, "fused"), chunk.sentences[0]))
        for i, chunk in enumerate(chunks)
    ]


@pytest.mark.parametrize(
    ("piece", "text", "markers", "n_unknown"),
    [
        ("先坐好。[1]", "先坐好。", [1], 0),
        ("先坐好【2】。", "先坐好。", [2], 0),
        ("先坐好。［3］", "先坐好。", [3], 0),
        ("先坐好。[1, 2]", "先坐好。", [1, 2], 0),
        ("先坐好。[2、1][2]", "先坐好。", [2, 1], 0),
        ("先坐好。[9][1]", "先坐好。", [1], 1),
        ("先坐好。[0]", "先坐好。", [], 1),
        ("[1] 先坐好。", "先坐好。", [1], 0),
        ("\n- 先坐好。[1]", "先坐好。", [1], 0),
        ("\n2. Sit down. [1]", "Sit down.", [1], 0),
        ("（3）先坐好。[1]", "先坐好。", [1], 0),
        ("1.5 grams. [1]", "1.5 grams.", [1], 0),
        ("12. [1]", "", [1], 0),
    ],
)
def test_markers_in_every_writing(piece: str, text: str, markers: list[int], n_unknown: int) -> None:
    """Square, full-width and listed markers; bullets and list numbers are no part of what is said."""
    sentence = cite(piece, evidence(3))
    assert sentence.text == text
    assert [item.marker for item in sentence.evidence] == markers
    assert sentence.n_unknown == n_unknown


@given(st.text(st.sampled_from("量A1239 。[]【】,，-.\n"), max_size=30), st.integers(0, 5))
def test_cited_markers_are_packed_markers(piece: str, n_packed: int) -> None:
    """Whatever a draft says, the evidence of a sentence is a part of what was packed, each once."""
    packed = evidence(n_packed)
    sentence = cite(piece, packed)
    assert set(sentence.evidence) <= set(packed)
    assert len(set(sentence.evidence)) == len(sentence.evidence)


def test_a_released_sentence_keeps_its_bullet_and_has_one_form_of_markers() -> None:
    """Markers stand behind the sentence, as `[1][2]`."""
    sentence = cite("\n- 先坐好【1，2】。", evidence(2))
    assert sentence.with_markers([1, 2]) == "\n- 先坐好。[1][2]"
    assert sentence.with_markers([2]) == "\n- 先坐好。[2]"
