"""Scripts, styles and pictures of the pages: read once, named by what is in them, so that browsers may keep them."""

import gzip
import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.types import Receive, Scope

from service.http.errors import NOT_FOUND, Refusal
from service.http.responses import Header, Reply

KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
}
KEPT: Header = (b"cache-control", b"public, max-age=31536000, immutable")
VARY: Header = (b"vary", b"accept-encoding")
PACKED: Header = (b"content-encoding", b"gzip")


class Assets:
    """The files of the folder `static`. Their address has a digest of them all: a new release, a new address."""

    def __init__(self, folder: Traversable | None = None) -> None:
        found = sorted((folder or files("service.web").joinpath("static")).iterdir(), key=lambda file: file.name)
        self.contents = {file.name: file.read_bytes() for file in found if _kind(file.name)}
        self.packed = {name: gzip.compress(content, mtime=0) for name, content in self.contents.items()}
        digest = hashlib.sha256(b"".join(self.contents.values())).hexdigest()[:12]
        self.base = f"/static/{digest}"

    def address(self, name: str) -> str:
        """Where a page finds a file. Raises KeyError for a name that is not there."""
        self.contents[name]
        return f"{self.base}/{name}"

    async def send(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """One file. Another digest than today's is answered too, while two releases serve, but not to be kept."""
        name = scope["path_params"]["name"]
        if name not in self.contents:
            return NOT_FOUND
        kept = [KEPT] if scope["path"] == f"{self.base}/{name}" else []
        if accepts_gzip(scope):
            return Reply(200, self.packed[name], [PACKED, VARY, *kept], _kind(name))
        return Reply(200, self.contents[name], [VARY, *kept], _kind(name))


def accepts_gzip(scope: Scope) -> bool:
    """Whether the client names gzip among the codings that it can read."""
    wanted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    return any(part.strip().partition(b";")[0] == b"gzip" and b"q=0" not in part for part in wanted.split(b","))


def _kind(name: str) -> bytes:
    return KINDS.get(name[name.rfind(".") :], b"")
