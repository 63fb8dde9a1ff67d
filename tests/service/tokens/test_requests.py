"""The body of a count: each property is checked, and each fault is named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http import json as service_json
from service.http.errors import Refusal
from service.tokens.requests import CountRequest, CountRequests
from tests.named_models import names_of_models

KNOWN = ("gpt-4o", "claude-2.1", "llama-2-7b")
REQUESTS = CountRequests(names_of_models(*KNOWN), max_models=4)
BASE: dict[str, Any] = {"input": "a", "type": "text", "models": ["gpt-4o"]}


def parsed(**changes: Any) -> CountRequest | Refusal:
    """Return the parsed base body with changes; a property set to ... is left out."""
    fields = {name: value for name, value in {**BASE, **changes}.items() if value is not ...}
    return REQUESTS.parse(json.dumps(fields).encode())


def test_a_valid_body_is_read_in_order() -> None:
    """Names keep their order and may repeat; an empty text is a text."""
    assert parsed(input="", models=["claude-2.1", "gpt-4o", "claude-2.1"]) == CountRequest(
        "", ("claude-2.1", "gpt-4o", "claude-2.1"), False
    )


def test_a_star_means_the_whole_catalogue() -> None:
    """`["*"]` is every model in the catalogue's order, even if they are more than a list may name."""
    assert parsed(models=["*"]) == CountRequest("a", KNOWN, False)


@pytest.mark.parametrize(
    ("flags", "detail", "estimate"),
    [
        ({"detail": True}, True, False),
        ({"estimate": True}, True, True),
        ({"estimate": True, "detail": False}, True, True),
        ({"estimate": False, "detail": False}, False, False),
    ],
)
def test_estimate_implies_detail(flags: dict[str, bool], detail: bool, estimate: bool) -> None:
    """Either flag gives detailed entries, but only `estimate` gives estimates."""
    assert parsed(**flags) == CountRequest("a", ("gpt-4o",), detail, estimate)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input": ...}, "input: this property is missing."),
        ({"type": ...}, "type: this property is missing."),
        ({"models": ...}, "models: this property is missing."),
        ({"input": 5}, "input: must be a string, not 5."),
        ({"input": None}, "input: must be a string, not null."),
        ({"input": ["a", "b"]}, "input: must be a string, not a list."),
        ({"type": "image"}, 'type: "image" is not known; the types are "text" and "chat".'),
        ({"type": True}, 'type: true is not known; the types are "text" and "chat".'),
        ({"models": "gpt-4o"}, 'models: must be a list of model names, not "gpt-4o".'),
        ({"models": []}, "models: send 1 to 4 names, not 0."),
        ({"models": ["gpt-4o"] * 5}, "models: send 1 to 4 names, not 5."),
        ({"models": ["gpt-4o", None]}, "models: null is not a model name; names are strings."),
        ({"models": ["*", "gpt-4o"]}, 'models: unknown model "*".'),
        (
            {"models": ["gpt-4", "x\n"]},
            'models: unknown model "gpt-4" (did you mean gpt-4o?), unknown model "x\\n".',
        ),
        ({"detail": 1}, "detail: must be true or false, not 1."),
        (
            {"extra": 1},
            '"extra" is not a property of this request; it has input, type, models, detail, estimate, as_of, '
            "unknown_models.",
        ),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], sentence: str) -> None:
    """An invalid body is a 400 with a sentence that names the property and the value."""
    refusal = parsed(**changes)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
    assert sentence in refusal.message


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null"])
def test_the_top_level_must_be_an_object(body: bytes) -> None:
    """A JSON value other than an object is refused with a sentence about the top level."""
    refusal = REQUESTS.parse(body)
    assert isinstance(refusal, Refusal)
    assert "must be a JSON object" in refusal.message


