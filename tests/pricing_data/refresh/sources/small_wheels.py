"""Small wheels of the price sources, in their own forms."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pricing_data.price import RATE_FIELDS, Rates, Service, Tariff
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources import genai_prices, litellm, model_prices
from pricing_data.refresh.sources.package_file import PinnedPackage


def wheel(folder: Path, package: str, member: str, text: str) -> PinnedPackage:
    """Write a wheel with one file in it and return its pin."""
    path = folder / "one.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    return PinnedPackage(package, "1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def genai(folder: Path, *models: str) -> SourceSnapshot:
    """Read models of one provider, "maker", each written as the arguments of its constructor after the id."""
    written = "".join(f"ModelInfo(id='m{place}', {model}),\n" for place, model in enumerate(models))
    text = (
        "providers: list[Provider] = [\n"
        f"Provider(id='maker', pricing_urls=['https://example.org/prices'], models=[\n{written}])]\n"
    )
    return genai_prices.read(folder, wheel(folder, "genai-prices", genai_prices.MEMBER, text))


def lite(folder: Path, fields: Mapping[str, object]) -> SourceSnapshot:
    """Read one entry of LiteLLM, "m"."""
    text = json.dumps({"sample_spec": {"input_cost_per_token": 0.0}, "m": {"litellm_provider": "maker", **fields}})
    return litellm.read(folder, wheel(folder, "litellm", litellm.MEMBER, text))


def snapshot(folder: Path, modes: Mapping[str, object], schedules: object = None) -> SourceSnapshot:
    """Read one model of model-prices, "maker/m"."""
    text = json.dumps({"prices": {"maker": {"m": modes}}, "schedules": schedules or {}})
    return model_prices.read(folder, wheel(folder, "model-prices", model_prices.MEMBER, text))


def micro(rates: Rates) -> dict[str, str]:
    """Return the rates that are known, in USD per million."""
    found = ((name, getattr(rates, name)) for name in RATE_FIELDS)
    return {name: f"{(value * 1_000_000).normalize():f}" for name, value in found if value is not None}


def service(tariff: Tariff, name: str) -> Service:
    """Return a service that must be there."""
    found = tariff.service(name)
    assert found is not None
    return found


def utc(*moment: int) -> datetime:
    """Return an instant in UTC."""
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc, arg-type]


def usd(text: str) -> Decimal:
    """Return an amount in USD per million tokens as one per token."""
    return Decimal(text) / 1_000_000
