"""The access log without names: ids of learners and conversations in paths are not written down."""

from __future__ import annotations

import copy
import logging
import re
import sys
from typing import Any

import uvicorn.config

_NAMED = re.compile(r"(/(?:learners|conversations|answers|support)/)[^/?\s]+")
_PATH = 2
"""Where uvicorn's access records hold the path: (client, method, path, version, status)."""


class NamelessPaths(logging.Filter):
    """Replaces what names a person's things by `…`; the query goes too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        args = record.args
        if isinstance(args, tuple) and len(args) > _PATH and isinstance(args[_PATH], str):
            path = _NAMED.sub(r"\1…", str(args[_PATH]).split("?", 1)[0])
            record.args = (*args[:_PATH], path, *args[_PATH + 1 :])
        return True


def log_config() -> dict[str, Any]:
    """uvicorn's own configuration with the filter on its access log; picklable, for spawned workers.

    Its lines have colors on a terminal only, and where they have none its records need not be copied for it.
    """
    config = copy.deepcopy(uvicorn.config.LOGGING_CONFIG)
    if not sys.stdout.isatty():
        config["formatters"]["access"] = {"format": "%(levelname)s:     %(message)s"}
    config["filters"] = {"nameless": {"()": NamelessPaths}}
    config["handlers"]["access"]["filters"] = ["nameless"]
    return config
