"""The database from outside: its migrations, several processes on one file, and what goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, create_engine, make_url, table, text, update

from baize.adapters.db.answers import SqlAnswers
from baize.adapters.db.catalog import SqlCatalog
from baize.adapters.db.engine import Database
from baize.adapters.db.migrate import alembic_config
from baize.adapters.db.migrations import HEAD, PARTITIONED, VERSION_TABLE, is_compared
from baize.adapters.db.models import Table
from baize.adapters.db.publisher import SqlPublisher
from baize.adapters.db.statements import SqlStatements
from baize.domain.chat import Answer
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.statement import StatementQuery
from baize.errors import DependencyUnavailable, InvalidSettings

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

COURSE = Course("p", "c", "白泽", tags=("a",))
LESSON = Lesson("p", "c", "c.1", "L", 1, "zh", 2.5, "", "b", (Chapter(0.0, 2.5, "x"),))

# What a command or a worker does: it opens the same database, migrates it and writes.
WRITER = """
import asyncio, sys, time
from baize.adapters.db.answers import SqlAnswers
from baize.adapters.db.engine import Database
from baize.adapters.db.publisher import SqlPublisher
from baize.domain.chat import Answer
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson

class Clock:
    def now(self):
        return time.time()

async def main(address, me, n):
    database = Database(address)
    await database.migrate()
    answers, publisher = SqlAnswers(database, Clock()), SqlPublisher(database)
    for i in range(n):
        await answers.put(Answer(f"{me}-{i}", "p", "c", "q", "zh", "m", "", "t"))
        await publisher.put_course(Course("p", "c", me))
        lesson = Lesson("p", "c", f"{me}.{i}", "L", i, "zh", None, "", me)
        await publisher.publish(BuiltLesson(lesson, (), 1, None))
    await database.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


class WallClock:
    def now(self) -> float:
        return time.time()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new folder/50%/catalogue.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    opened = Database(address)
    yield opened
    await opened.close()


def in_sync(address: str, do: Callable[[Connection], Any]) -> Any:
    """What `do` gives on a plain connection: Alembic's own commands are not async."""
    driver = "sqlite" if address.startswith("sqlite") else "postgresql+psycopg"
    engine = create_engine(make_url(address).set(drivername=driver))
    try:
        with engine.begin() as connection:
            return do(connection)
    finally:
        engine.dispose()


async def fill(database: Database) -> None:
    await SqlPublisher(database).put_course(COURSE)
    await SqlPublisher(database).publish(BuiltLesson(LESSON, ("zh",), 1, None))


def test_head_is_the_newest_revision() -> None:
    """The quick check of `migrate` knows the same head as Alembic, which has only one."""
    folder = Path(sys.modules["baize.adapters.db.migrations"].__path__[0])
    assert ScriptDirectory(str(folder)).get_heads() == [HEAD]


async def test_models_match_the_migrations(address: str, database: Database) -> None:
    """The tables that the migrations make are the tables that the code expects."""
    await database.migrate()

    def differences(connection: Connection) -> list[Any]:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "include_name": is_compared}
        found: list[Any] = compare_metadata(
            MigrationContext.configure(connection, opts=options), Table.metadata
        )
        return found

    assert in_sync(address, differences) == []


def test_every_primary_key_starts_with_the_platform() -> None:
    """No table can be addressed without naming a platform, and no relation leaves one."""
    for model in Table.metadata.sorted_tables:
        assert next(iter(model.primary_key)).name == "platform_id"
        for relation in model.foreign_key_constraints:
            assert relation.column_keys[0] == "platform_id"


async def test_upgrade_downgrade_upgrade_with_data(address: str, database: Database) -> None:
    """The whole way down and up again works on tables that hold something."""
    await database.migrate()
    await fill(database)
    in_sync(address, lambda connection: command.downgrade(alembic_config(connection), "base"))
    await database.migrate()
    assert await SqlCatalog(database).courses("p") == []
    await fill(database)
    assert await SqlCatalog(database).lessons("p", "c") == [LESSON]


