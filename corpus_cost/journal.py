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

HEADER = "header.json"
LINES = "shards.jsonl"
PARTS = "parts"


class Journal:
    """A folder of one run. Only one process at a time has it; a line that a crash cut off is left out."""

    def __init__(self, folder: Path) -> None:
        """Takes the folder. Raises KeptElsewhere if another process has it, OSError."""
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
        """Where the parts of a file with all texts are."""
        folder = self.folder / PARTS
        folder.mkdir(exist_ok=True)
        return folder

    def begin(self, header: Mapping[str, Any]) -> None:
        """Forget what was kept, and start anew."""
        self._file.truncate(0)
        shutil.rmtree(self.folder / PARTS, ignore_errors=True)
        (self.folder / HEADER).write_text(json.dumps(header), encoding="utf-8")

    def header(self) -> dict[str, Any] | None:
        """What the run that is kept began with; None if none is."""
        try:
            found: dict[str, Any] = json.loads((self.folder / HEADER).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found

    def done(self) -> dict[str, Partial]:
        """The partials that are kept, by the id of their shard."""
        found: dict[str, Partial] = {}
        for line in (self.folder / LINES).read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
                found[row["shard"]] = from_json(row)
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def keep(self, shard_id: str, partial: Partial) -> None:
        """Write down that a shard is done. Raises OSError on a full disk."""
        self._file.write(json.dumps({"shard": shard_id, **to_json(partial)}) + "\n")
        self._file.flush()

    def forget(self) -> None:
        """Remove everything that is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)
