"""Keeps the hub's state in a file as it changes, so that killing the hub's process loses nothing it acknowledged."""

import importlib.metadata
import pickle
import sqlite3
from collections.abc import Mapping
from pathlib import Path

type Row = tuple[str, str]  # kind, key

_SCHEMA = "CREATE TABLE IF NOT EXISTS state (kind TEXT, key TEXT, content BLOB, PRIMARY KEY (kind, key))"


class Snapshot:
    """A table of pickled rows; each write is one transaction.

    Safe against the death of the process, not of the machine: the file system is trusted to keep what it was given.

    Raises:
        RuntimeError: the file was written with another version of durabletask.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The hub's lock guards every use; the connection itself wanders between its threads.
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(_SCHEMA)
        self._check_version(path)
        self.rows: set[Row] = set(self._db.execute("SELECT kind, key FROM state WHERE kind != 'version'"))

    def load(self) -> dict[Row, object]:
        """Return every row."""
        rows = self._db.execute("SELECT kind, key, content FROM state WHERE kind != 'version'")
        # The file is the hub's own, written by this class in the user's own directory.
        return {(kind, key): pickle.loads(content) for kind, key, content in rows}  # noqa: S301 - see above

    def write(self, changes: Mapping[Row, object]) -> None:
        """Store these rows; None deletes one."""
        self._db.execute("BEGIN")
        for row, value in changes.items():
            if value is None:
                self._db.execute("DELETE FROM state WHERE kind = ? AND key = ?", row)
                self.rows.discard(row)
            else:
                self._db.execute("REPLACE INTO state VALUES (?, ?, ?)", (*row, pickle.dumps(value)))
                self.rows.add(row)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _check_version(self, path: Path) -> None:
        current = importlib.metadata.version("durabletask")
        self._db.execute("INSERT OR IGNORE INTO state VALUES ('version', '', ?)", (current,))
        (stored,) = self._db.execute("SELECT content FROM state WHERE kind = 'version'").fetchone()
        if stored != current:
            msg = f"{path} was written with durabletask {stored}, this is {current}: delete the file to start afresh"
            raise RuntimeError(msg)
