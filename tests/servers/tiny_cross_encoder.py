"""Cross-encoders small enough to make in a test: one layer of BERT, which may learn a few pairs by heart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

MAX_TOKENS = 160
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_N_STEPS = 60

Pairs = Sequence[tuple[str, str]]


def save_tiny_cross_encoder(folder: Path, right: Pairs, wrong: Pairs) -> None:
    """Save a model that scores the (question, passage) pairs of `right` above those of `wrong`."""
    import torch

    pairs = [*right, *wrong]
    tokenizer = _tokenizer([text for pair in pairs for text in pair])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = _model(len(tokenizer), "BertForSequenceClassification")
        _learn(model, tokenizer, pairs, [1.0] * len(right) + [0.0] * len(wrong))
    _save(folder, model, tokenizer)


def save_untrained(folder: Path, architecture: str, *, n_scores: int = 1) -> None:
    """Save a model of another kind: `BertModel`, which has no scores, or one with several scores a pair."""
    tokenizer = _tokenizer(["a"])
    _save(folder, _model(len(tokenizer), architecture, n_scores), tokenizer)


def _tokenizer(texts: Sequence[str]) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    normalise, split = BertNormalizer(), BertPreTokenizer()
    words = {word for text in texts for word, _ in split.pre_tokenize_str(normalise.normalize_str(text))}
    vocabulary = {word: number for number, word in enumerate([*_SPECIAL, *sorted(words)])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalise, split
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=MAX_TOKENS,
    )


def _model(n_words: int, architecture: str, n_scores: int = 1) -> Any:
    import transformers

    shape = transformers.BertConfig(
        vocab_size=n_words,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_TOKENS,
        id2label={n: str(n) for n in range(n_scores)},
    )
    return getattr(transformers, architecture)(shape)


def _learn(model: Any, tokenizer: Any, pairs: Pairs, labels: Sequence[float]) -> None:
    import torch

    questions, passages = zip(*pairs, strict=True)
    inputs = tokenizer(list(questions), list(passages), padding=True, truncation=True, return_tensors="pt")
    wanted = torch.tensor(labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    # Without dropout: it is to know these pairs by heart.
    model.eval()
    for _ in range(_N_STEPS):
        logits = model(**inputs).logits.reshape(-1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _save(folder: Path, model: Any, tokenizer: Any) -> None:
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
