"""Records and batches of texts, and the checks of single values.

Batches are small enough that memory stays bounded, and large enough that the engines run at full speed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from corpus_cost.errors import SURROGATE, TextFault, text_too_long
from corpus_cost.readers.chats import Chat
from corpus_cost.workload import ReadOptions

BATCH_BYTES = 1 << 20
BATCH_TEXTS = 4_096


class TextRecord(NamedTuple):
    """One text or chat, and its position in the source; a `text` of None is a null.

    In a sample, `points` is the number of points in the text and `measure` its size in bytes as measured for sampling.
    """

    position: int
    text: str | None
    output_tokens: int = 0
    points: int = 0
    measure: int = 0
    chat: Chat | None = None


class TextBatch(NamedTuple):
    """A batch of texts, as columns. `positions` are byte offsets or row numbers; `sizes` are bytes of UTF-8.

    If there are chats, `chats` has a value for each text, None where it is no chat; the text of a chat is empty.
    In a sample, `measured` is the number of bytes from which points were drawn; otherwise `points` and `measures` are
    empty.
    """

    positions: Sequence[int]
    texts: Sequence[str]
    sizes: list[int]
    outputs: list[int] | None = None
    nulls: int = 0
    faults: tuple[TextFault, ...] = ()
    points: tuple[int, ...] = ()
    measures: tuple[int, ...] = ()
    measured: int = 0
    chats: tuple[Chat | None, ...] = ()

    def chosen(self, places: Sequence[int]) -> "TextBatch":
        """Return the texts and chats at these places, without nulls, faults and measured bytes."""
        return TextBatch(
            [self.positions[place] for place in places],
            [self.texts[place] for place in places],
            [self.sizes[place] for place in places],
            None if self.outputs is None else [self.outputs[place] for place in places],
            points=tuple(self.points[place] for place in places) if self.points else (),
            measures=tuple(self.measures[place] for place in places) if self.measures else (),
            chats=tuple(self.chats[place] for place in places) if self.chats else (),
        )


class BatchCollector:
    """Collects records and faults into batches."""

    def __init__(self, source: str, reading: ReadOptions, unit: str) -> None:
        self._source = source
        self._reading = reading
        self._unit = unit
        self._records: list[tuple[TextRecord, str, int]] = []
        self._faults: list[TextFault] = []
        self._nulls = 0
        self._bytes = 0

    def batches(self, records: Iterable[TextRecord | TextFault]) -> Iterator[TextBatch]:
        """Yield all records in batches. An error while reading is raised after the batch of what was read before it."""
        try:
            for record in records:
                self._take(record)
                if self._bytes >= BATCH_BYTES or len(self._records) + self._nulls + len(self._faults) >= BATCH_TEXTS:
                    yield self._batch()
        except Exception:
            yield self._batch()
            raise
        yield self._batch()

    def _take(self, record: TextRecord | TextFault) -> None:
        if isinstance(record, TextFault):
            self._faults.append(record)
        elif record.text is None:
            self._nulls += 1
        elif record.chat is not None:
            self._records.append((record, record.text, record.chat.size))
            self._bytes += record.chat.size
        else:
            self._measure(record, record.text)

    def _measure(self, record: TextRecord, text: str) -> None:
        try:
            size = len(text) if text.isascii() else len(text.encode())
        except UnicodeEncodeError:
            self._faults.append(TextFault(self._source, f"{self._unit} {record.position}", SURROGATE))
            return
        if size > self._reading.max_text_bytes:
            reason = text_too_long(size, self._reading.max_text_bytes)
            self._faults.append(TextFault(self._source, f"{self._unit} {record.position}", reason))
            return
        self._records.append((record, text, size))
        self._bytes += size

    def _batch(self) -> TextBatch:
        rows, faults, nulls = self._records, tuple(self._faults), self._nulls
        self._records, self._faults, self._nulls, self._bytes = [], [], 0, 0
        chats = tuple(record.chat for record, _, _ in rows)
        return TextBatch(
            [record.position for record, _, _ in rows],
            [text for _, text, _ in rows],
            [size for _, _, size in rows],
            [record.output_tokens for record, _, _ in rows] if self._reading.output_column else None,
            nulls,
            faults,
            tuple(record.points for record, _, _ in rows if record.points),
            tuple(record.measure for record, _, _ in rows if record.points),
            chats=chats if any(chats) else (),
        )


MAX_OUTPUT_TOKENS = 10**12


def is_text(value: object) -> bool:
    """Return whether a value is a text or a null."""
    return value is None or isinstance(value, str)


def is_utf8(content: bytes) -> bool:
    """Return whether bytes are UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def without_mark(text: str) -> str:
    """Return a text without its byte order mark."""
    return text.removeprefix("\ufeff")


def output_tokens(value: object) -> int | None:
    """Return a value as a whole number of tokens, 0 for a null; None if it is neither."""
    if value is None or value == "":
        return 0
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_OUTPUT_TOKENS:
        return value
    return None


def no_column(column: str, there: Iterable[str], option: str = "--text-column") -> str:
    """Return the reason of a fault: a column is missing. `option` is the command line option that names it."""
    names = list(there)
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"there is no column {column!r}; there are: {shown or 'none'}. Name the right one with {option}."


def not_text(column: str, value: object) -> str:
    """Return the reason of a fault: a value is not a text."""
    return f"{column!r} is not a text but {type(value).__name__}: only strings are counted."


def not_tokens(column: str, value: object) -> str:
    """Return the reason of a fault: a value is not a number of output tokens."""
    return f"{column!r} is not a whole number of tokens but {str(value)[:40]!r}."
