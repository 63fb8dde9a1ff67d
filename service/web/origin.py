"""Did a request that changes something come from one of our own pages: a stranger's page must not use a cookie."""

from starlette.types import Scope

from service.http.errors import Refusal

ELSEWHERE = Refusal(
    403, "cross_origin", "This form was not sent from a page of this service: open the page and try again."
)


def origin_refusal(scope: Scope) -> Refusal | None:
    """None for a request from a page of ours, by the browser's own word.

    Browsers send `Sec-Fetch-Site` over HTTPS and to localhost, and `Origin` with every form. One without either is
    refused: it is no browser that knows SameSite cookies.
    """
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return None if site == b"same-origin" else ELSEWHERE
    # An origin is a scheme and a host, with nothing after it. It is compared as it is: not every text is a URL.
    _, _, host = headers.get(b"origin", b"").partition(b"://")
    return None if host and host == headers.get(b"host") else ELSEWHERE
