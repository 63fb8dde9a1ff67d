"""No key reaches anything that the server prints or keeps."""

from pathlib import Path

import httpx2

from tests.end_to_end.server import running


def test_no_key_is_printed_or_kept(tmp_path: Path) -> None:
    """A key sent in the query, in its encoded form, in headers, in the body and in an error is nowhere in the
    server's output or data, but for the file that keeps the demo key."""
    with running(tmp_path / "data", {"LOG_LEVEL": "debug"}) as server:
        key = server.new_key("careful")
        secret = key.removeprefix("atms_sk_")
        body = f'{{"input":1,"type":"text","models":["{key}"]}}'.encode()
        calls = [
            httpx2.get(f"{server.url}/v1/tokens/authors?api-key={key}"),
            httpx2.get(f"{server.url}/v1/tokens/authors?api%2Dkey={key}"),
            httpx2.get(f"{server.url}/v1/tokens/{key}?api-key={key}"),
            httpx2.get(f"{server.url}/v1/tokens/authors", headers={"X-Api-Key": key + "x"}),
            httpx2.get(f"{server.url}/v1/tokens/authors", headers={"Authorization": f"Bearer {key}"}),
            httpx2.post(
                f"{server.url}/v1/tokens/count?api-key={key}",
                content=body,
                headers={"Content-Type": "application/json"},
            ),
        ]
        assert [answer.status_code for answer in calls] == [200, 200, 404, 401, 200, 400]
        server.stop()
        assert server.text.count('"event": "request"') >= len(calls)
        assert secret not in server.text
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []
    assert [path.name for path in kept if server.demo_key.encode() in path.read_bytes()] == ["demo-key"]


def test_the_demo_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The files with secrets cannot be read by other users."""
    with running(tmp_path / "data"):
        for name in ("demo-key", "pepper"):
            assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
