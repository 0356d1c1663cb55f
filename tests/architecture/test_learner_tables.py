"""Whatever is kept of a learner is found by one name, so that it is exported and erased."""

from __future__ import annotations

import re

from baize.adapters.db.learner_rows import LEARNER, learner_tables
from baize.adapters.db.models import Table

KNOWN = {"answers", "feedback", "preferences"}
"""There may be more: a new one is found by its column."""

OF_STAFF = {("edits", "person")}
"""Columns that name people of a course team, who are no learners."""

PERSONAL = re.compile(r"learner|user|actor|person|student|owner|(^|_)sub($|_)")


def test_tables_of_learners_are_found() -> None:
    """Each has the platform too, as part of its key."""
    tables = learner_tables()
    assert {table.name for table in tables} >= KNOWN
    for table in tables:
        assert {"platform_id"} <= set(table.primary_key.columns.keys()), table.name


def test_a_learner_has_one_name_in_all_tables() -> None:
    """A column that names a learner otherwise would be missed by export and erasure."""
    named = {
        (table.name, column.name)
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if PERSONAL.search(column.name) and column.name != LEARNER
    }
    assert named == OF_STAFF


def test_no_row_of_a_learner_hangs_on_another_table_only() -> None:
    """A table that points at a learner's table carries the learner itself."""
    own = {table.name for table in learner_tables()}
    loose = {
        table.name
        for table in Table.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in own and table.name not in own
    }
    assert loose == set()
