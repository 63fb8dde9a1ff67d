"""A session token is valid only if this service signed it, for this purpose, within its lifetime."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth.keys import new_secret
from service.auth.pepper import Pepper, Peppers
from service.auth.sessions import API_AUDIENCE, ISSUER, LEEWAY_SECONDS, PAGE_AUDIENCE, Session, Sessions, session_key
from service.auth.users import User
from tests.service.storage.databases import OLD_PEPPER, PEPPERS

USER = User("user_1", "ada@example.org", "acc_1", "Ada", "hash", 3, datetime.now(UTC))
KEY = session_key(PEPPERS.newest)


def sessions(shift: timedelta = timedelta(), peppers: Peppers = PEPPERS) -> Sessions:
    """Return sessions whose issuer's clock is ahead by `shift`."""
    return Sessions(peppers, lambda: datetime.now(UTC) + shift)


def claims(**changes: Any) -> dict[str, Any]:
    """Return valid claims with changes; one set to ... is left out."""
    now = int(datetime.now(UTC).timestamp())
    valid = {"iss": ISSUER, "aud": API_AUDIENCE, "sub": "user_1", "gen": 3, "sid": "a" * 32}
    valid |= {"iat": now, "exp": now + 60, **changes}
    return {name: value for name, value in valid.items() if value is not ...}


def encoded(part: object) -> str:
    """Return the encoded segment of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_token_leads_back_to_its_user() -> None:
    """What was issued is verified, also under an older pepper; the key is 32 bytes that are not the pepper."""
    session = Session("user_1", 3, 1000, "a" * 32)
    assert sessions().verify(sessions().issue(USER, session)) == session
    old = sessions(peppers=Peppers((OLD_PEPPER,))).issue(USER, session)
    assert sessions().verify(old) == session
    assert len(KEY) == 32
    assert PEPPERS.newest.value not in KEY


def test_a_token_of_another_pepper_is_none() -> None:
    """A pepper that is removed ends the sessions signed with it."""
    other = sessions(peppers=Peppers((Pepper.of(b"x" * 32),)))
    assert sessions().verify(other.issue(USER)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1}, {"exp": ...}, {"exp": "soon"}, {"exp": 1e400}, {"aud": "weighbridge"}, {"aud": ...},
        {"aud": [API_AUDIENCE, "other"]}, {"aud": PAGE_AUDIENCE},
        {"iss": "somebody"}, {"iss": ...}, {"sub": ...}, {"sub": 7}, {"gen": ...}, {"gen": "3"},
        {"gen": None}, {"sid": ...}, {"sid": 7}, {"sid": None}, {"iat": ...}, {"iat": 10**11},
        {"nbf": 10**11}, {"auth_time": "now"},
    ],
    ids=str,
)  # fmt: skip
def test_claims_that_are_not_ours(changes: dict[str, Any]) -> None:
    """A correctly signed token with another purpose or issuer, or expired, or incomplete, is refused."""
    assert sessions().verify(jwt.encode(claims(), KEY, "HS256")) is not None
    assert sessions().verify(jwt.encode(claims(**changes), KEY, "HS256")) is None


def test_a_session_ends() -> None:
    """A token is valid for its lifetime and the leeway, and no longer."""
    lifetime = sessions().lifetime
    leeway = timedelta(seconds=LEEWAY_SECONDS)
    assert sessions().verify(sessions(-lifetime - leeway + timedelta(seconds=5)).issue(USER)) is not None
    assert sessions().verify(sessions(-lifetime - leeway - timedelta(seconds=1)).issue(USER)) is None
    assert sessions().verify(sessions(leeway + timedelta(seconds=5)).issue(USER)) is None


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "JWT"}, {"alg": "None"}, {"alg": ""}, {}, {"alg": "HS512", "typ": "JWT"},
        {"alg": "RS256", "typ": "JWT"}, {"alg": ["HS256"], "typ": "JWT"}, {"alg": "HS256", "typ": "JWT", "kid": "../x"},
        {"alg": "HS256", "typ": "JWT", "crit": ["b64"], "b64": False}, [], "HS256", None,
        {"alg": "HS256", "typ": "JWT", "jwk": {"kty": "oct", "k": "AAAA"}},
    ],
    ids=str,
)  # fmt: skip
def test_only_the_fixed_header_is_read(header: object) -> None:
    """A token may not choose its algorithm or its key, even if its bytes carry the right HMAC."""
    text = f"{encoded(header)}.{encoded(claims())}"
    signature = base64.urlsafe_b64encode(hmac.digest(KEY, text.encode(), "sha256"))
    for end in (signature.rstrip(b"=").decode(), ""):
        assert sessions().verify(f"{text}.{end}") is None


def test_no_algorithm_but_ours() -> None:
    """A token signed with the same key by another HMAC, or by none, is refused."""
    for name, digest in (("HS384", "sha384"), ("HS512", "sha512")):
        text = f"{encoded({'alg': name, 'typ': 'JWT'})}.{encoded(claims())}"
        signature = base64.urlsafe_b64encode(hmac.digest(KEY, text.encode(), digest)).rstrip(b"=").decode()
        assert sessions().verify(f"{text}.{signature}") is None
    assert sessions().verify(jwt.encode(claims(), "", "none")) is None


@given(data=st.data())
def test_no_changed_token_is_accepted(data: st.DataObject) -> None:
    """A token with one character changed, removed or inserted is refused: its signature has one spelling."""
    token = sessions().issue(USER)
    at = data.draw(st.integers(0, len(token)))
    change = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    character = "" if change == "delete" else data.draw(st.characters())
    changed = token[:at] + character + token[at + (change != "insert") :]
    assert changed == token or sessions().verify(changed) is None


@given(text=st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.text("eyJ.-_=", max_size=60)))
def test_no_made_up_text_is_accepted(text: str) -> None:
    """Any text at all is refused without a failure, also as a payload or signature behind the right header."""
    header = sessions().issue(USER).partition(".")[0]
    for token in (text, f"{header}.{text}", f"{header}.{encoded(claims())}.{text}"):
        assert sessions().verify(token) is None


def test_texts_that_are_no_tokens() -> None:
    """An API key, a very long text and deep nesting are refused."""
    header = sessions().issue(USER).partition(".")[0]
    for token in ("", ".", "..", new_secret(), "a" * 10**6, f"{header}." * 300, f"{encoded([[]] * 200)}.a.b"):
        assert sessions().verify(token) is None


def test_a_session_is_renewed_for_twelve_hours() -> None:
    """A renewed token keeps the time of the login, and twelve hours after it no token is renewed."""
    began = int(datetime.now(UTC).timestamp())
    session = Session("user_1", 3, began, "a" * 32)
    token = sessions().renewed(session, USER)
    assert token is not None
    assert sessions().verify(token) == session
    assert sessions(timedelta(hours=11, minutes=59)).renewed(session, USER) is not None
    assert sessions(timedelta(hours=12)).renewed(session, USER) is None
