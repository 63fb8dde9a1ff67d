"""Load vocabularies and prices in a thread while the main thread imports the rest of the program.

Most of the work is checking the digests of large files, which releases the GIL.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import click

from pricing_data import PriceBook
from pricing_data.book import PACKAGED
from service.cli.catalogue import load_registry
from service.cli.progress import progress
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.tokens.price_book import book_in_use
from tokenizer_registry import DamagedVocabulary, Registry
from tokenizer_registry.processors import usable_processors


class Loading:
    """Starts loading when it is built. `wait` returns the outcome and ends the thread, so that workers can be forked.

    With `preload_vocabularies` the vocabularies of all models are loaded; others load at their first use. A damaged
    vocabulary is reported on standard error, and its models have no count.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: SimpleQueue[int | None] = SimpleQueue()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="loading")
        self._outcome = self._pool.submit(self._load)

    def wait(self) -> tuple[Registry, PriceBook]:
        """Return the registry and the price book. Raise RegistryError, PricingError, OSError."""
        try:
            self._show_progress()
            registry, book, damaged = self._outcome.result()
        finally:
            self.close()
        for fault in damaged:
            click.echo(f"Warning: {fault}.", err=True)
        return registry, book

    def close(self) -> None:
        """Wait until the thread has ended."""
        self._pool.shutdown()

    def _show_progress(self) -> None:
        steps: Iterator[int] = iter(self._loaded.get, None)
        with progress("loading vocabularies", next(steps, 0)) as advance:
            for _ in steps:
                advance()

    def _load(self) -> tuple[Registry, PriceBook, list[DamagedVocabulary]]:
        settings = self._settings
        try:
            registry = load_registry(settings.data_dir)
            book = book_in_use(settings.data_dir, settings.price_overrides, registry.models)
            if book.contents.path != PACKAGED:
                book.check_rows()  # the packaged book is checked by tests
            book.read_prices(utc_now().date())  # before the fork: no worker has to read them during a request
            if settings.upstream_vocabulary is not None:
                registry.vocabulary(settings.upstream_vocabulary)  # first: the name may be misspelt
            return registry, book, self._preload(registry) if settings.preload_vocabularies else []
        finally:
            self._loaded.put(None)

    def _preload(self, registry: Registry) -> list[DamagedVocabulary]:
        names = registry.in_use()
        self._loaded.put(len(names))
        damaged = registry.preload(names, lambda _: self._loaded.put(1), threads=usable_processors())
        registry.estimates.preload()
        dict(registry.facts)  # facts of a model are parsed when they are looked up
        return list(damaged.values())
