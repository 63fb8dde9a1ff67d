"""The right password works while others guess, and guessing takes neither all places nor all processor time."""

import asyncio
import os
import time

import httpx2
import pytest
from argon2 import PasswordHasher

from service.auth.login_attempts import MAX_BY_PAIR, QUICK_BY_ADDRESS
from service.auth.passwords import MAX_AT_A_TIME_OF_ADDRESS, LoginTurns, Passwords, TooBusy
from tests.service.console.conftest import PASSWORD, Console

pytestmark = pytest.mark.anyio

SESSION = "/api/console/session"


async def test_many_wrong_logins_from_an_address_shut_nobody_out_behind_it(console: Console) -> None:
    """After so many wrong logins that an address is slowed, the right password still works from there."""
    transport = console.client._transport
    assert isinstance(transport, httpx2.ASGITransport)
    for number in range(QUICK_BY_ADDRESS):  # what a login does first; to verify so many passwords takes long
        await console.connections.login_attempts.begin(f"{number}@example.org", transport.client[0])
    assert (await console.log_in("eve@example.org", "wrong password")).status_code == 401
    assert (await console.log_in()).status_code == 200


async def test_an_e_mail_under_attack_from_elsewhere_gets_in(console: Console) -> None:
    """Guesses for an e-mail are limited by address, so its user can log in from another address."""
    transport = console.client._transport
    assert isinstance(transport, httpx2.ASGITransport)
    elsewhere = httpx2.ASGITransport(app=transport.app, client=(f"elsewhere {console.user.id}", 1))
    async with httpx2.AsyncClient(transport=elsewhere, base_url="http://test") as attacker:
        guess = {"email": console.user.email, "password": "wrong password"}
        statuses = [(await attacker.post(SESSION, json=guess)).status_code for _ in range(MAX_BY_PAIR + 5)]
    assert statuses == [401] * MAX_BY_PAIR + [429] * 5
    assert (await console.log_in()).status_code == 200


async def test_an_address_has_few_logins_at_a_time() -> None:
    """One address cannot take the places of all others, and its slowed logins go one after the other."""
    turns, verifying, go_on = LoginTurns(slow_seconds=0), 0, asyncio.Event()

    async def log_in(address: str, *, is_slowed: bool) -> None:
        nonlocal verifying
        async with turns.turn(address, is_slowed=is_slowed):
            verifying += 1
            await go_on.wait()

    logins = [log_in("a", is_slowed=False) for _ in range(MAX_AT_A_TIME_OF_ADDRESS + 3)]
    logins += [log_in("slowed", is_slowed=True) for _ in range(MAX_AT_A_TIME_OF_ADDRESS + 3)]
    all_of_them = asyncio.gather(*logins, log_in("b", is_slowed=False), return_exceptions=True)
    async with asyncio.timeout(5):
        while verifying < MAX_AT_A_TIME_OF_ADDRESS + 1 + 1:  # noqa: ASYNC110  no event reports it
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert verifying == MAX_AT_A_TIME_OF_ADDRESS + 1 + 1
    go_on.set()
    outcomes = await all_of_them
    assert sum(isinstance(outcome, TooBusy) for outcome in outcomes) == 6
    assert outcomes[-1] is None
    assert turns._lines == {}


@pytest.mark.timed
async def test_wrong_passwords_take_half_a_processor_at_most() -> None:
    """However many wrong passwords arrive, one is verified at a time, with a pause as long as the work."""
    passwords = Passwords(PasswordHasher(2, 8_192, 1))
    began, used = time.monotonic(), time.process_time()
    await asyncio.gather(*(passwords.verify(None, PASSWORD) for _ in range(16)))
    share = (time.process_time() - used) / (time.monotonic() - began)
    assert share < 0.7 or "PROMISES_TIMED" not in os.environ


async def test_a_login_whose_caller_is_gone_keeps_its_turn_until_it_is_done() -> None:
    """A caller who hangs up frees no turn while its thread works; otherwise each would start another."""
    passwords = Passwords(PasswordHasher(8, 8_192, 1))
    working = asyncio.create_task(passwords.verify(None, PASSWORD))
    async with asyncio.timeout(5):
        while not passwords._turn.locked():  # noqa: ASYNC110  no event reports it
            await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working])
    assert passwords._turn.locked()
    assert not await passwords.verify(None, PASSWORD)
