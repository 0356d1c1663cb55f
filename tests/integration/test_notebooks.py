"""The notebooks run as they are, offline, and stand in git without what a run leaves in them."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SAYS = {
    "01_explore_a_course": "refuse",
    "02_compare_two_settings": "p = ",
    "03_read_a_report": "report.html (",
}
"""What a notebook must have printed at its end."""
OFFLINE = (
    "import pytest_socket\n"
    "pytest_socket.socket_allow_hosts(['127.0.0.1', 'localhost', '::1'], allow_unix_socket=True)"
)
MACHINE_PATH = re.compile(r"(?<![\w.:/-])(?:/(?:root|home|Users|work|tmp|opt|var|usr|mnt)/|~/|[A-Za-z]:\\)")


def cells(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    notebook = json.loads(path.read_text("utf-8"))
    return (cell for cell in notebook["cells"] if cell["cell_type"] == kind)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all notebooks: the third finds the library that the second built."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_in_a_scratch_folder(path: Path, scratch: Path) -> None:
    """Every cell runs, no other host is asked, and the operator's own library is not touched."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))
    folders = {
        "BAIZE_DATA_DIR": "data",
        "BAIZE_CACHE": "cache",
        "XDG_CONFIG_HOME": "config",
        "IPYTHONDIR": "ipython",
        "TMPDIR": "tmp",
    }
    (scratch / "tmp").mkdir(exist_ok=True)
    env = os.environ | {name: str(scratch / folder) for name, folder in folders.items()}
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(scratch)}}
    )
    client.execute(env=env)
    printed = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", ()))
    assert SAYS[path.stem] in printed
    assert not (scratch / "data").exists()


def test_all_three_are_there() -> None:
    """Numbered, in the order in which they point to each other."""
    assert [path.stem for path in NOTEBOOKS] == list(SAYS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stripped(path: Path) -> None:
    """No outputs, no execution counts, no machine's paths, and only the metadata that a kernel needs."""
    notebook = json.loads(path.read_text("utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in cells(path, "code"):
        assert (cell["outputs"], cell["execution_count"], cell["metadata"]) == ([], None, {})
    for cell in notebook["cells"]:
        assert MACHINE_PATH.search("".join(cell["source"])) is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_shows_and_defines_nothing(path: Path) -> None:
    """What a notebook shows is the product's own code: there are no functions or classes in it."""
    for cell in cells(path, "code"):
        tree = compile(
            "".join(cell["source"]),
            path.name,
            "exec",
            ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        assert [node for node in ast.walk(tree) if isinstance(node, defined)] == []
