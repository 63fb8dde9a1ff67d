"""Every vocabulary through the HTTP API, and a damaged one beside healthy ones."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.end_to_end.server import Server, running
from tokenizer_registry import Registry
from tokenizer_registry.building.build import BuiltVocabulary
from tokenizer_registry.building.private import Splitting, private_vocabulary
from tokenizer_registry.extra import add_model, add_vocabulary
from tokenizer_registry.vocabulary_files import probe_texts, unpack


def private(registry: Registry, name: str) -> BuiltVocabulary:
    """A private copy of GPT-2's vocabulary."""
    spec = registry.vocabularies["r50k_base"]
    return private_vocabulary(name, "x", unpack(spec, registry.vocabularies_folder), Splitting(spec.pattern))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose data folder has a private model for each shipped vocabulary, and a damaged vocabulary."""
    data = tmp_path_factory.mktemp("vocabularies") / "data"
    folder, registry = data / "vocabularies", Registry.from_package()
    for name in registry.vocabularies:
        add_model(folder, {"name": f"probe-{name}", "author": "Probe", "display_name": name, "vocabulary": name})
    for name in ("broken", "mine"):
        built = private(registry, name)
        add_vocabulary(folder, built.file, built.packed if name == "mine" else built.packed[:-9], built.row)
        add_model(folder, {"name": f"model-{name}", "author": "Us", "display_name": name, "vocabulary": name})
    with running(data, {"PRELOAD_VOCABULARIES": "true"}) as started:
        yield started


def counts(server: Server, text: str, models: list[str]) -> list[int | None]:
    """The answer's counts, in order."""
    answer = httpx2.post(
        f"{server.url}/v1/tokens/count",
        json={"input": text, "type": "text", "models": models},
        headers={"X-Api-Key": server.demo_key},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return [entry["token_count"] for entry in answer.json()]


def test_the_probe_counts_hold_over_http(server: Server) -> None:
    """Each vocabulary's recorded counts of the three probe texts come back for its model.

    The models are the operator's own, in the data folder: so vocabularies that no model of the catalogue has are
    reached on the same way.
    """
    specs = Registry.from_package().vocabularies
    for place, text in enumerate(probe_texts()):
        found = counts(server, text, [f"probe-{name}" for name in specs])
        assert dict(zip(specs, found, strict=True)) == {name: spec.probe_counts[place] for name, spec in specs.items()}


def test_a_damaged_vocabulary_leaves_the_others_at_work(server: Server) -> None:
    """The start names it and how to mend it, its model gets null, others are counted, and /ready names it."""
    sentence = probe_texts()[0]
    assert counts(server, sentence, ["model-broken", "model-mine", "gpt-4o"]) == [None, 18, 14]
    warning = next(line for line in server.output if "is damaged" in line)
    assert "'broken'" in warning
    assert "make vocabularies" in warning
    ready = httpx2.get(f"{server.url}/ready", timeout=30)
    assert ready.status_code == 200
    assert "'broken' is damaged" in ready.json()["vocabularies"]
