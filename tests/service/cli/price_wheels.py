"""Small wheels of the three price sources, in the sources' own formats, which tests can alter."""

import json
import zipfile
from pathlib import Path

from pricing_data.refresh.sources import genai_prices, litellm, model_prices


def genai_wheel(folder: Path, prices: dict[str, str], version: str = "0.0.0.9") -> Path:
    """genai-prices with these models of OpenAI: by id, a price as the file writes it."""
    models = "".join(
        f"ModelInfo(id={name!r}, match=ClauseEquals(equals={name!r}), prices={price}),\n"
        for name, price in prices.items()
    )
    text = f"providers: list[Provider] = [Provider(id='openai', name='OpenAI', models=[\n{models}])]\n"
    return _wheel(folder / f"genai_prices-{version}-py3-none-any.whl", genai_prices.MEMBER, text)


def litellm_wheel(folder: Path, prices: dict[str, str], version: str = "0.0.0.9") -> Path:
    """LiteLLM with these input prices a token, written as they are."""
    entries = ",".join(
        f'{json.dumps(name)}: {{"input_cost_per_token": {price}, "litellm_provider": "openai"}}'
        for name, price in prices.items()
    )
    return _wheel(folder / f"litellm-{version}-cp310-abi3-any.whl", litellm.MEMBER, f"{{{entries}}}")


def model_prices_wheel(folder: Path, prices: dict[str, list[tuple[str, str]]], version: str = "0.0.0.9") -> Path:
    """model-prices with dated input prices a million tokens of these models of OpenAI."""
    models = {
        name: {
            "standard": [
                {
                    "start": f"{day}T00:00:00Z",
                    "rates": {
                        "input": float(amount),
                        "source": "https://example.org",
                        "valid_from": f"{day}T00:00:00Z",
                        "valid_from_basis": "documented",
                    },
                }
                for day, amount in dated
            ]
        }
        for name, dated in prices.items()
    }
    text = json.dumps({"prices": {"openai": models}})
    return _wheel(folder / f"model_prices-{version}-py3-none-any.whl", model_prices.MEMBER, text)


def flat(amount: str) -> str:
    """A price without conditions, in USD per million tokens."""
    return f"ModelPrice(input_mtok=Decimal({amount!r}))"


def dated(first: str, day: tuple[int, int, int], then: str) -> str:
    """A price, and another one from a day on."""
    start = f"StartDateConstraint(start_date=datetime.date{day})"
    return f"[ConditionalPrice(prices={flat(first)}), ConditionalPrice(constraint={start}, prices={flat(then)})]"


def _wheel(path: Path, member: str, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    return path
