"""What pages are made of: Jinja2 templates, and static files."""

import gzip
import hashlib
import shlex
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.types import Receive, Scope

from pricing_data import plain
from service.http.errors import NOT_FOUND, Refusal
from service.http.responses import Header, Reply

FIGURE_SPACE = "\u2007"


class Templates:
    """The templates of this package. `shared` values are available in every template.

    All values are escaped, and an undefined name is an error.
    """

    def __init__(self, asset: Callable[[str], str], shared: Mapping[str, Any]) -> None:
        self._environment = Environment(
            loader=PackageLoader("service.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {"plain": plain, "thousands": thousands, "aligned": aligned, "code": code}
        self._environment.filters["quoted"] = shlex.quote
        self._environment.globals |= {"asset": asset, **shared}

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the HTML of a template."""
        return self._environment.get_template(name).render(values)


def code(text: str) -> Markup:
    """Return HTML of a text in which words between backticks are code."""
    parts = enumerate(text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in parts
    )


def thousands(number: int) -> str:
    """Return a number such as `1,234,567`."""
    return f"{number:,}"


def aligned(value: Decimal, decimals: int) -> tuple[str, str]:
    """Return the plain number, and the figure spaces that align its decimal point in a column of `decimals`."""
    text = plain(value)
    missing = decimals - len(text.partition(".")[2]) + ("." not in text and decimals > 0)
    return text, FIGURE_SPACE * max(0, missing)


KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
}
CACHED_FOR_GOOD: Header = (b"cache-control", b"public, max-age=31536000, immutable")
VARY: Header = (b"vary", b"accept-encoding")
GZIPPED: Header = (b"content-encoding", b"gzip")


class Assets:
    """The files of the folder `static`, read once.

    Their URL contains a digest of all files, so that browsers may cache them for good: a new release has new URLs.
    """

    def __init__(self, folder: Traversable | None = None) -> None:
        found = sorted((folder or files("service.web").joinpath("static")).iterdir(), key=lambda file: file.name)
        self.contents = {file.name: file.read_bytes() for file in found if _kind(file.name)}
        self.gzipped = {name: gzip.compress(content, mtime=0) for name, content in self.contents.items()}
        digest = hashlib.sha256(b"".join(self.contents.values())).hexdigest()[:12]
        self.base = f"/static/{digest}"

    def address(self, name: str) -> str:
        """Return the URL of a file. Raise KeyError for an unknown name."""
        self.contents[name]
        return f"{self.base}/{name}"

    async def send(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return one file. A URL of another release is answered too, for rolling deploys, but is not cacheable."""
        name = scope["path_params"]["name"]
        if name not in self.contents:
            return NOT_FOUND
        kept = [CACHED_FOR_GOOD] if scope["path"] == f"{self.base}/{name}" else []
        if accepts_gzip(scope):
            return Reply(200, self.gzipped[name], [GZIPPED, VARY, *kept], _kind(name))
        return Reply(200, self.contents[name], [VARY, *kept], _kind(name))


def accepts_gzip(scope: Scope) -> bool:
    """Return whether the client accepts gzip."""
    wanted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    return any(part.strip().partition(b";")[0] == b"gzip" and b"q=0" not in part for part in wanted.split(b","))


def _kind(name: str) -> bytes:
    return KINDS.get(name[name.rfind(".") :], b"")
