"""`--set section.key=value`: settings for one run, checked like those of config.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from baize.errors import InvalidSettings
from baize.field_words import in_words
from baize.settings import Settings, parse_yaml


def with_overrides(settings: Settings, assignments: Sequence[str]) -> Settings:
    """The settings with these assignments; later ones win, and all win over files and variables.

    Raises:
        InvalidSettings: naming the key that is unknown or the value that does not fit.
    """
    changed: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        section, key, value = _parse(assignment, settings)
        changed.setdefault(section, {})[key] = value
    return settings.model_copy(
        update={section: _section(settings, section, values) for section, values in changed.items()}
    )


def _parse(assignment: str, settings: Settings) -> tuple[str, str, Any]:
    path, equals, text = assignment.partition("=")
    section, dot, key = path.strip().partition(".")
    if not (equals and dot and key):
        raise InvalidSettings(
            f"--set {assignment}: this is no section.key=value.", remedy="Write it like retrieval.leg_k=80."
        )
    if not isinstance(getattr(settings, section, None), BaseModel):
        sections = [name for name in Settings.model_fields if isinstance(getattr(settings, name), BaseModel)]
        raise InvalidSettings(
            f"--set {path}: there is no section {section!r}.", remedy=_nearest(section, sections)
        )
    try:
        return section, key, parse_yaml(text)
    except yaml.YAMLError:
        raise InvalidSettings(f"--set {path}: {text!r} is no value.", remedy="Quote it.") from None


def _section(settings: Settings, section: str, values: dict[str, Any]) -> BaseModel:
    now: BaseModel = getattr(settings, section)
    field = Settings.model_fields[section]
    known = {name: getattr(now, name) for name in type(now).model_fields}
    # Another kind has other keys: nothing of the one before carries over.
    kept = {} if values.get("kind", known.get("kind")) != known.get("kind") else known
    annotated: Any = (
        Annotated[field.annotation, Field(discriminator=field.discriminator)]
        if field.discriminator
        else field.annotation
    )
    try:
        made: BaseModel = TypeAdapter(annotated).validate_python(kept | values)
    except ValidationError as cause:
        error = cause.errors()[0]
        key = str(error["loc"][-1]) if error["loc"] else "kind"
        remedy = _nearest(key, list(known)) if error["type"] == "extra_forbidden" else ""
        raise InvalidSettings(
            f"--set {section}.{key}: {in_words(error)}.",
            remedy=remedy or "`baize config show` lists every key.",
        ) from None
    return made


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."
