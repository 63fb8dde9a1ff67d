"""Password hashes: only the right password matches, and an unknown user costs as much work."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from service.auth.passwords import Passwords, unmatchable_hash

CHEAP = PasswordHasher(1, 64, 1)


@pytest.mark.anyio
async def test_only_the_right_password_of_a_user_matches() -> None:
    """A hash matches only its own password; without a user no password matches."""
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("right")
    assert await passwords.verify(hashed, "right")
    assert not await passwords.verify(hashed, "wrong")
    assert not await passwords.verify(None, "right")


@pytest.mark.parametrize("hasher", [CHEAP, Passwords()._hasher])
def test_unmatchable_hash_takes_the_work_of_a_real_one(hasher: PasswordHasher) -> None:
    """A hash that nothing matches is computed with the same parameters as a real one, and is not refused unread."""
    hashed = unmatchable_hash(hasher)
    assert extract_parameters(hashed) == extract_parameters(hasher.hash("real"))
    with pytest.raises(VerifyMismatchError):
        hasher.verify(hashed, "real")
