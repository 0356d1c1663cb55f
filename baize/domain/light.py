"""`dataclass` for nouns of which one question makes hundreds: frozen to the type checker, light at run time.

What Python itself freezes sets each field by a call when it is made, 3.7 instead of 0.6 µs for the six
fields of a `Match`. So mypy reads the real decorator, and the interpreter this one: equal by value, with a
hash, without a dictionary. Nobody sets a field of a noun; `mypy --strict` sees to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

_Noun = TypeVar("_Noun")


def dataclass(*, frozen: bool, slots: bool) -> Callable[[type[_Noun]], type[_Noun]]:
    """As `dataclasses.dataclass` with these two; both are meant, or the other one is the right one."""
    if not (frozen and slots):
        raise ValueError("A noun is frozen and has slots.")
    return dataclasses.dataclass(slots=True, unsafe_hash=True)
