"""The folder of everything that the service keeps by itself."""

import os
from pathlib import Path


class DataFolderUnusable(Exception):
    """The data folder cannot be made or written. The message is one sentence for a person."""


def prepare(folder: Path) -> Path:
    """The folder, made if need be, readable by its owner alone. Raises DataFolderUnusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(None, "it is not writable")
    except OSError as error:
        raise DataFolderUnusable(
            f"Cannot use the data folder {folder}: {error.strerror}. "
            "Choose another with --data-dir or WEIGHBRIDGE_DATA_DIR."
        ) from None
    return folder.resolve()
