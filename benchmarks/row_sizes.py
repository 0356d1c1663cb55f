"""Bytes that a row takes in PostgreSQL, indexes and all: what `docs/operations.md` sizes the database from.

    python -m benchmarks.row_sizes [--rows 50000]

A PostgreSQL of its own; the rows are those that `tenant_probe`'s learners leave through the API (extractive
answers from a lecture of 90 s), multiplied under new ids, and the tables vacuumed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.crash import own_postgres
from benchmarks.tenant_probe import world

_KEYS = {
    "answers": ("answer_id", "conversation_id", "learner_id"),
    "progress": ("learner_id",),
    "interests": ("learner_id",),
    "preferences": ("learner_id",),
    "statements": ("statement_id", "learner_id"),
    "review_cards": ("learner_id",),
    "feedback": ("answer_id", "learner_id"),
}
"""Tables that grow with learners, and what a new row of each has of its own."""


def measure(url: str, n_rows: int) -> dict[str, float]:
    """Bytes a row by table, after `n_rows` were added to each."""
    found = {}
    with psycopg.connect(url, autocommit=True) as database:
        for table, keys in _KEYS.items():
            columns = [
                row[0]
                for row in database.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s", (table,)
                )
            ]
            # Ids of random UUIDs, as the service and the platform make them, spread over the index.
            values = [
                sql.SQL("gen_random_uuid()::text") if name in keys else sql.Identifier(name)
                for name in columns
            ]
            database.execute(
                sql.SQL(
                    "INSERT INTO {table} ({columns}) SELECT {values} FROM"
                    " (SELECT * FROM {table} LIMIT 1) one, generate_series(1, {n})"
                ).format(
                    table=sql.Identifier(table),
                    columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                    values=sql.SQL(", ").join(values),
                    n=sql.Literal(n_rows),
                )
            )
            database.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
            # A partitioned table has no bytes of its own.
            size = database.execute(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
                " LEFT JOIN pg_inherits ON inhrelid = oid WHERE %s::regclass IN (oid, inhparent)",
                (table,),
            ).fetchone()
            count = database.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            ).fetchone()
            if size is None or count is None:
                raise RuntimeError(f"PostgreSQL tells nothing of {table}")
            found[table] = round(float(size[0]) / count[0], 1)
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    with own_postgres() as server, tempfile.TemporaryDirectory() as folder:
        url = server.create("sizes")
        with world(Path(folder), url):
            pass
        result = {"rows": options.rows, "bytes_a_row": measure(url, options.rows)}
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
