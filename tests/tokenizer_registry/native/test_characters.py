"""characters.json, compared with the libraries that it was generated from."""

from random import Random

import pytest

from scripts.build_characters import ALL, members
from tokenizer_registry.native.characters import FLAGS, classified, read_characters, written

CHARACTERS = read_characters()
# What texts are made of, and some of all the rest, unassigned characters among them.
SAMPLE = ALL[:0x3100] + "".join(sorted(Random(1).sample(ALL, 20_000)))


@pytest.mark.parametrize("name", sorted(CHARACTERS.sets.keys() - set(FLAGS)))
def test_a_set_is_what_its_owners_library_says(name: str) -> None:
    """A set that a pattern names has exactly the characters that the library matches with it."""
    classes = CHARACTERS.sets[name]
    assert set(members(name, SAMPLE)) == {one for one in SAMPLE if CHARACTERS.class_of(ord(one)) in classes}


def test_classes_tell_the_sets() -> None:
    """Characters are of one class only if they are in the same sets, in the file too."""
    made = classified({"vowels": frozenset(map(ord, "aeiou")), "early": frozenset(range(ord("f")))})
    found = {(one, name) for one in "aefz" for name, classes in made.sets.items() if made.class_of(ord(one)) in classes}
    assert found == {("a", "vowels"), ("e", "vowels"), ("a", "early"), ("e", "early")}
    assert '"vowels"' in written(made, {})
