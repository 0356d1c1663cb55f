"""A lesson under another title: its passages stand under the new one."""

from __future__ import annotations

from dataclasses import replace

from ingest.lesson_record import _retitled
from tests.unit.services.world import make_chunk


def test_a_passage_under_another_title_is_another_one_and_not_counted_yet() -> None:
    """Its headings are of other words; under the title that it has it stays as it is."""
    chunk = replace(make_chunk(["坐好五分钟。"], title="在家量血压"), n_tokens=999)
    renamed = _retitled(chunk, "量血压")
    assert (renamed.lesson_title, renamed.headings, renamed.text) == ("量血压", ("量血压",), chunk.text)
    assert renamed.id != chunk.id
    assert renamed.n_tokens == 0
    assert _retitled(chunk, chunk.lesson_title) is chunk
