"""Text on its way into the library: cue and page, segment, chunk."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from baize.domain.locator import Locator, TextSpan, TimeSpan, locator_key
from baize.domain.sentences import joined

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from baize.domain.light import dataclass

WINDOW_SENTENCES = 3
"""A sentence of speech is looked up by itself and by this many sentences from it on (docs/retrieval.md)."""
_CHUNK_NAMESPACE = uuid.UUID("6f1a6b0e-7a5d-5b8e-9d53-0b3a52c1e2aa")


@dataclass(frozen=True, slots=True)
class Cue:
    """A timed piece of speech, from subtitles or from speech recognition; or as a person corrected it."""

    start: float
    end: float
    text: str
    by_person: bool = False

    @property
    def span(self) -> TimeSpan:
        return TimeSpan(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Slide:
    """What stands on a slide of a video, a line a line, and the seconds that it is on screen."""

    start: float
    end: float
    text: str

    @property
    def span(self) -> TimeSpan:
        return TimeSpan(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a document under one heading or on one page.

    Attributes:
        file: the document's path inside the course folder.
        text: verbatim, as extracted.
        char_start: where it begins in the extracted text of the whole document.
        number: the page from 1; None where the format has no pages.
        headings: the path of headings above it, outermost first.
    """

    file: str
    text: str
    char_start: int
    number: int | None = None
    headings: tuple[str, ...] = ()

    @property
    def span(self) -> TextSpan:
        section = self.headings[-1] if self.headings else ""
        return TextSpan(self.file, self.char_start, self.char_start + len(self.text), self.number, section)


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence, verbatim, with its place. `paragraph` groups the sentences of one page or topic."""

    text: str
    locator: Locator
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit of retrieval: a passage of neighbouring sentences of one source, never across a chapter.

    A passage of speech is stored once for each of its sentences, so that what is found is a second. A passage
    of a document or an FAQ entry is stored once; `locate` finds its sentence.

    Attributes:
        id: uuid5 of content and place, so that loading twice changes nothing.
        headings: context that is indexed but not quoted: course, lesson, chapter or section titles.
        text: the sentences joined, verbatim.
        sentences: what `text` is made of, in order; their texts stand in `text` in the same order.
        locator: from the first sentence's start to the last one's end.
        focus: number of the sentence that this chunk stands for; None where it stands for all of them.
        position: order within the lesson, from 0 over all its sources.
        distrusted: numbers of the sentences that speak to a model or stand right behind one that does, be it
            in the passage before (`retrieval.disarm`); as known when the passage was made.
        n_tokens: of `indexed_text`, as the counter of its ingestion has them; 0 where nobody has counted. Who
            replaces the text or the headings puts it back to 0.
    """

    id: str
    platform_id: str
    course_id: str
    lesson_id: str
    lesson_title: str
    source_file: str
    language: str
    headings: tuple[str, ...]
    text: str
    sentences: tuple[Segment, ...]
    locator: Locator
    position: int
    focus: int | None = None
    distrusted: tuple[int, ...] = ()
    n_tokens: int = 0

    @property
    def window(self) -> tuple[Segment, ...]:
        """The sentences that the chunk is found by: all, or a few from `focus` on."""
        if self.focus is None:
            return self.sentences
        return self.sentences[self.focus : self.focus + WINDOW_SENTENCES]

    @property
    def indexed_text(self) -> str:
        """The whole passage as the embedder and the model see it: headings, then the text."""
        return indexed_text(self.headings, self.text)

    @property
    def lexical_text(self) -> str:
        """What the lexical leg sees: the headings below the lesson's title, then the window.

        The title stands on every chunk of a lesson, so its words tell none of them from another.
        """
        text = self.text if self.focus is None else joined(sentence.text for sentence in self.window)
        return "\n".join((*self.headings_below, text))

    @property
    def headings_below(self) -> tuple[str, ...]:
        """Those that are not the lesson's title."""
        return tuple(heading for heading in self.headings if heading != self.lesson_title)


def indexed_text(headings: Sequence[str], text: str) -> str:
    """A passage below its headings."""
    return "\n".join((" › ".join(headings), text)) if headings else text


def chunk_id(
    platform_id: str,
    course_id: str,
    lesson_id: str,
    source_file: str,
    locator: Locator,
    indexed_text: str,
    focus: int | None = None,
) -> str:
    """A UUID from content and place (decisions 3), and from the sentence that it stands for.

    The digest is over the indexed text, headings included: a renamed chapter gives a new vector, so it
    must give a new id.
    """
    name = passage_name(platform_id, course_id, lesson_id, source_file, locator, indexed_text)
    return focused_id(name, focus)


def passage_name(
    platform_id: str, course_id: str, lesson_id: str, source_file: str, locator: Locator, indexed_text: str
) -> str:
    """What the ids of all chunks of a passage are made from."""
    digest = hashlib.sha256(indexed_text.encode()).hexdigest()
    return "|".join((platform_id, course_id, lesson_id, source_file, locator_key(locator), digest))


def focused_id(passage_name: str, focus: int | None) -> str:
    """Of the passage's chunk for one of its sentences, or for all."""
    name = passage_name if focus is None else f"{passage_name}|{focus}"
    return str(uuid.uuid5(_CHUNK_NAMESPACE, name))
