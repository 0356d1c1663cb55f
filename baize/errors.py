"""Every error that Bai Ze raises on purpose.

    BaizeError
    ├── InvalidInput            what the caller gave cannot be used: file, manifest, question, option
    │   ├── InvalidManifest     course.yaml, a FAQ or a catalogue is wrong; names the file and the line
    │   ├── UnreadableSource    a media file, subtitle or document cannot be decoded
    │   ├── EmptySource         it can be decoded, but there is nothing in it to learn from
    │   └── InvalidSettings     config.yaml or a BAIZE_* variable is wrong; names the key
    ├── NotFound                a course, lesson, answer … that does not exist on this platform
    ├── Unauthorised            nobody can tell who asks: no key or token, or one that is not good
    ├── NotAllowed              the caller may not do this
    ├── TooOften                the caller asks more often than it may; says when to ask again
    ├── Conflict                the thing changed meanwhile, or somebody else holds it
    ├── DependencyUnavailable   something that Bai Ze needs does not answer or is not installed
    │   ├── Overloaded          there is more to do than can be done; says when to ask again
    │   ├── AnswerLost          the process that wrote an answer is gone, and what it had not said with it
    │   ├── IndexUnavailable    the vector store
    │   ├── ModelUnavailable    an embedding or speech model that is missing or cannot be loaded
    │   └── UpstreamFailed      the chat endpoint; `retryable` says whether asking again may help
    │       ├── UpstreamRejected    400, 401, 402, 422: asking again will not help
    │       └── UpstreamBusy        429, 500, 503, time-out, broken stream
    └── PromptError             a prompt file is missing, malformed or lacks a variable

A message says what happened, to which thing, and what to do about it (`remedy`). It never holds
a learner's words. HTTP status codes live in `baize/api/problems.py`, exit codes in `baize/cli.py`.
"""

from __future__ import annotations


class BaizeError(Exception):
    """Base of all errors of this project.

    Args:
        message: what happened, and to which thing.
        remedy: what the reader can do about it; empty when nothing can be done.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


class InvalidInput(BaizeError):
    """What the caller gave cannot be used.

    Args:
        path: the file that is at fault, as the caller named it.
        line: its line, from 1.
    """

    def __init__(self, message: str, *, remedy: str = "", path: str = "", line: int | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.path = path
        self.line = line

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line is not None else self.path
        return f"{place}: {super().__str__()}" if place else super().__str__()


class InvalidManifest(InvalidInput):
    """What a team writes about a course is wrong: course.yaml, a FAQ, a catalogue."""


class UnreadableSource(InvalidInput):
    """A media file, a subtitle file or a document cannot be decoded."""


class EmptySource(InvalidInput):
    """A source can be decoded, but holds nothing to learn from (silence, no text layer)."""


class InvalidSettings(InvalidInput):
    """config.yaml or an environment variable is wrong."""


class NotFound(BaizeError):
    """The thing does not exist on this platform."""


class Unauthorised(BaizeError):
    """Nobody can tell who asks: the key or token is missing, unknown, revoked, expired or forged."""


class NotAllowed(BaizeError):
    """The caller may not do this."""


class TooOften(BaizeError):
    """The caller asks more often than it may.

    Attributes:
        retry_after_s: when it may again, in seconds.
    """

    def __init__(self, message: str, *, remedy: str = "", retry_after_s: float = 60.0) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class Conflict(BaizeError):
    """The thing changed meanwhile, or somebody else holds it."""


class DependencyUnavailable(BaizeError):
    """Something that Bai Ze needs does not answer or is not installed."""


class Overloaded(DependencyUnavailable):
    """There is more to do than can be done.

    Attributes:
        retry_after_s: when asking again may help, in seconds.
    """

    def __init__(self, message: str, *, remedy: str = "", retry_after_s: float = 5.0) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class AnswerLost(DependencyUnavailable):
    """The process that wrote an answer is gone.

    Args:
        n_events: how many events of it there are.
    """

    def __init__(self, message: str, *, remedy: str = "", n_events: int = 0) -> None:
        super().__init__(message, remedy=remedy)
        self.n_events = n_events


class IndexUnavailable(DependencyUnavailable):
    """The vector store does not answer."""


class ModelUnavailable(DependencyUnavailable):
    """An embedding or speech model is missing or cannot be loaded."""


class UpstreamFailed(DependencyUnavailable):
    """The chat endpoint failed.

    Attributes:
        status: the HTTP status, or None when there was no response.
        retry_after_s: what the endpoint asked for, in seconds.
        about: the field of the request that it complained of, where that is known.
    """

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        about: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.retry_after_s = retry_after_s
        self.about = about


class UpstreamRejected(UpstreamFailed):
    """The endpoint refused the request (400, 401, 402, 422): asking again will not help."""


class UpstreamBusy(UpstreamFailed):
    """The endpoint is overloaded, slow or cut the stream: asking again may help."""

    retryable = True


class PromptError(BaizeError):
    """A prompt file is missing, malformed or lacks a variable."""
