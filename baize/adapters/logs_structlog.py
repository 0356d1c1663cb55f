"""Log records as lines of JSON, by structlog; for `logging.config.dictConfig`."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

_ACCESS = ("client", "method", "path", "http_version", "status")


def json_formatter() -> logging.Formatter:
    """One object a line: `timestamp`, `level`, `logger`, `event`; `exception` where there is one."""
    return structlog.stdlib.ProcessorFormatter(
        pass_foreign_args=True,
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _access,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def as_json(config: dict[str, Any]) -> dict[str, Any]:
    """uvicorn's configuration of logs with every formatter replaced; ours and everybody's lines go along."""
    config["formatters"] = {name: {"()": json_formatter} for name in config["formatters"]}
    config["root"] = {"handlers": ["default"], "level": "INFO"}
    for logger in config["loggers"].values():
        logger["propagate"] = False
    return config


def _access(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """uvicorn's line of a request as fields."""
    record: logging.LogRecord = event["_record"]
    told = event.pop("positional_args", ())
    if record.name == "uvicorn.access" and isinstance(told, tuple) and len(told) == len(_ACCESS):
        event.update(zip(_ACCESS, told, strict=True))
        event["event"] = "request"
    return event
