"""Forty files that want to do harm, made anew for each test: none of them is kept in the repository.

`write_hostile` gives each case as a course folder of its own, with what its error must say.
"""

from __future__ import annotations

import io
import json
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Content = bytes | str | Callable[[Path], None]

_LAUGHS = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>" + "".join(
    f"<!ENTITY lol{n} '{f'&lol{n - 1};' * 10}'>" for n in range(1, 10)
) + "]><lolz>&lol9;</lolz>"  # fmt: skip
_LAUGHS = _LAUGHS.replace("&lol0;", "&lol;")
_OUTSIDE = "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/hostname'>]><x>&f;</x>"
_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfile full-path="b.opf"/></container>'
)


@dataclass(frozen=True)
class Hostile:
    """Files of a course folder, and a pattern that the one error about them must match."""

    name: str
    files: Mapping[str, Content]
    error: str


def write_hostile(case: Hostile, folder: Path) -> Path:
    """The course folder of a case."""
    course = folder / "course"
    course.mkdir(parents=True)
    for name, content in case.files.items():
        path = course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return course


def zipped(entries: Mapping[str, bytes | str], *, packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def bomb(*names: str, megabytes: int) -> Callable[[Path], None]:
    """An archive of such entries, each of so many megabytes of nothing; written in pieces."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                with archive.open(name, "w") as entry:
                    for _ in range(megabytes):
                        entry.write(b" " * 1_000_000)

    return write


def lying(name: str, *, megabytes: int) -> Callable[[Path], None]:
    """The same with a directory that says that the entry unpacks to 10 bytes."""

    def write(path: Path) -> None:
        bomb(name, megabytes=megabytes)(path)
        data = path.read_bytes()
        at = data.rindex(b"PK\x01\x02")
        path.write_bytes(data[: at + 24] + struct.pack("<I", 10) + data[at + 28 :])

    return write


def png(width: int, height: int) -> bytes:
    """A white picture of this size, in a few kilobytes."""

    def part(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    row = b"\0" + b"\xff" * ((width + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


def huge_video(path: Path) -> None:
    """One frame of 10,000 × 10,000 in a healthy MP4: the picture is a PNG, as MP4 admits."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 10_000, 10_000, "monob"
        packet = av.Packet(png(10_000, 10_000))
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, 0, 0, True
        container.mux(packet)


def silence(seconds: float, rate: int = 8000) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 1, rate, 0, "NONE", ""))
            for _ in range(int(seconds // 60)):
                file.writeframes(b"\x80" * (rate * 60))

    return write


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def cut_video(path: Path) -> None:
    """Half of one of our samples."""
    whole = Path(__file__).parents[2] / "baize/demo/courses/elder-health/01-measure.mp4"
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def manifest(**lesson: object) -> str:
    return json.dumps({"id": "c", "title": "t", "lessons": [{"id": "l", "title": "l", **lesson}]})


def _epub(opf: str, page: str = "<p>x</p>") -> bytes:
    return zipped({"META-INF/container.xml": _CONTAINER, "b.opf": opf, "a.xhtml": page})


_OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
    '<item id="a" href="{}" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)
_VTT = "WEBVTT\n\n"

CASES = (
    # empty and cut
    Hostile("empty video", {"a.mp4": b""}, "cannot be decoded"),
    Hostile("empty subtitles", {"a.vtt": b""}, "no text|no timing"),
    Hostile("empty pdf", {"a.pdf": b""}, "damaged"),
    Hostile("empty docx", {"a.docx": b""}, "empty"),
    Hostile("empty text", {"a.txt": b""}, "no text"),
    Hostile("cut video", {"a.mp4": cut_video}, "cut off"),
    Hostile("cut pdf", {"a.pdf": b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n2 0 obj"}, "damaged"),
    Hostile("cut docx", {"a.docx": zipped({"word/document.xml": "x" * 99}, packed=False)[:80]}, "damaged"),
    # not what they are called
    Hostile("text called mp4", {"a.mp4": "not a video " * 100}, "cannot be decoded"),
    Hostile("random mp3", {"a.mp3": bytes(range(256)) * 40}, "cannot be decoded"),
    Hostile("text called pdf", {"a.pdf": "hello"}, "damaged"),
    Hostile("pdf called docx", {"a.docx": b"%PDF-1.7 text"}, "no Word file"),
    Hostile("zip called pptx", {"a.pptx": zipped({"readme.txt": "hi"})}, "damaged"),
    Hostile("old doc called docx", {"a.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512}, "password"),
    Hostile("binary called txt", {"a.txt": bytes(range(256)) * 4}, "encoding"),
    Hostile("huge picture called mp4", {"a.mp4": png(10_000, 10_000)}, "neither sound nor moving"),
    Hostile("huge frame", {"a.mp4": huge_video}, "10000 × 10000"),
    Hostile("playlist called mp4", {"a.mp4": "ffconcat version 1.0\nfile b.bin\n"}, "neither sound nor"),
    Hostile("stream list called mp4", {"a.mp4": "#EXTM3U\n#EXTINF:9,\nfile:///etc/hostname\n"}, "decoded"),
    # archives
    Hostile("zip bomb docx", {"a.docx": bomb("word/document.xml", megabytes=200)}, "ZIP bomb"),
    Hostile("zip bomb epub", {"a.epub": bomb("a.xhtml", "b.bin", "c.bin", megabytes=300)}, "ZIP bomb"),
    Hostile("many entries", {"a.pptx": bomb(*(f"{n}.xml" for n in range(20_001)), megabytes=0)}, "ZIP bomb"),
    Hostile("lying sizes", {"a.docx": lying("word/document.xml", megabytes=100)}, "damaged"),
    Hostile("path out of the archive", {"a.epub": zipped({"../../evil.xhtml": "x"})}, "leads out"),
    Hostile("absolute path in the archive", {"a.docx": zipped({"/evil": "x"})}, "leads out"),
    Hostile("page outside the book", {"a.epub": _epub(_OPF.format("../../../etc/hostname"))}, "damaged"),
    # entities
    Hostile("billion laughs docx", {"a.docx": zipped({"word/document.xml": _LAUGHS})}, "entities"),
    Hostile("billion laughs epub", {"a.epub": _epub(_LAUGHS)}, "entities"),
    Hostile("billion laughs in a chapter", {"a.epub": _epub(_OPF.format("a.xhtml"), _LAUGHS)}, "entities"),
    Hostile("outside entity pptx", {"a.pptx": zipped({"ppt/presentation.xml": _OUTSIDE})}, "entities"),
    Hostile("deep html", {"a.html": "<div>" * 100_000 + "x"}, "nested too deep"),
    # encodings
    Hostile("broken utf-8", {"a.srt": b"1\n00:00:01,000 --> 00:00:02,000\n\xff\xfe\xfd\x81\n"}, "encoding"),
    Hostile("broken utf-16", {"a.vtt": b"\xff\xfeW\x00E\x00\x00\xd8"}, "encoding"),
    # times
    Hostile("cues before zero", {"a.srt": "1\n-00:00:09,000 --> -00:00:05,000\nx\n"}, "no text"),
    Hostile("broken times", {"a.vtt": _VTT + "00:99:xx --> soon\nhello\n"}, "timing line"),
    Hostile("no times", {"a.srt": "hello\nworld\n"}, "no timing line"),
    # silence
    Hostile("three hours of silence", {"a.wav": silence(3 * 3600)}, "No speech"),
    # manifests and links
    Hostile("path out of the folder", {"course.yaml": manifest(video="../../secret.mp4")}, "does not lie"),
    Hostile("absolute path", {"course.yaml": manifest(documents=["/etc/hostname"])}, "does not lie"),
    Hostile("windows path", {"course.yaml": manifest(video="C:\\secret.mp4")}, "does not lie"),
    Hostile("file address", {"course.yaml": manifest(video="file:///etc/a.mp4")}, "no web address"),
    Hostile("yaml that runs code", {"course.yaml": "!!python/object/apply:os.getcwd []\n"}, "course.yaml"),
    Hostile("yaml laughs", {"course.yaml": "a: &a [x,x]\nb: &b [*a,*a]\nid: c\ntitle: *b\n"}, "course.yaml"),
    Hostile("link out of the folder", {"a.txt": link("/etc/hostname")}, "leads out"),
    Hostile("link to itself", {"a.mp4": link("a.mp4")}, "a.mp4"),
    Hostile("faq that is none", {"faq.jsonl": '{"question": "q"}\n'}, "entry has a question"),
)  # fmt: skip
"""Overlapping cues are no error but are put in order: `tests/unit/ingest/extract/test_subtitles.py`."""
