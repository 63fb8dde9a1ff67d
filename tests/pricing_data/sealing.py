"""Books that were edited and sealed anew: the seals are right, and a row is not."""

import hashlib


def resealed(text: str, old: str, new: str) -> str:
    """Return the text of a book's file with something replaced in its rows, every line sealed again."""
    check, lines = "", []
    for line in text.splitlines():
        body = (line[: line.rindex(',"check"')] + "}").replace(old, new)
        check = hashlib.sha256(f"{check}\n{body}".encode()).hexdigest()[:12]
        lines.append(f'{body[:-1]},"check":"{check}"}}\n')
    return "".join(lines)