async def test_partitions_keep_every_row(postgres_url: str) -> None:
    """Down and up again with rows of many learners in place: none is lost, and they are spread."""
    database = Database(postgres_url)
    await database.migrate()
    rows = {
        "progress": "'p', 'learner-' || n, 'c.1', 'c', '[]', NULL, 1.0, 2.0",
        "statements": "'p', 'statement-' || n, 'learner-' || n, 'verb', 'thing', n, '{}'",
    }
    assert set(rows) == set(PARTITIONED)

    def counted(connection: Connection) -> list[tuple[int, int]]:
        one = "SELECT count(*), count(DISTINCT tableoid) FROM {}"
        return [tuple(connection.execute(text(one.format(name))).one()) for name in rows]

    def fill_both(connection: Connection) -> None:
        for name, values in rows.items():
            connection.execute(
                text(f"INSERT INTO {name} SELECT {values} FROM generate_series(1, 500) n")  # noqa: S608
            )

    def downgrade(connection: Connection) -> None:
        command.downgrade(alembic_config(connection), "0024")

    in_sync(postgres_url, fill_both)
    assert in_sync(postgres_url, counted) == [(500, 16), (500, 16)]
    in_sync(postgres_url, downgrade)
    assert in_sync(postgres_url, counted) == [(500, 1), (500, 1)]
    await database.migrate()
    assert in_sync(postgres_url, counted) == [(500, 16), (500, 16)]
    again = StatementQuery(learner_id="learner-7")
    assert [one.id for one in await SqlStatements(database).find("p", again, 9)] == ["statement-7"]
    await database.close()


async def test_migrate_again_keeps_everything(database: Database) -> None:
    """Every start migrates; a database that is up to date is left as it is."""
    await database.migrate()
    await fill(database)
    await database.migrate()
    assert await SqlCatalog(database).course("p", "c") == COURSE


async def test_failed_migration_leaves_no_trace(address: str, database: Database) -> None:
    """Where a table stands in the way, nothing at all is created: the next attempt starts clean."""
    if address.startswith("sqlite"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True)
    in_sync(address, lambda connection: connection.execute(text("CREATE TABLE answers (x INTEGER)")))
    with pytest.raises(Exception, match="already exists"):
        await database.migrate()
    in_sync(address, lambda connection: connection.execute(text("DROP TABLE answers")))
    await database.migrate()
    await fill(database)
    assert await SqlCatalog(database).courses("p") == [COURSE]


async def test_database_of_a_newer_version_is_refused(address: str, database: Database) -> None:
    """An old program does not touch the tables of a newer one, and says what to do."""
    await database.migrate()
    newer = update(table(VERSION_TABLE, column("version_num"))).values(version_num="9999")
    in_sync(address, lambda connection: connection.execute(newer))
    with pytest.raises(DependencyUnavailable, match="9999") as caught:
        await database.migrate()
    assert "Upgrade baize" in caught.value.remedy


def test_check_at_head_needs_no_alembic(tmp_path: Path) -> None:
    """A start on an up-to-date database does not pay for Alembic."""
    address = f"sqlite:///{tmp_path}/catalogue.db"
    for n in (1, 0):
        check = f"{WRITER}\nassert ('alembic' in sys.modules) is {n == 1}"
        subprocess.run([sys.executable, "-c", check, address, "me", str(n)], check=True)


async def test_several_processes_lose_nothing(address: str, database: Database) -> None:
    """Three programs that start at once on an empty address migrate it once, and all their writes stay."""
    programs = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", WRITER, address, name, "25"),
            stderr=asyncio.subprocess.PIPE,
        )
        for name in "abc"
    ]
    for program in programs:
        _, complaints = await program.communicate()
        assert (program.returncode, complaints.decode()) == (0, "")
    await database.migrate()
    turns = await SqlAnswers(database, WallClock()).turns("p", "c", 1000)
    written = {f"{name}-{i}" for name in "abc" for i in range(25)}
    assert {turn.id for turn in turns} == written
    assert len(await SqlCatalog(database).lessons("p", "c")) == len(written)


