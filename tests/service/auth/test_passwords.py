"""Password hashes: only the right password matches, and an unknown user costs as much work."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from service.auth.passwords import Passwords, unmatchable_hash

CHEAP = PasswordHasher(1, 64, 1)


@pytest.mark.anyio
async def test_only_the_right_password_of_a_user_matches() -> None:
    """A hash matches its own password; where there is no user, none does."""
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("right")
    assert await passwords.verify(hashed, "right")
    assert not await passwords.verify(hashed, "wrong")
    assert not await passwords.verify(None, "right")


@pytest.mark.parametrize("hasher", [CHEAP, Passwords()._hasher])
def test_unmatchable_hash_takes_the_work_of_a_real_one(hasher: PasswordHasher) -> None:
    """It is computed to the end with the same parameters, and then does not match; it is not refused unread."""
    hashed = unmatchable_hash(hasher)
    assert extract_parameters(hashed) == extract_parameters(hasher.hash("real"))
    with pytest.raises(VerifyMismatchError):
        hasher.verify(hashed, "real")
