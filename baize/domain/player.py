"""Templates of links into a platform's own player (decisions 15)."""

from __future__ import annotations

import string
from urllib.parse import urlsplit

FIELDS = frozenset({"platform_id", "course_id", "lesson_id", "start", "end"})
"""What a template may name: ids, and seconds."""
EXAMPLE = "https://learn.example/{course_id}/{lesson_id}?t={start}"


def fields_of(template: str) -> frozenset[str]:
    """The fields that a template uses.

    Raises:
        ValueError: it is no template, or names a field that is not known; says which.
    """
    fields: set[str] = set()
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if name not in FIELDS:
            raise ValueError(f"there is no field {name!r}")
        # `{start:>9999999999}` would be a link of ten gigabytes.
        if spec or conversion:
            raise ValueError(f"the field {name!r} takes no format")
        fields.add(name)
    return frozenset(fields)


def check_public(template: str) -> None:
    """A platform's own template: `https://host/…`, its host without fields.

    Raises:
        ValueError: it is none; says why.
    """
    fields_of(template)
    parts = urlsplit(template)
    # A script or data URL in a link would run on the platform's page.
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("it is no https address")
    if "{" in parts.netloc or parts.username is not None:
        raise ValueError("its host must be written out")
    if not template.isascii() or not template.isprintable() or " " in template:
        raise ValueError("it holds characters that no address does")
