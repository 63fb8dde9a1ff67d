"""Arrays that many bodies have in common, such as the tools of chats: found by their bytes, and decoded once."""

import json as standard_json
import secrets
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from service.http import json
from tokenizer_registry.content_memory import ContentMemory, KeptList

# In larger bodies arrays are not looked for. A body of this size has fewer values than any limit.
MAX_BODY_BYTES: Final = 65_536
# What is kept of arrays, and of how arrays begin that came once.
MAX_KEPT_BYTES: Final = 32_000_000
# Arrays are found by so many of the first bytes, so that short ones are only found before the same others.
HEAD_BYTES: Final = 256
# Memory of a beginning.
KEPT_HEAD_BYTES: Final = 1_000
# An array is learned when its beginning comes again, and so many that begin alike: others may differ in each body.
MAX_LEARNED: Final = 4
# Memory for each byte of an array: its value, and what is read of it.
VALUE_BYTES: Final = 20
_DECODER: Final = standard_json.JSONDecoder()


class KnownArray(NamedTuple):
    """The bytes of an array, and its value."""

    content: bytes
    value: KeptList


class Beginning:
    """What is known of arrays that begin alike."""

    __slots__ = ("arrays", "learned")

    def __init__(self) -> None:
        self.arrays: tuple[KnownArray, ...] = ()
        # Also those that are not kept.
        self.learned = 0


class RepeatedArrays:
    """Decodes bodies that are objects with an array of one name, in them or in an object in them.

    An array that is known is replaced by a mark, a string that no caller knows, before the body is decoded. The bytes
    `"name":` stand before a value in every body that is JSON, because a quote inside of a string has a backslash before
    it; and an array ends where its bytes end. So the body with the mark is JSON exactly if the body is.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._key = f'"{name}":'.encode()
        self._mark = secrets.token_hex(16)
        self._marked = standard_json.dumps(self._mark).encode()
        self._beginnings: ContentMemory[bytes, Beginning] = ContentMemory(MAX_KEPT_BYTES)

    def decode(self, body: bytes) -> Any:
        """Return the value of a body as `json.decode` does; a known array as a list that must not be changed.

        Raise NotJson, MemoryError.
        """
        begin = self._begin(body)
        if not begin:
            return json.decode(body)
        head = body[begin : begin + HEAD_BYTES]
        beginning = self._beginnings.get(head)
        if beginning is None:
            self._beginnings.keep(head, Beginning(), KEPT_HEAD_BYTES)
            return json.decode(body)
        for array in beginning.arrays:
            if body.startswith(array.content, begin):
                return self._decode_without(body, begin, array)
        value = json.decode(body)
        holder = next(self._holders(value), None)
        if holder is not None and beginning.learned < MAX_LEARNED:
            self._learn(head, beginning, body[begin:], holder[self._name])
        return value

    def _begin(self, body: bytes) -> int:
        """Return where the array begins if there is one, 0 if there is none."""
        place = body.rfind(self._key) if len(body) <= MAX_BODY_BYTES else -1
        if place < 0:
            return 0
        begin = place + len(self._key)
        begin += body.startswith(b" ", begin)
        return begin if body.startswith(b"[", begin) else 0

    def _decode_without(self, body: bytes, begin: int, array: KnownArray) -> Any:
        marked = b"".join((body[:begin], self._marked, body[begin + len(array.content) :]))
        try:
            value = json.decode(marked)
        except json.NotJson:
            return json.decode(body)  # whose error has the places of the body
        for holder in self._holders(value):
            if holder[self._name] == self._mark:
                holder[self._name] = array.value
                return value
        return json.decode(body)

    def _holders(self, value: Any) -> Iterator[dict[str, Any]]:
        """Yield the objects that may have the array and have its name."""
        if isinstance(value, dict):
            for each in (value, *value.values()):
                if isinstance(each, dict) and self._name in each:
                    yield each

    def _learn(self, head: bytes, beginning: Beginning, rest: bytes, wanted: Any) -> None:
        """Keep the array that the rest of a valid body begins with, unless it is another one than the wanted."""
        beginning.learned += 1
        text = rest.decode()
        found, end = _DECODER.raw_decode(text)
        content = text[:end].encode()
        weight = KEPT_HEAD_BYTES + VALUE_BYTES * sum(map(len, (content, *(each.content for each in beginning.arrays))))
        if found == wanted and self._beginnings.takes(weight):
            beginning.arrays += (KnownArray(content, KeptList(json.decode(content))),)
            self._beginnings.keep(head, beginning, weight)
