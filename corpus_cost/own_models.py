"""The models that the chats of a corpus are for, where their rows name them, as lines of batch files do."""

import json
from collections.abc import Iterable

from corpus_cost.errors import TextFault, Unreadable
from corpus_cost.readers.chats import model_named
from corpus_cost.readers.lines import MAX_LINE_FACTOR, lines_from
from corpus_cost.sources import TextFormat, TextSource, open_source
from corpus_cost.workload import ReadOptions


def own_models(sources: Iterable[TextSource], reading: ReadOptions) -> list[str]:
    """Return the names of models in JSON lines, each once, in their order. Other sources have none.

    Every line is read. What cannot be read is left out here: counting meets it again and lists it.
    """
    found: dict[str, None] = {}
    for source in sources:
        if source.format is TextFormat.JSONL:
            found.update(dict.fromkeys(_models_of(source, reading)))
    return list(found)


def _models_of(source: TextSource, reading: ReadOptions) -> set[str]:
    names: set[str] = set()
    try:
        with open_source(source) as stream:
            for line in lines_from(stream, source, 0, None, reading.max_text_bytes * MAX_LINE_FACTOR):
                if not isinstance(line, TextFault) and (name := _model_of(line.content)) is not None:
                    names.add(name)
    except Unreadable:
        pass
    return names


def _model_of(line: bytes) -> str | None:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return model_named(row)
