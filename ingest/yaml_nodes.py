"""A YAML tree that knows its lines: typed look-ups that fail with path, line and remedy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from baize.errors import InvalidManifest
from ingest.extract.days import day_of

_MAX_BYTES = 1_000_000
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_KINDS = {yaml.MappingNode: "a mapping (key: value)", yaml.SequenceNode: "a list", yaml.ScalarNode: "a value"}


@dataclass(frozen=True, slots=True)
class YamlNode:
    """One node and the file that it stands in; `name` is what messages call it."""

    node: yaml.Node
    path: Path
    name: str

    def error(self, message: str, remedy: str) -> InvalidManifest:
        """An error at the line of this node."""
        line = self.node.start_mark.line + 1
        return InvalidManifest(message, remedy=remedy, path=str(self.path), line=line)

    def mapping(self, allowed: Collection[str]) -> dict[str, YamlNode]:
        """The entries by key.

        Raises:
            InvalidManifest: no mapping, a key that is not allowed, or one given twice.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self._wrong("a mapping (key: value)")
        entries: dict[str, YamlNode] = {}
        for key_node, value in self.node.value:
            key = YamlNode(key_node, self.path, "A key").text()
            if key not in allowed:
                known = ", ".join(sorted(allowed))
                raise YamlNode(key_node, self.path, key).error(f"Unknown key {key}.", f"Known keys: {known}.")
            if key in entries:
                raise YamlNode(key_node, self.path, key).error(f"{key} is given twice.", "Keep one of them.")
            entries[key] = YamlNode(value, self.path, key)
        return entries

    def items(self) -> list[YamlNode]:
        """The members of a list; none for an empty value."""
        if self.is_null():
            return []
        if not isinstance(self.node, yaml.SequenceNode):
            raise self._wrong("a list")
        return [YamlNode(item, self.path, self.name) for item in self.node.value]

    def text(self) -> str:
        """A text, stripped, not empty."""
        if not isinstance(self.node, yaml.ScalarNode) or self.is_null():
            raise self._wrong("text")
        if self.node.tag != "tag:yaml.org,2002:str":
            raise self.error(
                f"{self.name} must be text, but YAML reads {self.node.value} as something else.",
                f'Put it in quotes: "{self.node.value}".',
            )
        value = str(self.node.value).strip()
        if not value:
            raise self.error(f"{self.name} is empty.", "Fill it in, or leave the key out.")
        return value

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(item.text() for item in self.items())

    def number(self) -> float:
        """A finite number, not below zero."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag.rpartition(":")[2] not in (
            "int",
            "float",
        ):
            raise self._wrong("a number")
        try:
            # YAML reads 1:35 as 95, which is what the author of a chapter list means.
            value = float(yaml.constructor.SafeConstructor().construct_object(self.node))
        except (ValueError, OverflowError) as error:
            raise self._wrong("a number") from error
        if not 0 <= value < float("inf"):
            raise self._wrong("a number from 0 on")
        return value

    def day(self) -> str:
        """A day as `2026-05-31`, whether YAML reads a date or text."""
        written = str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else ""
        try:
            return day_of(written)
        except ValueError as cause:
            raise self._wrong("a day such as 2026-05-31") from cause

    def is_null(self) -> bool:
        return self.node.tag == "tag:yaml.org,2002:null"

    def _wrong(self, expected: str) -> InvalidManifest:
        found = "empty" if self.is_null() else _KINDS[type(self.node)]
        return self.error(f"{self.name} must be {expected}, not {found}.", f"Write {expected} there.")


def load_yaml(path: Path) -> YamlNode:
    """The root of a YAML file; nothing in it is executed or constructed.

    Raises:
        InvalidManifest: too large, not UTF-8, no YAML, or empty.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidManifest(
            f"The file cannot be opened ({error.strerror}).", remedy="Check its permissions.", path=str(path)
        ) from error
    if len(raw) > _MAX_BYTES:
        raise InvalidManifest(
            f"The file is larger than {_MAX_BYTES:,} bytes.", remedy="Split the course.", path=str(path)
        )
    root = _compose(raw, path)
    if root is None:
        raise InvalidManifest("The file is empty.", remedy="Write id, title and lessons.", path=str(path))
    return YamlNode(root, path, path.name)


def _compose(raw: bytes, path: Path) -> yaml.Node | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidManifest(
            "This line is not UTF-8.", remedy="Save the file as UTF-8.", path=str(path), line=line
        ) from error
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidManifest(
            f"This is no YAML: {error.problem or error.context}.",
            remedy="Check indentation, colons and quotes here and in the line above.",
            path=str(path),
            line=mark.line + 1 if mark else None,
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidManifest(
            f"This is no YAML that can be read ({type(error).__name__}).",
            remedy="Remove control characters and deep nesting.",
            path=str(path),
        ) from error