async def test_two_databases_of_one_process_share_a_file(address: str, database: Database) -> None:
    """Two engines that write in turn and at once see each other's rows and never fail."""
    other = Database(address)
    await asyncio.gather(database.migrate(), other.migrate())
    stores = [SqlAnswers(database, WallClock()), SqlAnswers(other, WallClock())]
    await asyncio.gather(
        *(stores[i % 2].put(Answer(str(i), "p", "c", "q", "zh", "m", "", "t")) for i in range(60))
    )
    assert len(await stores[0].turns("p", "c", 100)) == 60
    await other.close()


async def test_many_may_create_the_file_at_once(tmp_path: Path) -> None:
    """As an API, a worker and a command do that start together on a new folder."""
    for turn in range(20):
        made = [Database(f"sqlite:///{tmp_path}/{turn}.db") for _ in range(6)]
        await asyncio.gather(*(database.migrate() for database in made))
        for database in made:
            await database.close()


async def test_reader_does_not_wait_for_a_writer(address: str, database: Database) -> None:
    """While a transaction is open, readers see what was there before, at once."""
    await database.migrate()
    await fill(database)
    async with database.writing() as session:
        await session.execute(text("UPDATE courses SET title = 'new'"))
        found = await asyncio.wait_for(SqlCatalog(database).course("p", "c"), timeout=20)
    assert found == COURSE


async def test_error_rolls_back(database: Database) -> None:
    """A block that raises leaves nothing of what it wrote, and its error is passed on."""
    await database.migrate()
    await fill(database)
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(database)
    assert await SqlCatalog(database).course("p", "c") == COURSE


async def write_and_fail(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(text("DELETE FROM courses"))
        raise ZeroDivisionError


async def test_unusable_file_names_itself(tmp_path: Path) -> None:
    """A catalogue file that cannot be opened is named, with a remedy."""
    (tmp_path / "catalogue.db").mkdir()
    database = Database(f"sqlite:///{tmp_path}/catalogue.db")
    with pytest.raises(DependencyUnavailable, match=r"catalogue\.db cannot be used") as caught:
        await database.migrate()
    assert caught.value.remedy


async def test_file_of_something_else_names_itself(tmp_path: Path) -> None:
    """A file that is no database is not overwritten."""
    file = tmp_path / "catalogue.db"
    file.write_text("a letter " * 1000)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(DependencyUnavailable, match="not a database"):
        await database.migrate()
    await database.close()
    assert file.read_text() == "a letter " * 1000


async def test_folder_that_cannot_be_made_names_the_file(tmp_path: Path) -> None:
    """A data folder that cannot be created is an unavailable dependency, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(DependencyUnavailable, match=r"catalogue\.db cannot be used"):
        await Database(f"sqlite:///{tmp_path}/file/catalogue.db").migrate()


async def test_server_that_is_down_names_itself(tmp_path: Path) -> None:
    """A PostgreSQL that does not answer is named by its host; its password is not."""
    database = Database("postgresql://me:secret@127.0.0.1:1/library")
    with pytest.raises(DependencyUnavailable, match=r"127\.0\.0\.1") as caught:
        await database.migrate()
    assert "secret" not in str(caught.value)
    assert "database_url" in caught.value.remedy


async def test_server_that_restarts_is_found_again(postgres_url: str) -> None:
    """Connections that the server has closed meanwhile are replaced without an error."""
    database = Database(postgres_url)
    await database.migrate()
    await fill(database)
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    in_sync(postgres_url, lambda connection: connection.execute(others))
    assert await SqlCatalog(database).course("p", "c") == COURSE
    await database.close()


@pytest.mark.parametrize("address", ["mysql://host/name", "no address", ""])
def test_unknown_address_is_a_setting(address: str) -> None:
    """An address that Bai Ze cannot use is a wrong setting, with the right form as remedy."""
    with pytest.raises(InvalidSettings, match="database_url"):
        Database(address)


def test_missing_driver_names_the_extra() -> None:
    """Without the driver for PostgreSQL the error says what to install."""
    program = """
import sys
sys.modules["psycopg"] = None
from baize.adapters.db.engine import Database
from baize.errors import DependencyUnavailable
try:
    Database("postgresql://host/name")
except DependencyUnavailable as error:
    sys.stdout.write(error.remedy)
"""
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "pip install 'baize[postgres]'" in said.stdout
