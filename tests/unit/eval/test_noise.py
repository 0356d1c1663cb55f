"""Homophones in a suite's questions: the right share, the right sound, the same for one seed."""

from __future__ import annotations

import json
from pathlib import Path

import pypinyin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from baize.cli import build
from baize.errors import InvalidInput
from eval.dataset import read_suite
from eval.noise import add_noise, with_homophones

CORPUS = ["血压计学雪", "量良亮粮", "是事时十", "學 A"]
CHINESE = st.text(st.sampled_from("血压学量是时，aB 7"), max_size=30)


def sounds(text: str) -> list[str]:
    return [pypinyin.lazy_pinyin(char)[0] for char in text]


@settings(max_examples=100)
@given(texts=st.lists(CHINESE, max_size=5), share=st.floats(0.01, 1), seed=st.integers(0, 9))
def test_the_share_the_sound_and_nothing_else(texts: list[str], share: float, seed: int) -> None:
    """Exactly the share is replaced, each by a character of the corpus of the same sound."""
    n_chars = sum("\u4e00" <= char <= "\u9fff" for text in texts for char in text)
    n_replaceable = sum(char in "血学量是时" for text in texts for char in text)
    if not 0 < round(share * n_chars) <= n_replaceable:
        with pytest.raises(InvalidInput):
            with_homophones(texts, CORPUS, share=share, seed=seed)
        return
    noisy = with_homophones(texts, CORPUS, share=share, seed=seed)
    assert noisy == with_homophones(texts, CORPUS, share=share, seed=seed)
    changed = [
        (a, b) for old, new in zip(texts, noisy, strict=True) for a, b in zip(old, new, strict=True) if a != b
    ]
    assert len(changed) == round(share * n_chars)
    for old, new in changed:
        assert sounds(old) == sounds(new)
        assert new in "".join(CORPUS)


def test_seeds_and_weights() -> None:
    """Another seed draws other places, and a common character comes more often than a rare one."""
    text = "血" * 400
    drawn = with_homophones([text], ["学" * 9 + "雪"], share=1, seed=1)[0]
    assert 0.85 < drawn.count("学") / len(drawn) < 0.95
    assert with_homophones([text], CORPUS, share=0.5, seed=1) != with_homophones(
        [text], CORPUS, share=0.5, seed=2
    )


def test_a_traditional_form_is_no_noise() -> None:
    """Retrieval takes 學 for 学, so one never stands in for the other."""
    assert with_homophones(["学" * 20], ["學血"], share=1, seed=7) == ["血" * 20]


def test_a_reading_depends_on_its_context() -> None:
    """行 is háng in 银行 and xíng elsewhere."""
    assert with_homophones(["银行"], ["航型"], share=0.5, seed=7) == ["银航"]
    assert with_homophones(["步行"], ["航型"], share=0.5, seed=7) == ["步型"]


@pytest.mark.parametrize("name", ["beir-samples", "courses-samples", "refusal-samples"])
def test_a_new_suite(repo_root: Path, tmp_path: Path, name: str) -> None:
    """The same library and the same rows but for their texts; two runs write the same bytes."""
    source = repo_root / "eval/suites" / name
    made = add_noise(source, tmp_path / "a", share=0.05, seed=7)
    add_noise(source, tmp_path / "b", share=0.05, seed=7)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    old, new = read_suite(source), read_suite(tmp_path / "a")
    assert (new.kind, new.name) == (old.kind, f"{name}-noise5-seed7")
    assert new.library_digest == old.library_digest
    assert new.qrels == old.qrels
    asked = [
        (o, n) for o, n in zip([*old.questions, *old.queries], [*new.questions, *new.queries], strict=True)
    ]
    assert [n.id for _, n in asked] == [o.id for o, _ in asked]
    assert sum(o.text != n.text for o, n in asked) == made.n_changed > 0
    assert made.n_replaced == round(0.05 * made.n_chars)
    assert f"{made.n_replaced} of the {made.n_chars}" in (tmp_path / "a/suite.yaml").read_text("utf-8")
    other = add_noise(source, tmp_path / "c", share=0.05, seed=8, name=name)
    assert read_suite(tmp_path / "c").name == other.name == name
    assert read_suite(tmp_path / "c").digest != new.digest


def test_rows_keep_their_other_fields(tmp_path: Path) -> None:
    """What a suite's maker noted beside a question stays there."""
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "suite.yaml").write_text("kind: beir\ncorpus: c.jsonl\n", encoding="utf-8")
    (folder / "c.jsonl").write_text('{"_id": "d", "text": "学"}\n', encoding="utf-8")
    (folder / "queries.jsonl").write_text('{"_id": 3, "by": "李", "text": "血"}\n', encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n3\td\t1\n", encoding="utf-8")
    add_noise(folder, tmp_path / "out", share=1, seed=7)
    row = json.loads((tmp_path / "out/queries.jsonl").read_text("utf-8"))
    assert row == {"_id": 3, "by": "李", "text": "学"}
    assert read_suite(tmp_path / "out").name == "suite-noise100-seed7"


def test_wrong_use(repo_root: Path, tmp_path: Path) -> None:
    """What cannot be done is named with exit code 2, and nothing is written."""
    suite = repo_root / "eval/suites/moments-samples"
    english = tmp_path / "english"
    english.mkdir()
    (english / "suite.yaml").write_text(
        f"kind: moments\nvideos: {suite / 'videos.jsonl'}\n", encoding="utf-8"
    )
    row = {"_id": "a", "text": "why?", "video_id": "elder-health-01", "start": 1, "end": 2}
    (english / "questions.jsonl").write_text(json.dumps(row), encoding="utf-8")
    out = tmp_path / "out"
    for arguments, said in (
        ((english, out), "Noise needs a suite with Chinese questions"),
        ((suite, out, "--share", "0"), "A share of 0 is none"),
        ((suite, out, "--share", "1.5"), "A share of 1.5 is none"),
        ((suite, out, "--share", "nan"), "A share of nan is none"),
        ((suite, out, "--share", "1"), "Choose another share"),
        ((suite, english), "There is something here already"),
        ((suite, english / "suite.yaml"), "There is something here already"),
        ((tmp_path, out), "This is no suite"),
    ):
        command = ["eval", "noise", *(str(argument) for argument in arguments)]
        result = CliRunner().invoke(build(), command)
        assert result.exit_code == 2
        assert said in result.output
        assert not out.exists()


def test_the_command(repo_root: Path, tmp_path: Path) -> None:
    """It says what it did."""
    suite = repo_root / "eval/suites/moments-samples"
    result = CliRunner().invoke(build(), ["eval", "noise", str(suite), str(tmp_path / "out")])
    assert result.exit_code == 0
    assert result.output.startswith("moments-samples-noise5-seed7: ")
    assert "Chinese characters replaced" in result.output
