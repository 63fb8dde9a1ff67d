"""The corpora of the large proof: a generated Parquet file, and the text files of this repository."""

import random
import subprocess
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tokenizer_registry.verification.corpus import corpus

ROWS_A_GROUP = 20_000
ONE_IN_MIXED = 20
MAX_WORD = 13


def texts(megabytes: int, seed: int = 1) -> Iterator[str]:
    """Different texts of about so many bytes in all: prose in words, and one in twenty of scripts, code and signs."""
    chance = random.Random(seed)
    pieces = list(corpus())
    words = sorted({word for piece in pieces for word in piece.split() if is_word(word)})
    left = megabytes * 1_000_000
    number = 0
    while left > 0:
        number += 1
        if number % ONE_IN_MIXED == 0:
            text = f"{number} {chance.choice(pieces)}"
        else:
            text = f"{number} " + " ".join(chance.choices(words, k=int(chance.lognormvariate(5, 1))))
        left -= len(text.encode())
        yield text


def is_word(text: str) -> bool:
    """Whether it is like a word of English."""
    return text.isascii() and text.isalpha() and len(text) <= MAX_WORD


def generated_parquet(folder: Path, megabytes: int, compression: str = "zstd") -> Path:
    """A file with the texts, made where it is not in the folder yet: the same texts each time."""
    path = folder / f"texts-{megabytes}-{compression}.parquet"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        _write(unfinished, megabytes, compression)
        unfinished.replace(path)
    return path


def _write(path: Path, megabytes: int, compression: str) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema = arrow.schema([("id", arrow.int64()), ("text", arrow.string())])
    group: list[str] = []
    written = 0
    with parquet.ParquetWriter(path, schema, compression=compression) as writer:
        for text in texts(megabytes):
            group.append(text)
            if len(group) == ROWS_A_GROUP:
                writer.write_table(arrow.table([range(written, written + len(group)), group], schema=schema))
                written += len(group)
                group = []
        writer.write_table(arrow.table([range(written, written + len(group)), group], schema=schema))


def group_texts(path: Path, group: int) -> list[str]:
    """The texts of one row group."""
    texts: list[str] = group_column(path, group).to_pylist()
    return texts


def group_column(path: Path, group: int) -> Any:
    """The texts of one row group, as an Arrow array of large strings."""
    table = import_module("pyarrow.parquet").ParquetFile(path).read_row_group(group, columns=["text"])
    return table.column(0).cast(import_module("pyarrow").large_string()).combine_chunks()


def groups_of(path: Path) -> int:
    """How many row groups a file has."""
    count: int = import_module("pyarrow.parquet").ParquetFile(path).num_row_groups
    return count


def tracked_texts() -> list[Path]:
    """The files of this repository that are text."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and _is_text(path := Path(name))]


def _is_text(path: Path) -> bool:
    content = path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def file_texts(paths: Sequence[Path]) -> list[str]:
    """Each file as a text."""
    return [path.read_bytes().decode() for path in paths]
