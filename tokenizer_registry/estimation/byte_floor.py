"""What a character costs that no piece holds: its UTF-8 bytes, cut into known beginnings and single bytes."""

from collections.abc import Collection


class ByteFloor:
    """`known` are the byte strings that are one token; so is every single byte."""

    def __init__(self, known: Collection[bytes]) -> None:
        self._known = frozenset(known)

    def cost(self, character: str) -> int:
        """The fewest tokens that the character's bytes can be cut into: 1 to 4."""
        encoded = character.encode("utf-8")
        fewest = [0]
        for end in range(1, len(encoded) + 1):
            starts = (start for start in range(end) if end - start == 1 or encoded[start:end] in self._known)
            fewest.append(min(fewest[start] + 1 for start in starts))
        return fewest[-1]
