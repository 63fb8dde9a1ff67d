"""The client of the upstream, on real sockets: which responses it accepts, and how it handles its connections."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from service.gateway import upstream_connection
from service.gateway.upstream import UpstreamModel
from service.gateway.upstream_faults import BadUpstreamResponse, UpstreamFault, UpstreamTimeout, UpstreamUnavailable
from service.observability.metrics import GatewayMeters
from tests.service.gateway.raw_upstream import RawUpstream, raw_upstream, sends, stays, whole

pytestmark = pytest.mark.anyio

SECRET = "upstream-secret"
CERTIFICATE = Path(__file__).parents[2] / "data/localhost.pem"
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run on the service's own event loop, and on that of the library."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def raw() -> Iterator[RawUpstream]:
    """Yield a running server that answers as scripted."""
    with raw_upstream() as running:
        yield running


@asynccontextmanager
async def opened(url: str, *, timeout_seconds: float = 5, max_connections: int = 10) -> AsyncIterator[UpstreamModel]:
    """Return a client of the raw server."""
    meters = GatewayMeters(CollectorRegistry())
    upstream = UpstreamModel(url, SECRET, "m", "cipher", timeout_seconds, max_connections, meters)
    async with upstream.open():
        yield upstream


def text_of(answer: dict[str, Any]) -> str:
    """Return the text of a completion."""
    return str(answer["choices"][0]["message"]["content"])


BROKEN: dict[str, tuple[bytes, type[UpstreamFault]]] = {
    "nothing": (b"", UpstreamUnavailable),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", UpstreamUnavailable),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", BadUpstreamResponse),
    "a bad status": (b"HTTP/1.1 abc OK\r\n\r\n", BadUpstreamResponse),
    "a huge header": (JSON_HEAD + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n{}", BadUpstreamResponse),
    "endless headers": (JSON_HEAD + b"X-A: a\r\n" * 100_000 + b"\r\n{}", BadUpstreamResponse),
    "two lengths": (JSON_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", BadUpstreamResponse),
    "a length of words": (JSON_HEAD + b"Content-Length: many\r\n\r\n{}", BadUpstreamResponse),
    "cut in a length": (JSON_HEAD + b"Content-Length: 100\r\n\r\n{}", UpstreamUnavailable),
    "cut in a chunk": (JSON_HEAD + CHUNKED + b"10\r\n{", UpstreamUnavailable),
    "cut between chunks": (JSON_HEAD + CHUNKED + b"2\r\n{}\r\n", UpstreamUnavailable),
    "a bad chunk": (JSON_HEAD + CHUNKED + b"zz\r\n{}\r\n", BadUpstreamResponse),
    "packed unasked": (JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", BadUpstreamResponse),
    "a redirect": (b"HTTP/1.1 307 No\r\nLocation: /v1/other\r\nContent-Length: 0\r\n\r\n", UpstreamUnavailable),
    "a loud error": (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 10_000_000, UpstreamUnavailable),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_what_is_no_answer(raw: RawUpstream, how: str) -> None:
    """An invalid answer is an upstream fault, is requested once, and the fault does not contain the gateway's key."""
    sent, fault = BROKEN[how]
    raw.answer = sends(sent)
    async with opened(raw.url) as upstream:
        with pytest.raises(fault) as caught:
            await upstream.complete(ASKED)
    assert raw.requests == 1
    assert SECRET not in caught.value.detail
    assert len(caught.value.detail) < 700


@pytest.mark.parametrize("how", ["cut in a chunk", "a bad chunk"])
async def test_what_is_no_stream(raw: RawUpstream, how: str) -> None:
    """A stream that breaks off or becomes invalid has the same fault as an invalid whole answer."""
    sent, fault = BROKEN[how]
    event = b"9\r\ndata: {}\n\r\n1\r\n\n\r\n"
    raw.answer = sends(sent.replace(b"application/json", b"text/event-stream").replace(CHUNKED, CHUNKED + event))
    async with opened(raw.url) as upstream:
        with pytest.raises(fault):
            assert [one async for one in upstream.stream(ASKED)] == []


async def test_answers_that_are_framed_in_other_ways(raw: RawUpstream) -> None:
    """An answer without a length ends with its connection; one after a 100 Continue is found; HTTP/1.0 is accepted."""
    body = whole().partition(b"\r\n\r\n")[2]
    async with opened(raw.url) as upstream:
        for head in (JSON_HEAD, b"HTTP/1.1 100 Continue\r\n\r\n" + JSON_HEAD, b"HTTP/1.0 200 OK\r\n"):
            raw.answer = sends(head, b"\r\n", body)
            assert text_of(await upstream.complete(ASKED)) == "Hello"


