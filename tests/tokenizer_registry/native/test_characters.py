"""characters.json, compared with the libraries that it was generated from."""

from random import Random

import pytest
from tokenizers import normalizers

from scripts.build_characters import ALL, is_mark, members
from tokenizer_registry.native.characters import CLASS_BITS, FLAGS, classified, read_characters, written

CHARACTERS = read_characters()
# What texts are made of, and some of all the rest, unassigned characters among them.
SAMPLE = ALL[:0x3100] + "".join(sorted(Random(1).sample(ALL, 20_000)))


@pytest.mark.parametrize("name", sorted(CHARACTERS.sets.keys() - set(FLAGS)))
def test_a_set_is_what_its_owners_library_says(name: str) -> None:
    """A set that a pattern names has exactly the characters that the library matches with it."""
    classes = CHARACTERS.sets[name]
    assert set(members(name, SAMPLE)) == {one for one in SAMPLE if CHARACTERS.class_of(ord(one)) in classes}


@pytest.mark.parametrize("form", [normalizers.NFC(), normalizers.NFKC()], ids=["NFC", "NFKC"])
def test_a_character_is_composed_with_those_before_it_that_the_pairs_tell(form: normalizers.Normalizer) -> None:
    """Behind every character that a text in the form may have; behind any other one nothing is asked of it."""
    stable = [one for one in ALL if form.normalize_str(f"x{one}x") == f"x{one}x"]
    pairs = {*CHARACTERS.pairs, *CHARACTERS.marked_pairs}
    for second in sorted({pair[1] for pair in pairs}):
        firsts = {pair[0] for pair in pairs if pair[1] == second}
        # A mark moves before one of a higher class, so it is asked behind characters without a class only.
        others = [one for one in stable if one not in firsts and not (is_mark(one) and is_mark(second))]
        text = "".join(f"x{one}{second}x" for one in others)
        assert form.normalize_str(text) == text, ascii(second)
        assert all(form.normalize_str(f"x{one}{second}x") != f"x{one}{second}x" for one in firsts), ascii(second)


def test_classes_tell_the_sets() -> None:
    """Characters are of one class only if they are in the same sets, in the file too."""
    made = classified({"vowels": frozenset(map(ord, "aeiou")), "early": frozenset(range(ord("f")))})
    found = {(one, name) for one in "aefz" for name, classes in made.sets.items() if made.class_of(ord(one)) in classes}
    assert found == {("a", "vowels"), ("e", "vowels"), ("a", "early"), ("e", "early")}
    assert '"vowels"' in written(made)


def combining_class(character: str) -> int:
    """Return the combining class of a mark that normal forms leave as it is; 0 for other characters."""
    number = CHARACTERS.class_of(ord(character))
    return sum(1 << bit for bit, name in enumerate(CLASS_BITS) if number in CHARACTERS.sets[name])


def test_marks_in_the_order_of_their_classes_stay_as_they_are() -> None:
    """Every mark behind a letter, and behind each mark of another class that may be before it."""
    marks = {one: found for one in ALL if (found := combining_class(one))}
    one_of_each = {found: one for one, found in marks.items()}
    for form in (normalizers.NFC(), normalizers.NFKC()):
        for mark, found in marks.items():
            before = [other for place, other in one_of_each.items() if place <= found]
            text = "".join(f"e{other}{mark}ก{mark}" for other in ("", *before))
            assert form.normalize_str(text) == text, ascii(mark)
    assert combining_class("\u0e48") == 107
    assert combining_class("\u0301") == combining_class("e") == 0
