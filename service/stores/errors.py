"""What goes wrong with a store.

    StoreError
    ├── StoreUnavailable        it cannot be reached or does not answer; carries `url` and `reason`
    ├── BadStoreUrl             its URL cannot be used; carries `reason`
    └── NewerSchema             a newer version of the service has written it; carries `url`

A `url` in an error is fit to be shown: its password is masked.
"""

from dataclasses import dataclass


class StoreError(Exception):
    """Anything that goes wrong with a store. Its text is one sentence for an operator."""


@dataclass(eq=False)
class StoreUnavailable(StoreError):
    """A store cannot be reached."""

    url: str
    reason: str

    def __str__(self) -> str:
        return f"The store {self.url} cannot be used: {self.reason}"


@dataclass(eq=False)
class BadStoreUrl(StoreError):
    """A store's URL cannot be used. The URL itself may hold a password, so it is not told."""

    reason: str

    def __str__(self) -> str:
        return f"The store's URL cannot be used: {self.reason}"


@dataclass(eq=False)
class NewerSchema(StoreError):
    """A database has a schema that this version does not know."""

    url: str

    def __str__(self) -> str:
        return f"The database {self.url} was written by a newer version of Weighbridge: install that version."
