"""Prompts: checked when loaded, frozen when released."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.chat import Sampling
from baize.errors import PromptError
from baize.prompting import PromptLibrary

RELEASED = {
    "answer@v1": "9bf7ed076befc00d421fa1bccb6a0984e7c4fc81d5518a10c580e1e232600135",
    "course_summary@v1": "3d5c806b67b758c9a414a1f208b2481efdeb2446fda6994c2fbaff87485f97c7",
    "glossary@v1": "73b2152599af6bf56b24b5af624f37f94d8bd2b773f6682d0580f4b2253aabc2",
    "grade@v1": "5dacc8a95bcd0e4ab2e8cd935045a6636fd01735ea12e9da6d73d54c8fc1b95e",
    "guide@v1": "a5223534a25862b0e290e727a5c1588762eb32b1bcd66446967357a61bec4e32",
    "key_points@v1": "7dd88fb1abe0ef66d914c8a72edc722fc7a717823c06c0f6879aeccb85c0eb7e",
    "quiz@v1": "dc47c7a27b193c9d2352ce61d0c423c53a0a434525be58cdc152fdaafb37ef54",
    "summary@v1": "83fd9cdba2c5e1f88cde42521d4612e5d417c29db8e7f03896625ff26e708446",
    "support@v1": "4835edb51c2163678aac6bc693aa368b6b0c82114746671198c4572617bc49e2",
}
"""A released prompt never changes: answers and eval records name it by digest. A change is a new file."""

GOOD = """---
name: ask
version: 1
variables: [question, evidence]
sampling: {temperature: 0.1, max_tokens: 7, thinking: true}
---
# system
You get $evidence and pay $$5 at most.
# user
$question
# user
again
"""


def library(tmp_path: Path, text: str = GOOD, file: str = "ask/v1.md") -> PromptLibrary:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return PromptLibrary(tmp_path)


def test_released_prompts_are_frozen(repo_root: Path) -> None:
    """Each prompt file has the digest that it was released with, and none is left out here."""
    shipped = PromptLibrary(repo_root / "prompts")
    found = {
        f"{path.parent.name}@{path.stem}": shipped.get(path.parent.name, int(path.stem[1:])).digest
        for path in (repo_root / "prompts").glob("*/v*.md")
    }
    assert found == RELEASED


def test_a_prompt_for_json_says_so_and_shows_it(repo_root: Path) -> None:
    """Else DeepSeek's JSON mode may go on with white space to the token limit."""
    shipped = PromptLibrary(repo_root / "prompts")
    asking = 0
    for path in (repo_root / "prompts").glob("*/v*.md"):
        if shipped.get(path.parent.name, int(path.stem[1:])).sampling.json:
            asking += 1
            text = path.read_text("utf-8")
            assert "json" in text, path
            shown = re.findall(r"\{\"[^\n]*\}", text)
            assert any(json.loads(line) for line in shown), path
    assert asking


def test_the_package_finds_its_prompts() -> None:
    """Without a path, and by their newest version."""
    prompt = PromptLibrary().get("answer")
    assert prompt.label == f"answer@v{prompt.version}#{prompt.digest[:12]}"
    assert prompt.sampling.thinking is False


def test_a_prompt_is_read_whole(tmp_path: Path) -> None:
    """Front matter, sampling, and everything below the first `# user`."""
    prompt = library(tmp_path).get("ask")
    assert prompt.sampling == Sampling(thinking=True, temperature=0.1, max_tokens=7)
    system, user = prompt.render({"question": "Why?", "evidence": "this"})
    assert (system.role, system.content) == ("system", "You get this and pay $5 at most.")
    assert (user.role, user.content) == ("user", "Why?\n# user\nagain")


@given(st.text(st.characters(exclude_characters="\r"), max_size=30))
def test_course_text_is_never_substituted_again(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """`$question` within a passage stays as it is, braces and dollars too."""
    prompt = library(tmp_path_factory.mktemp("prompts")).get("ask")
    system, _ = prompt.render({"question": "SECRET", "evidence": f"{text}$question ${{evidence}} {{0}}"})
    assert system.content == f"You get {text}$question ${{evidence}} {{0}} and pay $5 at most."


def test_line_ends_of_another_system_are_read(tmp_path: Path) -> None:
    """A checkout with CRLF gives the same prompt."""
    assert library(tmp_path, GOOD.replace("\n", "\r\n")).get("ask").variables == {"question", "evidence"}


def test_the_newest_version_is_the_default(tmp_path: Path) -> None:
    """v10 is newer than v2; older ones stay for old records."""
    for version in (1, 2, 10):
        library(tmp_path, GOOD.replace("version: 1", f"version: {version}"), f"ask/v{version}.md")
    prompts = PromptLibrary(tmp_path)
    assert (prompts.get("ask").version, prompts.get("ask", 2).version) == (10, 2)


@pytest.mark.parametrize(("name", "version"), [("nope", None), ("ask", 3)])
def test_a_prompt_that_is_not_there_is_named(tmp_path: Path, name: str, version: int | None) -> None:
    """With the version that was asked for."""
    with pytest.raises(PromptError, match=f"{name}.*{version or ''}"):
        library(tmp_path).get(name, version)
    with pytest.raises(PromptError, match="no folder"):
        PromptLibrary(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("---\nname", "name", "needs front matter"),
        ("# system\n", "", "needs front matter"),
        ("# user\n$question\n# user\n", "", "needs front matter"),
        ("name: ask\n", "", "Front matter"),
        ("version: 1", "version: one", "Front matter"),
        ("variables: [question, evidence]", "variables: 5", "Front matter"),
        ("temperature", "warmth", "Front matter"),
        ("{temperature: 0.1, max_tokens: 7, thinking: true}", "[", "Front matter"),
        ("[question, evidence]", "[question]", "evidence"),
        ("[question, evidence]", "[question, evidence, mood]", "mood"),
        ("$question\n", "$question costs $ 5\n", "stray"),
        ("version: 1", "version: 2", "calls itself ask/v2.md"),
        ("name: ask", "name: tell", "calls itself tell/v1.md"),
    ],
)
def test_a_malformed_prompt_fails_when_loaded(tmp_path: Path, old: str, new: str, says: str) -> None:
    """At start-up, naming the file, not at the first question."""
    assert old in GOOD
    with pytest.raises(PromptError, match=r"ask/v1\.md") as caught:
        library(tmp_path, GOOD.replace(old, new))
    assert says in str(caught.value)


def test_a_file_that_is_no_text_fails_when_loaded(tmp_path: Path) -> None:
    """As a prompt error, not a traceback."""
    (tmp_path / "ask").mkdir()
    (tmp_path / "ask" / "v1.md").write_bytes(b"\xff\xfe\x00---")
    with pytest.raises(PromptError, match=r"ask/v1\.md"):
        PromptLibrary(tmp_path)


@pytest.mark.parametrize("values", [{"question": "q"}, {"question": "q", "evidence": "e", "mood": "m"}])
def test_exactly_the_declared_variables_are_given(tmp_path: Path, values: dict[str, str]) -> None:
    """A missing or a superfluous one is named."""
    with pytest.raises(PromptError, match=r"evidence|mood"):
        library(tmp_path).get("ask").render(values)
