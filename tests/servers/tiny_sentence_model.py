"""A sentence-transformers model small enough to build in a test: random word vectors, averaged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np


def save_tiny_sentence_model(folder: Path, texts: Iterable[str], dim: int = 64) -> None:
    """Save a model into `folder` that knows the words and ideographs of `texts`."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    normalise, split = BertNormalizer(), BertPreTokenizer()
    words = {word for text in texts for word, _ in split.pre_tokenize_str(normalise.normalize_str(text))}
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *sorted(words)])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalise, split
    weights = np.random.default_rng(7).normal(size=(len(vocabulary), dim)).astype(np.float32)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(folder))
