"""Kind `asr`: the normaliser, the metrics, the suite's files, and a run over a scripted engine."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.text import Cue
from baize.errors import InvalidInput
from baize.settings import Settings
from baize.testing.scripted_transcriber import ScriptedTranscriber
from eval.dataset import read_suite
from eval.kinds import asr
from eval.kinds.bench import Desk
from eval.library import open_house
from eval.metrics.normalise import normalise, units
from eval.metrics.speech import edit_distance, errors, loops, non_monotonic, term_recall
from eval.record import lower_is_better, make_record
from eval.report import render


@pytest.mark.parametrize(
    ("text", "language", "plain"),
    [
        ("Don't STOP — it’s 3.5 %!", "en", "dont stop its 3 5 %"),
        ("E-mail, please…", "en", "e mail please"),
        ("今天，我們學習 “梯度 下降”。", "zh", "今天我们学习梯度下降"),
        ("ＡＢＣ１２３", "zh", "abc123"),
        ("學習", "ja", "學習"),
        ("", "en", ""),
    ],
)
def test_the_normaliser(text: str, language: str, plain: str) -> None:
    """What its page says, case by case."""
    assert normalise(text, language) == plain


@given(text=st.text("aZéß 19\t,.。，「’'-%°學习國Ａ１½", max_size=60), language=st.sampled_from(["zh", "en"]))
def test_normalising_twice_changes_nothing(text: str, language: str) -> None:
    """So that a normalised reference file gives the same rates."""
    once = normalise(text, language)
    assert units(once, language) == units(text, language)


_sequences = st.lists(st.sampled_from("abcd"), max_size=12)


@given(first=_sequences, second=_sequences)
def test_edit_distance_is_levenshtein(first: list[str], second: list[str]) -> None:
    """Against the textbook recursion."""
    table = {(-1, m): m + 1 for m in range(-1, len(second))} | {(n, -1): n + 1 for n in range(len(first))}
    for n, a in enumerate(first):
        for m, b in enumerate(second):
            table[n, m] = min(table[n - 1, m] + 1, table[n, m - 1] + 1, table[n - 1, m - 1] + (a != b))
    assert edit_distance(first, second) == table[len(first) - 1, len(second) - 1]


def test_metrics_of_cues() -> None:
    """Errors by characters or words, terms as whole words, times that run backwards, loops."""
    assert errors("我们学习。", "我们学期", "zh") == (1, 4)
    assert errors("One two three", "one three", "en") == (1, 3)
    assert term_recall(("cell", "row"), "A cell, a row, a cell", "a cellar, a row, a cell", "en") == (2, 3)
    assert term_recall(("血压",), "量血压前血压低", "量血压", "zh") == (1, 2)
    ordered = [Cue(0.0, 1.0, "a"), Cue(1.0, 2.0, "b")]
    assert non_monotonic(ordered) == 0
    assert non_monotonic([*ordered, Cue(1.5, 1.5, "c")]) == 2
    assert loops([Cue(n, n + 1, "thank you very much") for n in range(4)], "en") == 1
    assert loops([Cue(n, n + 1, "thank you very much") for n in range(3)], "en") == 0


def write_suite(folder: Path, rows: str, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in ("a.wav", "b.wav"):
        with wave.open(str(folder / name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"\0\0" * 8000)
    (folder / "suite.yaml").write_text("kind: asr\nname: clips\n", encoding="utf-8")
    (folder / "clips.tsv").write_text(f"file\tlanguage\ttext\n{rows}", encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


CLIPS = "a.wav\ten\tA cell and a row.\nb.wav\tzh\t今天量血压。\n"


@pytest.mark.anyio
async def test_a_run(tmp_path: Path) -> None:
    """Clips go through the engine with the terms of their language; one that cannot be read is unscored."""
    suite = read_suite(write_suite(tmp_path / "s", CLIPS, terms_txt="cell\n血压\n"))
    engine = ScriptedTranscriber({"a.wav": [Cue(0.0, 1.0, "A sell and a row")]}, unreadable=["b.wav"])
    async with open_house(Settings(data_dir=tmp_path)) as house:
        house.__dict__["transcriber"] = engine
        items = await asr.observe(Desk(suite, house, baselines=True))
    assert engine.calls == [("a.wav", "en", ("cell",)), ("b.wav", "zh", ("血压",))]
    scored = asr.score(items)
    record = make_record("s", "asr", scored.items, scored.measures, scored.latency, {})
    assert record["latency_ms"].keys() >= {"p50", "p95"}
    found = {name: metric["value"] for name, metric in record["metrics"].items()}
    assert (found["wer"], found["term_recall"], found["non_monotonic"], found["loops"]) == (
        0.2,
        0.0,
        0.0,
        0.0,
    )
    assert (record["unscored"], record["undefined"]) == (1, ["cer"])
    assert {"wer", "cer", "loops", "non_monotonic", "real_time_factor"} <= set(
        filter(lower_is_better, found)
    ) | {"cer"}


def test_direct_calls_stand_beside_the_product() -> None:
    """Rates are sums over sums, Chinese by character, others by word."""
    took = asr.Took(1.0, 2.0)
    scored = asr.score([
        asr.Observed("a", "zh", "一二三四", (), (Cue(0, 1, "一二三五"),), 4, took, "一二"),
        asr.Observed("b", "zh", "一二", (), (Cue(0, 1, "一二"),), 4, took, "一二"),
        asr.Observed("c", "en", "one two", (), (Cue(0, 1, "one"),), 2, took, "", took),
    ])  # fmt: skip
    record = make_record("s", "asr", scored.items, scored.measures, scored.latency, {})
    found = {name: metric["value"] for name, metric in record["metrics"].items()}
    assert (found["cer"], found["direct/cer"]) == (
        pytest.approx(1 / 6, abs=1e-5),
        pytest.approx(2 / 6, abs=1e-5),
    )
    assert (found["wer"], found["direct/wer"]) == (0.5, 1.0)
    assert (found["real_time_factor"], found["cpu_factor"]) == (0.3, 0.6)


def test_a_failed_clip_is_shown_in_the_report() -> None:
    """What was heard has a time, and no lesson to link to."""
    heard = asr.Observed("a", "en", "one two", (), (Cue(65, 66, "one"),), 2, asr.Took(1.0, 2.0))
    scored = asr.score([heard])
    record = make_record("s", "asr", scored.items, scored.measures, scored.latency, {})
    assert [item["failed"] for item in record["per_item"]] == [True]
    assert "1:05 one" in render([record], [], player_url="https://p.example/{lesson_id}?t={start}")


@pytest.mark.parametrize(
    ("rows", "line", "says"),
    [
        ("c.wav\ten\tx\n", 2, "no file c.wav"),
        ("../s/a.wav\ten\tx\na.wav\ten\ty\n", None, ""),
        ("../../etc/passwd\ten\tx\n", 2, "outside"),
        ("a.wav\ten\tx\na.wav\ten\ty\n", 3, "line 2 already"),
    ],
)
def test_wrong_clips_are_named(tmp_path: Path, rows: str, line: int | None, says: str) -> None:
    """A missing file, one outside the suite, and one that comes twice."""
    folder = write_suite(tmp_path / "s", rows)
    if line is None:
        assert len(read_suite(folder).clips) == 2
        return
    with pytest.raises(InvalidInput, match=says) as caught:
        read_suite(folder)
    assert caught.value.line == line


def test_terms_may_stand_in_several_places(tmp_path: Path) -> None:
    """In suite.yaml, in a text file, in JSON Lines; a file that is named must be there."""
    folder = write_suite(tmp_path / "s", CLIPS, terms_jsonl='{"term": "row"}\n')
    assert read_suite(folder).terms == ("row",)
    head = folder / "suite.yaml"
    head.write_text("kind: asr\nterms: [cell, 血压]\n", encoding="utf-8")
    assert read_suite(folder).terms == ("cell", "血压")
    head.write_text("kind: asr\nterms: nope.txt\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="missing"):
        read_suite(folder)
