"""Links into the platform's own player (decisions 15). They fill `url` of evidence and moments."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, urlsplit

from baize.domain.locator import Locator, TimeSpan
from baize.domain.player import EXAMPLE, fields_of
from baize.domain.text import Chunk
from baize.errors import InvalidSettings


class PlayerLinks:
    """Fills a template; an empty template gives no links.

    Args:
        template: an http(s) URL, or a path on the platform's own host, with the fields `{platform_id}`,
            `{course_id}`, `{lesson_id}`, `{start}` and `{end}` (seconds, at most three decimals).

    Raises:
        InvalidSettings: the template has another field or another scheme.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._fields = _checked(template)

    def of(self, template: str) -> PlayerLinks:
        """Those of a platform's own template, which wins; these where it has none."""
        return _links(template) if template else self

    def url(self, platform_id: str, chunk: Chunk, locator: Locator) -> str | None:
        """None when nothing is configured, or the template wants a second and the place has none."""
        span = (locator.start, locator.end) if isinstance(locator, TimeSpan) else None
        return self.url_of(platform_id, chunk.course_id, chunk.lesson_id, span)

    def url_of(
        self, platform_id: str, course_id: str, lesson_id: str, span: tuple[float, float] | None
    ) -> str | None:
        """The same of a place by its ids; `span` is start and end in seconds, None for a place in a text."""
        if not self._template or ("lesson_id" in self._fields and not lesson_id):
            return None
        times: dict[str, str] = {}
        if span is not None:
            times = {"start": _seconds(span[0]), "end": _seconds(span[1])}
        elif self._fields & {"start", "end"}:
            return None
        ids = {"platform_id": platform_id, "course_id": course_id, "lesson_id": lesson_id}
        return self._template.format(**{name: quote(value, safe="") for name, value in ids.items()}, **times)


@lru_cache(maxsize=256)
def _links(template: str) -> PlayerLinks:
    return PlayerLinks(template)


def _checked(template: str) -> frozenset[str]:
    """The fields that the template uses."""
    remedy = f"Write e.g. {EXAMPLE}."
    try:
        fields = fields_of(template)
    except ValueError as cause:
        raise InvalidSettings(f"server.player_url is no template: {cause}.", remedy=remedy) from cause
    # A script or data URL in a link would run on the platform's page.
    if urlsplit(template).scheme not in ("http", "https", ""):
        raise InvalidSettings("server.player_url is neither http nor https.", remedy=remedy)
    return fields


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
