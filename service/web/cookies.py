"""Cookies of the pages: never read by scripts, never sent from another site's page."""

from starlette.types import Scope

from service.http.responses import Header


def cookie(scope: Scope, name: str) -> str | None:
    """The value that the browser sent; None without one, or with two that differ."""
    values = {
        value.strip()
        for header, line in scope["headers"]
        if header == b"cookie"
        for key, _, value in (pair.partition("=") for pair in line.decode("latin-1").split(";"))
        if key.strip() == name
    }
    return values.pop() if len(values) == 1 else None


def keep_cookie(scope: Scope, name: str, value: str, seconds: int, path: str = "/") -> Header:
    """The header that has the browser keep a value; over HTTPS it is sent over nothing else."""
    secure = "; Secure" if scope["scheme"] == "https" else ""
    text = f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", text.encode("latin-1")
