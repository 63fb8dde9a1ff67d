"""Lists of names in one count: what is cached, and where the counts go."""

from service.tokens.requested_names import MAX_LISTS, NameLists
from tests.named_models import names_of_models


def test_a_list_of_known_names_is_resolved_once() -> None:
    """The same list is the same object while it is kept; one with an unknown name is not kept."""
    lists = NameLists(names_of_models("gpt-4o", "gpt-4o-mini"))
    first = lists.find(("GPT-4o", "gpt-4o", "openai/gpt-4o-mini"))
    assert first is lists.find(("GPT-4o", "gpt-4o", "openai/gpt-4o-mini"))
    assert first.models == ("gpt-4o", "gpt-4o", "gpt-4o-mini")
    assert lists.find(("GPT-4o", "x")) is not lists.find(("GPT-4o", "x"))
    for number in range(MAX_LISTS):
        lists.find(("GPT-4o",) * (number + 4))
    assert lists.find(("GPT-4o", "gpt-4o", "openai/gpt-4o-mini")) is not first


def test_unknown_names_have_a_place_of_their_own() -> None:
    """Counts come for the known names alone, and are put beside them."""
    found = NameLists(names_of_models("gpt-4o")).find(("x", "GPT-4o", "x", "gpt-4o"))
    assert found.models == ("gpt-4o", "gpt-4o")
    assert found.aligned([1, 2], 0) == [0, 1, 0, 2]
    assert found.unknown == {"x": 'unknown model "x"'}
