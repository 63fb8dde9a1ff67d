"""The errors of stores.

    StoreError
    ├── StoreUnavailable        it cannot be reached or does not answer; has `url` and `reason`
    ├── BadStoreUrl             its URL cannot be used; has `reason`
    ├── NewerSchema             a newer version of the service has written it; has `url`
    └── LostDatabase            it is empty, but keys were made before; has `url` and `pepper`

The password in a `url` of an error is masked, so it may be shown.
"""

from dataclasses import dataclass
from pathlib import Path


class StoreError(Exception):
    """Base class of the errors of stores. Its text is one sentence for an operator."""


@dataclass(eq=False)
class StoreUnavailable(StoreError):
    """A store cannot be reached."""

    url: str
    reason: str

    def __str__(self) -> str:
        return f"The store {self.url} cannot be used: {self.reason}"


@dataclass(eq=False)
class BadStoreUrl(StoreError):
    """A store's URL cannot be used. The URL itself may hold a password, so it is not shown."""

    reason: str

    def __str__(self) -> str:
        return f"The store's URL cannot be used: {self.reason}"


@dataclass(eq=False)
class NewerSchema(StoreError):
    """A database has a schema that this version does not know."""

    url: str

    def __str__(self) -> str:
        return f"The database {self.url} was written by a newer version of Weighbridge: install that version."


@dataclass(eq=False)
class LostDatabase(StoreError):
    """A database is empty, although the file `pepper` shows that keys were stored in one."""

    url: str
    pepper: str

    def __str__(self) -> str:
        return (
            f"The database {self.url} is empty, but there is a pepper in {self.pepper}, under which keys were stored: "
            "restore the database, or start with a new one with `weighbridge db create`."
        )


@dataclass(eq=False)
class EmbeddedStoreError(StoreError):
    """The embedded store cannot be started in `folder`."""

    folder: Path


@dataclass(eq=False)
class FolderInUse(EmbeddedStoreError):
    """Another service runs on the same data folder."""

    def __str__(self) -> str:
        return (
            f"Another service is running on the data folder {self.folder.parent}. "
            "Stop it, or choose another folder with WEIGHBRIDGE_DATA_DIR."
        )


@dataclass(eq=False)
class DamagedStore(EmbeddedStoreError):
    """The files of the embedded store cannot be read."""

    detail: str

    def __str__(self) -> str:
        return (
            f"The counters kept in {self.folder} are damaged ({self.detail}). "
            "Restore that folder from a copy, or move it away to begin with all counters at zero."
        )


@dataclass(eq=False)
class StartFailed(EmbeddedStoreError):
    """The embedded store did not start."""

    detail: str

    def __str__(self) -> str:
        return f"The embedded store in {self.folder} did not start: {self.detail}"
