"""A memory keeps what was asked for last, within its weight."""

from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.content_memory import MAX_SHARE, ContentMemory

LARGEST = 10


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, LARGEST + 2))))
def test_what_is_kept_is_what_was_kept_last_for_a_key(steps: list[tuple[int, int]]) -> None:
    """Whether it is asked for or not, nothing else is ever returned, and the weight is never above the limit."""
    memory: ContentMemory[int, int] = ContentMemory(MAX_SHARE * LARGEST)
    kept: dict[int, tuple[int, int]] = {}
    for place, (key, weight) in enumerate(steps):
        memory.keep(key, place, weight)
        if weight <= LARGEST:
            kept[key] = place, weight
        assert memory.get(key) in {None, kept.get(key, (None, 0))[0]}
    found = [key for key in kept if memory.get(key) is not None]
    assert all(memory.get(key) == kept[key][0] for key in found)
    assert sum(kept[key][1] for key in found) <= MAX_SHARE * LARGEST


def test_the_one_not_asked_for_the_longest_goes_first() -> None:
    """Asking for a value keeps it."""
    memory: ContentMemory[int, str] = ContentMemory(MAX_SHARE)
    for key in range(MAX_SHARE):
        memory.keep(key, str(key), 1)
    assert memory.get(0) == "0"
    memory.keep(MAX_SHARE, "new", 1)
    assert memory.get(0) == "0"
    assert memory.get(1) is None


def test_a_value_too_large_drives_out_none() -> None:
    """It is not kept."""
    memory: ContentMemory[str, str] = ContentMemory(MAX_SHARE * LARGEST)
    memory.keep("small", "small", LARGEST)
    memory.keep("large", "large", LARGEST + 1)
    assert memory.get("small") == "small"
    assert memory.get("large") is None
