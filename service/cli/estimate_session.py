"""One run of `weighbridge estimate`: its workers, plan, journal and output files."""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import click

from corpus_cost.counting import CountJob, load_counters
from corpus_cost.discovery import FoundSources, find_sources, spooled_source
from corpus_cost.documents import write_documents
from corpus_cost.estimate import Estimate
from corpus_cost.execution import (
    EstimateInputs,
    Runner,
    ShardTally,
    build_estimate,
    build_sample_estimate,
    count_shards,
)
from corpus_cost.journal import Journal
from corpus_cost.planning import plan_shards
from corpus_cost.pricing import metering
from corpus_cost.ray_workers import RayWorkers
from corpus_cost.readers.parquet import import_parquet_library
from corpus_cost.report import page
from corpus_cost.sampling import sample_plan
from corpus_cost.shards import Shard
from corpus_cost.sources import TextFormat
from corpus_cost.workers import Workers
from corpus_cost.workload import ReadOptions, Workload
from pricing_data import PriceBook
from service import __version__
from service.cli.catalogue import extra_folder
from service.cli.configuration import configuration, prepare_folder
from service.cli.progress import byte_progress
from tokenizer_registry import Registry

RUNS = "estimates"
STDIN = "-"


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """The options of one estimate. `ray_address` is None without Ray, and empty for the cluster that Ray finds."""

    registry: Registry
    book: PriceBook
    models: tuple[str, ...]
    estimated: bool
    inputs: tuple[str, ...]
    form: TextFormat | None
    reading: ReadOptions
    workload: Workload
    day_given: bool
    sample: Decimal | None
    seed: str
    ray_address: str | None
    workers: int
    resume: bool
    documents: Path | None
    html: Path | None


class EstimateSession:
    """Everything that one estimate opens and closes: workers, the journal of finished parts, and a copy of stdin."""

    def __init__(self, request: EstimateRequest) -> None:
        folder = prepare_folder(configuration().settings) / RUNS
        self._folder = folder / _identity(request)
        self._journal = Journal(self._folder)
        self._request, self._stripes = self._resume(request)
        self._metering = metering(
            request.registry, request.book, request.models, self._request.workload, estimate=request.estimated
        )
        self._shards: Sequence[Shard] = ()
        self._tally = ShardTally(self._journal if request.sample is None else None)
        self._runner: Runner | None = None
        self._stdin: Path | None = None

    def _resume(self, request: EstimateRequest) -> tuple[EstimateRequest, int]:
        """Return the request and the number of stripes; of a resumed run, those of its first start."""
        header = self._journal.header() if request.resume else None
        if header is None:
            if request.resume:
                click.echo("There is nothing to resume: the estimate starts from the beginning.", err=True)
            self._journal.begin({"day": request.workload.day.isoformat(), "stripes": request.workers})
            return request, request.workers
        day = date.fromisoformat(header["day"])
        return replace(request, workload=request.workload._replace(day=day)), int(header["stripes"])

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Run the workers during the block. They are forked before anything else starts threads."""
        with ExitStack() as stack:
            stack.enter_context(self._journal)
            workers = self._build_workers()
            stack.enter_context(workers)
            self._runner = workers
            if STDIN in self._request.inputs:
                spool = stack.enter_context(tempfile.NamedTemporaryFile(prefix="weighbridge-"))
                shutil.copyfileobj(sys.stdin.buffer, spool)
                spool.flush()
                self._stdin = Path(spool.name)
            yield

    def run(self) -> Estimate:
        """Count and return the estimate. Raise EstimationError, OSError."""
        found = self._find_sources()
        request = self._request
        question = EstimateInputs(self._metering, request.workload, found)
        if request.sample is not None:
            sampled = sample_plan(found.sources, request.reading, request.sample, request.seed)
            self._count(sampled.shards)
            return build_sample_estimate(question, sampled, request.sample, self._tally)
        planned = plan_shards(found.sources, request.reading, self._stripes)
        self._count(planned.shards)
        return build_estimate(question, planned.shards, planned.faults, self._tally)

    def write_files(self, found: Estimate) -> None:
        """Write the requested files, then delete the journal if the run is complete. Raise OSError, MissingExtra."""
        if path := self._request.documents:
            shards = [shard.id for shard in self._shards]
            with _name_faults(path):
                write_documents(path, shards, self._journal.parts, self._metering, found.workload)
        if path := self._request.html:
            with _name_faults(path):
                path.write_text(page(found, self._request.inputs), encoding="utf-8")
        if found.done == found.shards:
            self._journal.forget()

    def stopped_sentence(self) -> str:
        """Return a sentence about what is kept of a run that was stopped."""
        if self._request.sample is not None or not self._tally.done:
            return "Stopped. Nothing is kept."
        done, parts = self._tally.done, len(self._shards)
        return f"Stopped. {done:,} of {parts:,} parts are kept. Repeat the command with --resume to continue."

    def _build_workers(self) -> Workers | RayWorkers:
        request = self._request
        parts = self._journal.parts if request.documents else None
        chats = self._metering.chat_meters, self._metering.chat_models
        job = CountJob(self._metering.meters, request.workload, request.reading, parts, *chats)
        if request.ray_address is not None:
            return RayWorkers(job, extra_folder(), request.ray_address, request.workers)
        preparing = partial(import_parquet_library, request.inputs, request.form)
        return Workers(job, load_counters(request.registry, job), request.workers, preparing)

    def _find_sources(self) -> FoundSources:
        request = self._request
        found = find_sources((name for name in request.inputs if name != STDIN), request.form)
        if self._stdin is None:
            return found
        return found._replace(sources=(spooled_source(STDIN, self._stdin, request.form), *found.sources))

    def _count(self, shards: Sequence[Shard]) -> None:
        self._shards = shards
        if self._runner is not None:
            total = sum(shard.bytes for shard in shards)
            with byte_progress("counting", total) as advance, _name_faults(self._folder):
                count_shards(self._runner, shards, self._tally, lambda shard: advance(shard.bytes))


@contextmanager
def _name_faults(path: Path) -> Iterator[None]:
    """Add the path to an OSError raised in the block that does not name its file."""
    try:
        yield
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, fault.filename or str(path)) from fault


def _identity(request: EstimateRequest) -> str:
    """Return a digest of everything that changes the outcome: a run may be resumed with equal options only."""
    names, models = request.registry.names, request.registry.models
    vocabularies = {models[names.resolve(name).model].vocabulary for name in request.models}
    specs = request.registry.vocabularies
    options = {
        "inputs": [name if "://" in name or name == STDIN else str(Path(name).absolute()) for name in request.inputs],
        "form": request.form,
        "models": request.models,
        "estimated": request.estimated,
        "reading": request.reading,
        "workload": repr(request.workload._replace(day=request.workload.day if request.day_given else date.min)),
        "documents": request.documents is not None,
        "sample": str(request.sample),
        "seed": request.seed,
        "book": request.book.version,
        "vocabularies": sorted(repr(specs.get(name or "")) for name in vocabularies),
        "weighbridge": __version__,
    }
    return hashlib.sha256(json.dumps(options).encode()).hexdigest()[:24]
