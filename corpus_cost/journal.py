"""The journal of an estimate: one line for each shard that is counted, so that a stopped run can be resumed."""

import fcntl
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from corpus_cost.errors import KeptElsewhere
from corpus_cost.totals import Partial, from_json, to_json
from weighbridge_base.files import replace_file

HEADER = "header.json"
LINES = "shards.jsonl"
PARTS = "parts"


class Journal:
    """The folder of one run, locked by one process at a time. A line that a crash has cut off is ignored."""

    def __init__(self, folder: Path) -> None:
        """Lock the folder. Raise KeptElsewhere if another process has locked it, OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._file = (folder / LINES).open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise KeptElsewhere("The same estimate is running already; wait for its end, or stop it.") from None

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    @property
    def parts(self) -> Path:
        """Return the folder for the parts of the table of all texts."""
        folder = self.folder / PARTS
        folder.mkdir(exist_ok=True)
        return folder

    def begin(self, header: Mapping[str, Any]) -> None:
        """Discard what was kept, and start a new run with this header."""
        self._file.truncate(0)
        shutil.rmtree(self.folder / PARTS, ignore_errors=True)
        replace_file(self.folder / HEADER, json.dumps(header).encode())

    def header(self) -> dict[str, Any] | None:
        """Return the header of the kept run, or None if there is none."""
        try:
            found: dict[str, Any] = json.loads((self.folder / HEADER).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found

    def done(self) -> dict[str, Partial]:
        """Return the kept partials by shard id."""
        found: dict[str, Partial] = {}
        for line in (self.folder / LINES).read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
                found[row["shard"]] = from_json(row)
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def keep(self, shard_id: str, partial: Partial) -> None:
        """Append a finished shard. Raise OSError, for instance on a full disk."""
        self._file.write(json.dumps({"shard": shard_id, **to_json(partial)}) + "\n")
        self._file.flush()

    def forget(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