async def test_connections_are_kept(raw: RawUpstream) -> None:
    """Calls that follow each other share one connection, and send neither cookies nor the name of a library."""
    cookie = whole().replace(b"\r\nContent-Type", b"\r\nSet-Cookie: a=b\r\nContent-Type")
    raw.answer = stays(cookie)
    async with opened(raw.url) as upstream:
        for _ in range(3):
            assert text_of(await upstream.complete(ASKED)) == "Hello"
    assert len(raw.connections) == 1
    assert b"cookie" not in raw.heads[2].lower()
    assert b"user-agent: weighbridge\r\n" in raw.heads[2].lower()


async def test_a_connection_that_was_closed_while_idle(raw: RawUpstream) -> None:
    """A call after the upstream has closed its idle connection goes out on a new one, and is sent once."""
    async with opened(raw.url) as upstream:
        for _ in range(20):
            await upstream.complete(ASKED)
            await asyncio.to_thread(raw.closed.acquire, timeout=5)
    assert (raw.requests, len(raw.connections)) == (20, 20)


async def test_a_call_that_breaks_on_a_kept_connection_is_not_sent_again(raw: RawUpstream) -> None:
    """A call may have cost the upstream something when its connection breaks: it fails once, the next one works."""
    raw.answer = lambda connection, number: number != 2 and stays(whole())(connection, number)
    async with opened(raw.url) as upstream:
        await upstream.complete(ASKED)
        with pytest.raises(UpstreamUnavailable):
            await upstream.complete(ASKED)
        assert raw.requests == 2
        await upstream.complete(ASKED)
    assert (raw.requests, len(raw.connections)) == (3, 2)


@pytest.mark.parametrize("apart", [False, True])
async def test_an_answer_that_nobody_asked_for_is_nobodys(raw: RawUpstream, *, apart: bool) -> None:
    """Bytes after an answer, with it or later, are never used as the answer to the next call."""

    def answer(connection: socket.socket, number: int) -> bool:
        if number > 1:
            connection.sendall(whole(f"answer {number}"))
        elif apart:
            connection.sendall(whole("answer 1"))
        else:
            connection.sendall(whole("answer 1") + whole("of another caller"))
        return True

    raw.answer = answer
    async with opened(raw.url) as upstream:
        assert text_of(await upstream.complete(ASKED)) == "answer 1"
        if apart:
            raw.connections[0].sendall(whole("of another caller"))
            await asyncio.sleep(0.05)
        assert text_of(await upstream.complete(ASKED)) == "answer 2"
    assert len(raw.connections) == 2


async def test_an_abandoned_call_closes_its_connection(raw: RawUpstream) -> None:
    """A stream that is abandoned, and a plain call that is cancelled, end at the upstream too."""
    raw.answer = stays(STREAM_HEAD, CHUNKED, b"a\r\ndata: {}\n\n\r\n")
    async with opened(raw.url) as upstream:
        stream = upstream.stream(ASKED)
        assert await anext(stream) == {}
        await stream.aclose()
        assert await asyncio.to_thread(raw.closed.acquire, timeout=5)
        call = asyncio.create_task(upstream.complete(ASKED))
        await asyncio.to_thread(raw.answered.acquire, timeout=5)
        await asyncio.to_thread(raw.answered.acquire, timeout=5)
        call.cancel()
        assert await asyncio.to_thread(raw.closed.acquire, timeout=5)


async def test_calls_beyond_the_connections_wait(raw: RawUpstream) -> None:
    """If all connections are used a call waits, and gets one when another call ends."""
    begun, go = threading.Event(), []

    def answer(connection: socket.socket, number: int) -> bool:
        go.append(connection)
        begun.set()
        return True

    raw.answer = answer
    async with opened(raw.url, max_connections=1) as upstream:
        first = asyncio.create_task(upstream.complete(ASKED))
        assert await asyncio.to_thread(begun.wait, timeout=5)
        second = asyncio.create_task(upstream.complete(ASKED))
        await asyncio.sleep(0.05)
        assert raw.requests == 1
        raw.answer = stays(whole("answer 2"))
        go[0].sendall(whole("answer 1"))
        assert [text_of(await call) for call in (first, second)] == ["answer 1", "answer 2"]
    assert len(raw.connections) == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_call_that_gets_no_connection_in_time(raw: RawUpstream, *, streamed: bool) -> None:
    """A call that waits for a connection for as long as the time-out of an answer has timed out."""
    begun = threading.Event()  # of a thread: the upstream may still serve a call when the test's loop has ended

    def answer(connection: socket.socket, number: int) -> bool:
        begun.set()
        return True

    raw.answer = answer
    async with opened(raw.url, timeout_seconds=0.3, max_connections=1) as upstream:
        first = asyncio.create_task(upstream.complete(ASKED))
        assert await asyncio.to_thread(begun.wait, timeout=5)
        second = anext(upstream.stream(ASKED)) if streamed else upstream.complete(ASKED)
        with pytest.raises(UpstreamTimeout):
            await second
        with pytest.raises(UpstreamTimeout):
            await first


