"""Objects of a store, here a web server that serves ranges of files: read like files, each range by itself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from corpus_cost.execution import estimate_corpus
from corpus_cost.workload import Workload
from pricing_data import PriceBook
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import texts, write_jsonl
from tests.corpus_cost.counted import looped, totals
from tokenizer_registry import Registry


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of a folder's files."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(Starlette(routes=[Mount("/", StaticFiles(directory=folder))]), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def test_remote_objects_have_the_totals_of_files(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """JSON lines and Parquet over HTTP give the totals of a loop; an object that is not there is listed."""
    some = list(texts(60, seed=4))
    write_jsonl(tmp_path / "a.jsonl", some)
    import_module("pyarrow.parquet").write_table(import_module("pyarrow").table({"text": some}), tmp_path / "a.parquet")
    with served(tmp_path) as address:
        urls = [f"{address}/{name}" for name in ("a.jsonl", "a.parquet", "gone.jsonl")]
        found = estimate_corpus(urls, ["gpt-4o"], Workload(DAY), registry=registry, book=book, workers=1)
    assert totals(found) == {
        "gpt-4o": looped(registry, book, "gpt-4o", [(text, 0) for text in some * 2], Workload(DAY))
    }
    assert [fault.source for fault in found.faults] == [f"{address}/gone.jsonl"]
