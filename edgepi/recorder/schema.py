"""The database file: its tables, its version, how it is opened and how it is moved aside."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from edgepi.errors import RecorderError
from edgepi.recorder.samples import Tier

__all__ = [
    "BLOCKS",
    "ENTITIES_MAX",
    "MIGRATIONS",
    "connect",
    "is_corrupt",
    "is_healthy",
    "migrate",
    "move_aside",
    "number_of_entity",
    "open_read_only",
    "version_of",
]

ENTITIES_MAX: Final = 65535  # a block's id is its period's number * 65536 + its entity's number
BLOCKS: Final[dict[Tier, str]] = {"raw": "block_raw", "5min": "block_5min", "hour": "block_hour"}

# Each script leads from the version of its place to the next one. Scripts that were released
# are never edited; a new version is a new script at the end.
MIGRATIONS: Final = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE entity (number INTEGER PRIMARY KEY, entity_id TEXT NOT NULL UNIQUE);
    CREATE TABLE segment (
        number INTEGER PRIMARY KEY,
        boot INTEGER NOT NULL,
        monotonic_ms INTEGER NOT NULL,
        wall_ms INTEGER
    );
    CREATE TABLE raw (
        segment INTEGER NOT NULL, t INTEGER NOT NULL, entity INTEGER NOT NULL, kind INTEGER NOT NULL, value
    );
    CREATE TABLE period (number INTEGER PRIMARY KEY, segment INTEGER NOT NULL, hour_ms INTEGER NOT NULL);
    CREATE TABLE block_raw (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE block_5min (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE block_hour (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
    CREATE TABLE decision (
        segment INTEGER NOT NULL, t INTEGER NOT NULL, place INTEGER NOT NULL,
        subject TEXT NOT NULL, action TEXT NOT NULL, sentence TEXT NOT NULL, numbers TEXT NOT NULL,
        PRIMARY KEY (segment, t, place)
    ) WITHOUT ROWID;
    """,
)

# FULL: a commit is on the card when it returns. With one commit a minute that costs one
# sync a minute; NORMAL would lose what the kernel had not yet written, half a minute more.
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -4096",
    "PRAGMA journal_size_limit = 8388608",
)
_SUFFIXES: Final = ("", "-wal", "-shm")
_UNUSABLE: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY})


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing; transactions are begun by hand.

    Raises:
        RecorderError: the file cannot be opened or written at all.
        sqlite3.DatabaseError: it is corrupt, or the disk is full.
    """
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise _unusable(path, error) from error
    try:
        for pragma in _PRAGMAS:
            database.execute(pragma)
    except sqlite3.OperationalError as error:
        database.close()
        if error.sqlite_errorcode & 0xFF in _UNUSABLE:
            raise _unusable(path, error) from error
        raise
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _unusable(path: Path, error: sqlite3.Error) -> RecorderError:
    return RecorderError(
        f"cannot open the history in {path}: {error}", hint="check that the directory exists and is writable"
    )


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open for reading beside a running node, or without one.

    Raises:
        RecorderError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise RecorderError(f"there is no history in {path}", hint="it begins when a node runs")
    # Without write access no -shm file can be made beside a database that nobody has open;
    # nobody writes then either, so it can be read as one that never changes.
    quiet = not path.with_name(f"{path.name}-wal").exists()
    uri = path.absolute().as_uri()
    failure = ""
    for query in ("mode=ro", "mode=ro&immutable=1")[: 1 + quiet]:
        database = sqlite3.connect(f"{uri}?{query}", uri=True, isolation_level=None)
        try:
            check_version(path, version_of(database))
        except sqlite3.DatabaseError as error:
            database.close()
            failure = str(error)
        except RecorderError:
            database.close()
            raise
        else:
            return database
    raise RecorderError(f"cannot read the history in {path}: {failure}")


def version_of(database: sqlite3.Connection) -> int:
    """Return the version of the tables; 0 when there are none."""
    found = database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
    return int(database.execute("SELECT version FROM schema_version").fetchone()[0]) if found else 0


def check_version(path: Path, version: int) -> None:
    """Refuse tables from the future.

    Raises:
        RecorderError: they were written by a newer EdgePi.
    """
    if version > len(MIGRATIONS):
        raise RecorderError(
            f"the history in {path} has version {version}, this EdgePi knows {len(MIGRATIONS)}",
            hint="install the newer EdgePi again, or move the file away to begin anew",
        )


def migrate(database: sqlite3.Connection, path: Path, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the tables to the newest version, all or nothing.

    Raises:
        RecorderError: they were written by a newer EdgePi.
    """
    version = version_of(database)
    if migrations is MIGRATIONS:
        check_version(path, version)
    if version >= len(migrations):
        return
    script = "".join(migrations[version:])
    mark = "" if version else "CREATE TABLE schema_version (version INTEGER NOT NULL);"
    place = "UPDATE schema_version SET version =" if version else "INSERT INTO schema_version VALUES"
    try:
        database.executescript(f"BEGIN; {mark} {script} {place} ({len(migrations)}); COMMIT;")
    except sqlite3.Error:
        if database.in_transaction:
            database.rollback()
        raise


def number_of_entity(database: sqlite3.Connection, entity_id: str) -> int:
    """Return the number of an entity, giving it one if no process has."""
    database.execute("INSERT OR IGNORE INTO entity (entity_id) VALUES (?)", (entity_id,))
    row = database.execute("SELECT number FROM entity WHERE entity_id = ?", (entity_id,)).fetchone()
    return int(row[0])


def is_corrupt(error: sqlite3.Error) -> bool:
    """Tell a damaged file from a full disk, a lock and the like."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_healthy(database: sqlite3.Connection) -> bool:
    """Read the whole file and check that its pages fit together."""
    try:
        return bool(database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:
        if is_corrupt(error):
            return False
        raise


def move_aside(path: Path, now: datetime) -> Path:
    """Rename the database and what belongs to it to ``<name>.corrupt.<utc>``; nothing is deleted."""
    name = f"{path.name}.corrupt.{now:%Y%m%dT%H%M%SZ}"
    aside = path.with_name(name)
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{name}-{count}")
    for suffix in _SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