async def test_a_large_call_is_sent_whole(raw: RawUpstream) -> None:
    """A body of many megabytes arrives, with its length."""
    raw.answer = sends(whole())
    async with opened(raw.url) as upstream:
        await upstream.complete({"messages": [{"role": "user", "content": "x" * 8_000_000}]})
    assert b"transfer-encoding" not in raw.heads[0].lower()


async def test_an_idle_connection_is_closed(raw: RawUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle connection is closed before the upstream would close it."""
    monkeypatch.setattr(upstream_connection, "MAX_IDLE_SECONDS", 0.1)
    raw.answer = stays(whole())
    async with opened(raw.url) as upstream:
        for _ in range(2):
            await upstream.complete(ASKED)
            assert await asyncio.to_thread(raw.closed.acquire, timeout=5)
    assert len(raw.connections) == 2


async def test_a_reader_that_is_behind_slows_the_upstream_down(raw: RawUpstream) -> None:
    """Bytes that are not read yet wait at the upstream, not in memory; none is lost."""
    event = b'data: {"": "%b"}\n\n' % (b"x" * 10_000)
    raw.answer = stays(STREAM_HEAD + CHUNKED, *[b"%x\r\n%b\r\n" % (len(event), event)] * 5_000)
    async with opened(raw.url) as upstream:
        stream = upstream.stream(ASKED)
        assert await anext(stream)
        assert not await asyncio.to_thread(raw.answered.acquire, timeout=0.5)
        assert [len((await anext(stream))[""]) for _ in range(4_999)] == [10_000] * 4_999
        assert raw.answered.acquire(timeout=5)
        await stream.aclose()


async def test_what_has_come_before_a_connection_breaks_is_read(raw: RawUpstream) -> None:
    """A reader that is behind gets all received bytes, then the fault."""
    event = b'data: {"": "%b"}\n\n' % (b"x" * 10_000)
    raw.answer = sends(STREAM_HEAD + CHUNKED + b"%x\r\n%b\r\n" % (len(event), event) * 40 + b"zz\r\n")
    async with opened(raw.url) as upstream:
        stream = upstream.stream(ASKED)
        assert await anext(stream)
        await asyncio.sleep(0.1)
        assert [len((await anext(stream))[""]) for _ in range(39)] == [10_000] * 39
        with pytest.raises(BadUpstreamResponse):
            await anext(stream)


async def test_an_answer_before_the_call_was_sent_whole() -> None:
    """A connection on which part of a call is still unsent is not used for another call."""
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole())

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1000)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, opened(url) as upstream:
        for _ in range(2):
            await upstream.complete({"messages": [{"role": "user", "content": "x" * 50_000_000}]})
        assert len(writers) == 2
        for writer in writers:
            writer.close()


@pytest.mark.parametrize("is_trusted", [False, True])
async def test_an_upstream_over_https(monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool) -> None:
    """An upstream with a certificate that the system trusts is called, kept and closed; any other is not available."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with raw_upstream(tls) as raw:
        raw.answer = stays(whole())
        async with opened(raw.url) as upstream:
            for _ in range(2):
                if is_trusted:
                    assert text_of(await upstream.complete(ASKED)) == "Hello"
                else:
                    with pytest.raises(UpstreamUnavailable, match="certificate"):
                        await upstream.complete(ASKED)
        assert len(raw.connections) == (1 if is_trusted else 2)


async def test_nobody_listens() -> None:
    """A port without a server and names without an address are an upstream that is not available."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/v1", "http://no-such-host.invalid/v1", "http://no..host/v1"):
        async with opened(url) as upstream:
            with pytest.raises(UpstreamUnavailable):
                await upstream.complete(ASKED)
