"""Progress and statements, which grow with learners, in partitions; on PostgreSQL only.

Rows are moved within the transaction: about as long as a restore of these tables takes.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import inspect, text

revision = "0025"
down_revision = "0024"

_N = 16
_KEYS = {"progress": "learner_id", "statements": "statement_id"}


def upgrade() -> None:
    for table, key in _KEYS.items():
        _remake(table, f"PARTITION BY HASH ({key})", _N)


def downgrade() -> None:
    for table in _KEYS:
        _remake(table, "", 0)


def _remake(table: str, form: str, n_parts: int) -> None:
    """The same columns, rows, key and indexes in another form. Indexes come last, as in a restore."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    found = inspect(connection)
    key = found.get_pk_constraint(table)
    indexes = found.get_indexes(table)
    old = f"{table}_old"
    op.rename_table(table, old)
    op.execute(text(f"CREATE TABLE {table} (LIKE {old} INCLUDING DEFAULTS) {form}"))
    for part in range(n_parts):
        op.execute(
            text(
                f"CREATE TABLE {table}_{part:02} PARTITION OF {table}"
                f" FOR VALUES WITH (MODULUS {n_parts}, REMAINDER {part})"
            )
        )
    op.execute(text(f"INSERT INTO {table} SELECT * FROM {old}"))  # noqa: S608
    op.drop_table(old)
    op.create_primary_key(key["name"], table, key["constrained_columns"])
    for index in indexes:
        op.create_index(index["name"], table, [name for name in index["column_names"] if name])
