"""Prompts are files: `prompts/<task>/v<N>.md`, checked when loaded, named by digest on every answer."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from baize.domain.chat import Message, Sampling
from baize.errors import PromptError

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n# system\n(.*?)\n# user\n(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One released version of one prompt. A change is a new file, never an edit.

    Attributes:
        digest: of the file's bytes; `label` carries its first 12 hex digits.
    """

    name: str
    version: int
    variables: frozenset[str]
    sampling: Sampling
    system: string.Template
    user: string.Template
    digest: str

    @property
    def label(self) -> str:
        """As it stands on answers and eval records: `answer@v1#0123456789ab`."""
        return f"{self.name}@v{self.version}#{self.digest[:12]}"

    def render(self, values: Mapping[str, str]) -> tuple[Message, Message]:
        """System and user message. Course text may hold `$`: values are never substituted again.

        Raises:
            PromptError: if the values are not exactly the declared variables.
        """
        if values.keys() != self.variables:
            wrong = ", ".join(sorted(values.keys() ^ self.variables))
            raise PromptError(f"Prompt {self.label} was given other variables than it declares: {wrong}.")
        return (
            Message("system", self.system.substitute(values).strip()),
            Message("user", self.user.substitute(values).strip()),
        )


class PromptLibrary:
    """All prompts of a folder, loaded and checked at once.

    Args:
        root: the folder; None for the one that came with the package.

    Raises:
        PromptError: if any prompt is malformed. Better at start-up than at the first question.
    """

    def __init__(self, root: Path | None = None) -> None:
        folder: Traversable = root if root is not None else packaged("prompts")
        if not folder.is_dir():
            raise PromptError(f"There is no folder of prompts at {folder}.", remedy="Reinstall baize.")
        self._prompts: dict[tuple[str, int], Prompt] = {}
        for task in sorted((item for item in folder.iterdir() if item.is_dir()), key=lambda item: item.name):
            for file in task.iterdir():
                if file.name.endswith(".md"):
                    prompt = _parse(f"{task.name}/{file.name}", file.read_bytes())
                    self._prompts[(prompt.name, prompt.version)] = prompt

    def get(self, name: str, version: int | None = None) -> Prompt:
        """A version of a prompt, by default the newest.

        Raises:
            PromptError: if there is none.
        """
        versions = [v for n, v in self._prompts if n == name and version in (None, v)]
        if not versions:
            raise PromptError(
                f"There is no prompt {name!r} {f'v{version}' if version else ''}".rstrip() + "."
            )
        return self._prompts[(name, max(versions))]


def packaged(name: str) -> Traversable:
    """`prompts/` or `config.yaml`, from the wheel (`baize/_prompts` …) or from the checkout around it."""
    inside = resources.files("baize").joinpath(f"_{name}")
    if inside.is_dir() or inside.is_file():
        return inside
    return Path(__file__).resolve().parent.parent / name


def _parse(place: str, data: bytes) -> Prompt:
    try:
        # Checked out on Windows, a file has other line ends.
        match = _FRONT_MATTER.match(data.decode().replace("\r\n", "\n"))
    except UnicodeDecodeError as cause:
        raise PromptError(f"Prompt {place} is no text in UTF-8.", remedy="Save it as UTF-8.") from cause
    if match is None:
        raise PromptError(f"Prompt {place} needs front matter, then `# system`, then `# user`.")
    try:
        head: dict[str, Any] = yaml.safe_load(match.group(1))
        name, version, variables = str(head["name"]), int(head["version"]), frozenset(head["variables"])
        sampling = Sampling(**head.get("sampling", {}))
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as cause:
        raise PromptError(f"Front matter of prompt {place} is wrong: {cause}.") from cause
    system, user = string.Template(match.group(2)), string.Template(match.group(3))
    used = {*system.get_identifiers(), *user.get_identifiers()}
    if not (system.is_valid() and user.is_valid()) or used != variables:
        wrong = ", ".join(sorted(used ^ variables)) or "a stray `$`"
        raise PromptError(f"Prompt {place} declares other variables than it uses: {wrong}.")
    if place != f"{name}/v{version}.md":
        raise PromptError(f"Prompt {place} calls itself {name}/v{version}.md.")
    return Prompt(name, version, variables, sampling, system, user, hashlib.sha256(data).hexdigest())
