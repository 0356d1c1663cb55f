"""A document that is a ZIP archive (PPTX, DOCX, EPUB), opened only where it cannot hurt.

Nothing is ever unpacked to disk. `zipfile` reads no more of an entry than its declared size, so the declared
sizes bound the memory that any reader of the archive can be made to use.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baize.errors import UnreadableSource

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
"""Of all entries together: a deck with hundreds of photographs stays below."""
MAX_ENTRIES = 20_000
_MAX_RATIO = 200
"""Of text parts; plain XML packs 10 to 50 times, a bomb 1,000 times."""
_RATIO_FROM_BYTES = 8 * 1024 * 1024
_MAX_XML_BYTES = 64 * 1024 * 1024
_PROLOGUE_BYTES = 65_536
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
_TEXT_PARTS = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")


@contextmanager
def opened_archive(path: Path, kind: str, *, doctypes: bool = False) -> Iterator[zipfile.ZipFile]:
    """The archive, once its entries are known to be harmless.

    Args:
        kind: what the file should be, for messages: `PowerPoint file` …
        doctypes: whether its XML may name a document type, as e-books do; entities never.

    Raises:
        UnreadableSource: it is no archive, is locked, unpacks to too much, has names that lead out of it, or
            XML that defines entities.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive, path, kind)
            _check_prologues(archive, path, _ENTITY if doctypes else _DTD)
            yield archive
    except zipfile.BadZipFile as error:
        raise _no_archive(path, kind) from error
    except (NotImplementedError, RuntimeError, EOFError) as error:
        # zipfile's words for an encrypted entry, an unknown compression and a cut one.
        raise UnreadableSource(
            f"The {kind} cannot be unpacked ({error}).", remedy="Save it again, unlocked.", path=str(path)
        ) from error


def _check_entries(archive: zipfile.ZipFile, path: Path, kind: str) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, path.stat().st_size)
    texts = [entry for entry in entries if entry.filename.lower().endswith(_TEXT_PARTS)]
    if (
        len(entries) > MAX_ENTRIES
        or unpacked > MAX_UNPACKED_BYTES
        or any(entry.file_size > _MAX_XML_BYTES for entry in texts)
        or (unpacked > _RATIO_FROM_BYTES and unpacked > _MAX_RATIO * packed)
    ):
        raise UnreadableSource(
            f"The {kind} unpacks to {unpacked / 1e6:,.0f} MB in {len(entries)} entries from "
            f"{packed / 1e6:,.1f} MB: it is refused as a ZIP bomb.",
            remedy="Make pictures smaller, split it, or export it as PDF.",
            path=str(path),
        )
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or entry.filename.startswith(("/", "\\")):
            raise UnreadableSource(
                f"The {kind} has an entry whose name leads out of it.",
                remedy="Save it again with the program that made it.",
                path=str(path),
            )


def _check_prologues(archive: zipfile.ZipFile, path: Path, refused: re.Pattern[bytes]) -> None:
    """A document type stands before the first element, so the beginning of each part tells."""
    for entry in archive.infolist():
        if entry.filename.lower().endswith(_TEXT_PARTS):
            with archive.open(entry) as part:
                check_prologue(part.read(_PROLOGUE_BYTES), path, refused)


def check_prologue(beginning: bytes, path: Path, refused: re.Pattern[bytes] = _ENTITY) -> None:
    """Refuse XML that defines entities (billion laughs, files of this machine).

    Raises:
        UnreadableSource: it does.
    """
    # UTF-16 has a zero in each of these characters.
    if refused.search(beginning.replace(b"\0", b"")):
        raise UnreadableSource(
            "Its XML defines entities, which Bai Ze does not expand.",
            remedy="Save it again with the program that made it.",
            path=str(path),
        )


def _no_archive(path: Path, kind: str) -> UnreadableSource:
    with path.open("rb") as file:
        beginning = file.read(len(_OLE))
    if not beginning:
        return UnreadableSource("The file is empty.", remedy="Replace it.", path=str(path))
    if beginning == _OLE:
        return UnreadableSource(
            f"The {kind} is locked with a password, or in the format of before 2007.",
            remedy="Save a copy without a password, in today's format.",
            path=str(path),
        )
    return UnreadableSource(
        f"This is no {kind}, or it is damaged.", remedy="Open it and save it again.", path=str(path)
    )
