"""A suite → the same suite with homophones in its questions, as input methods and recognisers make them.

A share of the Chinese characters of all questions gives way to characters of the same sound, tones aside,
that occur in the suite's own videos or documents: common ones more often, because an input method offers
them first. Everything else is copied, so the new folder stands alone and shares the old one's library.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

import yaml

from baize.errors import InvalidInput
from baize.retrieval.terms import normalise
from eval.dataset import FILES, Suite, read_suite
from eval.rows import Row, read_jsonl

_ASKING_FILES = ("questions", "queries")
_HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Noise:
    """What was done to a suite.

    Attributes:
        name: of the new suite.
        n_chars: Chinese characters in all questions.
    """

    name: str
    n_questions: int
    n_changed: int
    n_chars: int
    n_replaced: int


def add_noise(folder: Path, out: Path, *, share: float, seed: int, name: str = "") -> Noise:
    """Write the suite in `folder` to `out` with homophones in its questions; one seed gives the same bytes.

    Args:
        share: of the Chinese characters of all questions together, 0 < share <= 1.
        name: of the new suite; empty for the old one with a suffix that tells share and seed.

    Raises:
        InvalidInput: `folder` holds no suite with Chinese questions, `out` is in use, or the share cannot be
            had.
    """
    _check(share, out)
    suite = read_suite(folder)
    head: dict[str, Any] = yaml.safe_load((folder / "suite.yaml").read_text(encoding="utf-8"))
    paths = {file: folder / str(head.pop(file, usual)) for file, usual in FILES[suite.kind].items()}
    rows = {file: list(read_jsonl(path)) for file, path in paths.items() if file in _ASKING_FILES}
    texts = [row.text("text") for some in rows.values() for row in some]
    noisy = with_homophones(texts, _corpus(suite), share=share, seed=seed)
    noise = _compare(texts, noisy, name or f"{suite.name}-noise{share * 100:g}-seed{seed}")
    out.mkdir(parents=True, exist_ok=True)
    left = iter(noisy)
    for file, path in paths.items():
        target = out / FILES[suite.kind][file]
        if file in rows:
            _write_rows(target, [(row, next(left)) for row in rows[file]])
        else:
            shutil.copyfile(path, target)
    how = f"baize eval noise --share {share:g} --seed {seed}"
    _write_head(out, head, f"{suite.name} with {_told(noise)} ({how})", noise.name)
    return noise


def with_homophones(texts: Sequence[str], corpus: Iterable[str], *, share: float, seed: int) -> list[str]:
    """The texts with this share of their Chinese characters replaced by homophones from the corpus.

    Raises:
        InvalidInput: the share is none of them, or more than have a homophone.
    """
    chars = [(n, at, sound) for n, text in enumerate(texts) for at, sound in _sounds(text)]
    by_sound = _by_sound(corpus)
    others = ((n, at, _others(texts[n][at], by_sound.get(sound, {}))) for n, at, sound in chars)
    places = [place for place in others if place[2]]
    n_wanted = round(share * len(chars))
    if not 0 < n_wanted <= len(places):
        raise InvalidInput(
            f"The questions have {len(chars)} Chinese characters, {len(places)} of them with a homophone in "
            f"the suite's corpus: {n_wanted} cannot be replaced.",
            remedy="Choose another share." if places else "Noise needs a suite with Chinese questions.",
        )
    # Nothing but random() is promised to give the same numbers in every version of Python.
    draw = random.Random(seed).random  # noqa: S311 - noise, not a secret
    noisy = [list(text) for text in texts]
    for n, at, weights in sorted(places, key=lambda _: draw())[:n_wanted]:
        noisy[n][at] = _pick(weights, draw())
    return ["".join(text) for text in noisy]


def _told(noise: Noise) -> str:
    return (
        f"{noise.n_replaced} of the {noise.n_chars} Chinese characters of its questions replaced by "
        "homophones from its corpus"
    )


def _check(share: float, out: Path) -> None:
    if not 0 < share <= 1:
        raise InvalidInput(f"A share of {share:g} is none.", remedy="Use one above 0 and up to 1, like 0.05.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInput("There is something here already.", path=str(out), remedy="Name a new folder.")


def _corpus(suite: Suite) -> Iterator[str]:
    """What the suite's library is built from."""
    for document in suite.documents:
        yield from (document.title, document.text)
    for video in suite.videos:
        yield video.title
        yield from (cue.text for cue in video.cues)


def _sounds(text: str) -> Iterator[tuple[int, str]]:
    """(position, syllable without tone) of each Chinese character, read in its context."""
    import pypinyin

    for run in _HAN_RUN.finditer(text):
        # A character without a known reading is a sound of its own.
        syllables = pypinyin.lazy_pinyin(run.group(), errors=cast("Any", list))
        yield from zip(range(run.start(), run.end()), syllables, strict=True)


def _by_sound(corpus: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """How often each character occurs, by usual sound; sorted, so that one draw means one character."""
    counts = Counter(char for text in corpus for run in _HAN_RUN.findall(text) for char in run)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for char in sorted(counts):
        for _, sound in _sounds(char):
            found[sound][char] = counts[char]
    return found


def _others(char: str, homophones: Mapping[str, int]) -> dict[str, int]:
    """Without the character itself and its traditional or simplified form, which retrieval takes for it."""
    return {other: n for other, n in homophones.items() if _plain(other) != _plain(char)}


@cache
def _plain(char: str) -> str:
    return normalise(char)


def _pick(weights: Mapping[str, int], draw: float) -> str:
    """The character at `draw`, 0 <= draw < 1, of the summed weights."""
    sums = list(accumulate(weights.values()))
    return list(weights)[bisect(sums, draw * sums[-1])]


def _compare(texts: Sequence[str], noisy: Sequence[str], name: str) -> Noise:
    replaced = [
        sum(a != b for a, b in zip(old, new, strict=True)) for old, new in zip(texts, noisy, strict=True)
    ]
    n_chars = sum(len(run) for text in texts for run in _HAN_RUN.findall(text))
    return Noise(name, len(texts), sum(n > 0 for n in replaced), n_chars, sum(replaced))


def _write_rows(path: Path, rows: Sequence[tuple[Row, str]]) -> None:
    lines = [json.dumps({**row.values, "text": text}, ensure_ascii=False) for row, text in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_head(out: Path, head: Mapping[str, Any], made: str, name: str) -> None:
    about = "; ".join(str(part) for part in (made, head.get("description")) if part)
    text = yaml.safe_dump(
        {**head, "name": name, "description": about}, allow_unicode=True, sort_keys=False, width=100
    )
    (out / "suite.yaml").write_text(text, encoding="utf-8")