@pytest.mark.parametrize(
    "text", ["", "plain", 'a "quoted" word', '"input"', "line\nfeed", "naïve 你好 🌍", "\u2028\x7f", "\\u0041"]
)
@pytest.mark.parametrize("models", [["gpt-4o"], ["gpt-4o", "gpt-4o"], ["input"], [], [1], [["gpt-4o"]], "gpt-4o"])
def test_a_body_is_read_alike_however_it_is_spelled(text: str, models: object) -> None:
    """A body with an escaped letter in a name is the same request, or the same refusal."""
    requests = CountRequests(names_of_models("gpt-4o"), 10)
    plain = json.dumps({"input": text, "type": "text", "models": models}, ensure_ascii=False).encode()
    spelled = plain.replace(b'"type"', b'"typ\\u0065"', 1)
    assert requests.parse(plain) == requests.parse(spelled)


@pytest.mark.parametrize(
    "between",
    [",", " , ", "\t,\r\n", ",,", "", ",\v", ",\u00a0", ', "detail": false,', ', "b",', "], ", ',"input":"b",', "},{"],
)
@pytest.mark.parametrize("before", ["", "  ", "\f", "[", '"b",', "1"])
def test_what_stands_around_the_text_is_checked(before: str, between: str) -> None:
    """A body that ends like an earlier one is accepted, as the same request, only if all of it is valid."""
    requests = CountRequests(names_of_models("gpt-4o"), 10)
    rest = '"type": "text", "models": ["gpt-4o"]}'
    assert requests.parse(b'{"input":"b",' + rest.encode()) == CountRequest("b", ("gpt-4o",))
    body = f'{{"input":{before}"a"{between}{rest}'.encode()
    try:
        text = service_json.decode(body)["input"]
    except service_json.NotJson:
        text = None
    if isinstance(text, str):
        assert requests.parse(body) == CountRequest(text, ("gpt-4o",))
    else:
        assert isinstance(requests.parse(body), Refusal)


@pytest.mark.parametrize("name", ["input", "type", "models"])
def test_a_name_that_comes_twice_is_refused(name: str) -> None:
    """A body with a property twice is refused, because it is unknown which one was meant."""
    value = json.dumps({"input": "a", "type": "text", "models": ["gpt-4o"]})
    twice = value[:-1] + f', "{name}": {json.dumps(json.loads(value)[name])}}}'
    refusal = CountRequests(names_of_models("gpt-4o"), 10).parse(twice.encode())
    assert isinstance(refusal, Refusal)
    assert "more than once" in refusal.message


TEXTS = st.text(st.sampled_from('a"\\u{}[]:, \n\u00e9\U0001f600'), max_size=12)
NAMES = st.sampled_from(["input", "type", "models"])


def spelled(text: str, how: str) -> str:
    """Return a JSON string: unchanged, with escaped quotes, or with every character escaped."""
    if how == "all numbers":
        units = text.encode("utf-16-be").hex()
        return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'
    plain = json.dumps(text, ensure_ascii=how == "ascii")
    return plain[0] + plain[1:-1].replace('\\"', "\\u0022") + plain[-1] if how == "quotes by number" else plain


HOWS = st.sampled_from(["plain", "ascii", "quotes by number", "all numbers"])


@given(st.lists(st.tuples(NAMES, TEXTS, HOWS, HOWS), max_size=2), TEXTS, HOWS)
def test_no_spelling_hides_a_name_that_comes_twice(more: list[tuple[str, str, str, str]], text: str, how: str) -> None:
    """Whatever is in the text, and however names and texts are spelled, a body is taken where the strict parser takes
    it, and refused where that does."""
    members = [("input", spelled(text, how)), ("type", '"text"'), ("models", '["gpt-4o"]')]
    for name, value, how_name, how_value in more:
        written = '["gpt-4o"]' if name == "models" else spelled(value, how_value)
        members.append((spelled(name, how_name)[1:-1], written))
    body = ("{" + ",".join(f'"{name}":{value}' for name, value in members) + "}").encode()
    try:
        fields = service_json.decode(body)
    except service_json.NotJson:
        assert isinstance(REQUESTS.parse(body), Refusal)
    else:
        assert REQUESTS.parse(body) == CountRequest(fields["input"], ("gpt-4o",))
