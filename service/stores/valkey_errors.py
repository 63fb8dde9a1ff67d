"""Why the embedded store cannot be started.

StoreError
└── EmbeddedStoreError      carries `folder`
    ├── FolderInUse         another service runs on the same data folder
    ├── DamagedStore        what it wrote cannot be read back; carries `detail`
    └── StartFailed         any other reason; carries `detail`
"""

from dataclasses import dataclass
from pathlib import Path

from service.stores.errors import StoreError


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
    """What the store wrote cannot be read back."""

    detail: str

    def __str__(self) -> str:
        return (
            f"The counters kept in {self.folder} are damaged ({self.detail}). "
            "Restore that folder from a copy, or move it away to begin with all counters at zero."
        )


@dataclass(eq=False)
class StartFailed(EmbeddedStoreError):
    """The store did not start."""

    detail: str

    def __str__(self) -> str:
        return f"The embedded store in {self.folder} did not start: {self.detail}"
