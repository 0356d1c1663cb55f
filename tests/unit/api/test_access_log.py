"""The access log names nobody."""

from __future__ import annotations

import logging
import pickle

import pytest

from baize.api.access_log import NamelessPaths, log_config


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/learners/lin-42", "/v1/learners/…"),
        ("/v1/learners/lin-42/progress/l1?x=lin", "/v1/learners/…/progress/l1"),
        ("/v1/conversations/c1", "/v1/conversations/…"),
        ("/v1/lessons/l1/transcript", "/v1/lessons/l1/transcript"),
    ],
)
def test_paths_lose_the_ids_of_people(path: str, shown: str) -> None:
    """Those of courses and lessons stay: operators need them."""
    args = ("127.0.0.1:1", "GET", path, "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 1, '%s - "%s %s HTTP/%s" %d', args, None)
    assert NamelessPaths().filter(record)
    assert record.getMessage() == f'127.0.0.1:1 - "GET {shown} HTTP/1.1" 200'


def test_other_records_pass_as_they_are() -> None:
    """Also those without such arguments; spawned workers get the configuration by pickle."""
    record = logging.LogRecord("x", logging.INFO, "", 1, "plain", None, None)
    assert NamelessPaths().filter(record)
    assert record.getMessage() == "plain"
    sent = pickle.loads(pickle.dumps(log_config()))  # noqa: S301 - our own
    assert sent["handlers"]["access"]["filters"] == ["nameless"]
