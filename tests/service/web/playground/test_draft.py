"""The chat of a form: fields in order, and what the buttons do to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.forms import WebForm
from service.web.playground.draft import (
    EMPTY_MESSAGES,
    CallDraft,
    ChatDraft,
    MessageDraft,
    PictureDraft,
    edited,
    read_draft,
)

PAIRS = [
    ("role", "user"), ("content", "Look"), ("width", " 10 "), ("height", "20"), ("width", ""), ("height", ""),
    ("role", "assistant"), ("content", ""), ("call", "weigh"), ("arguments", "{}"), ("tools", "[]"),
]  # fmt: skip
DRAFT = ChatDraft(
    (
        MessageDraft("user", "Look", (PictureDraft("10", "20"), PictureDraft())),
        MessageDraft("assistant", calls=(CallDraft("weigh", "{}"),)),
    ),
    "[]",
)
NAMES = st.sampled_from(["role", "content", "width", "height", "call", "arguments", "tools", "models"])


def test_the_fields_of_a_message_follow_its_role() -> None:
    """Pictures and calls belong to the message before them, in any number."""
    assert read_draft(WebForm(PAIRS)) == DRAFT
    assert ChatDraft().is_empty
    assert not DRAFT.is_empty
    assert DRAFT.characters == len("Look") + len("weigh{}") + len("[]")


@given(st.lists(st.tuples(NAMES, st.text(max_size=5))))
def test_fields_in_any_order_are_a_chat(pairs: list[tuple[str, str]]) -> None:
    """A form that no page has sent loses at most what belongs to no message."""
    roles = [value for name, value in pairs if name == "role"]
    assert [message.role for message in read_draft(WebForm(pairs)).messages] == (
        roles or [message.role for message in EMPTY_MESSAGES]
    )


@pytest.mark.parametrize(
    ("edit", "roles"),
    [
        ("add", ["user", "assistant", "user"]),
        ("up 1", ["assistant", "user"]),
        ("down 0", ["assistant", "user"]),
        ("up 0", ["user", "assistant"]),
        ("down 1", ["user", "assistant"]),
        ("remove 0", ["assistant"]),
        ("remove 7", ["user", "assistant"]),
        ("remove -1", ["user", "assistant"]),
        ("remove", ["user", "assistant"]),
        ("dance 0", ["user", "assistant"]),
        (" ", ["user", "assistant"]),
    ],
)
def test_a_button_changes_the_messages(edit: str, roles: list[str]) -> None:
    """Messages are added, moved and removed; a place that does not exist changes nothing."""
    assert [message.role for message in edited(DRAFT, edit).messages] == roles


def test_a_button_changes_what_is_in_a_message() -> None:
    """Pictures and calls are added at the end, and one of them is removed."""
    assert edited(DRAFT, "picture 1").messages[1].pictures == (PictureDraft(),)
    assert edited(DRAFT, "call 1").messages[1].calls == (CallDraft("weigh", "{}"), CallDraft())
    assert edited(DRAFT, "drop-picture 0 0").messages[0].pictures == (PictureDraft(),)
    assert edited(DRAFT, "drop-call 1 0").messages[1].calls == ()
    assert edited(DRAFT, "drop-call 1 5") == DRAFT
