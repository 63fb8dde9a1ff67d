"""`Idempotency-Key`: a repeated call gets the answer of the first one, and is charged once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from service.auth.accounts import Principal
from service.billing.ledger import Claim, HoldState, KnownClaim, Ledger
from service.http.errors import ANSWER_LOST, CALL_RUNNING, OTHER_BODY, UNAVAILABLE, Refusal
from service.http.responses import Header, Reply
from service.storage.errors import StoreUnavailable

REPLAYED_HEADER: Header = (b"idempotency-replayed", b"true")
# An answer is stored just after its charge. For this time a charged call without an answer counts as running.
STORING_TIME = timedelta(seconds=10)


class Idempotency:
    """Finds the answers of earlier calls by key, for the time `keep`. Only digests of keys and bodies are stored."""

    def __init__(self, ledger: Ledger, keep: timedelta, now: Callable[[], datetime]) -> None:
        self.ledger = ledger
        self.keep = keep
        self.now = now

    def claim(self, key: bytes, principal: Principal, body_digest: str) -> Claim:
        """Return the claim of a call with this key and a body with this digest."""
        return Claim(principal.key_id, sha256(key).hexdigest(), body_digest, self.now() + self.keep)

    async def find_answer(self, claim: Claim) -> Reply | Refusal | None:
        """Return the answer of an earlier call with this key, or why there is none; None if this is the first call."""
        try:
            known = await self.ledger.find_claim(claim.key_id, claim.digest)
        except StoreUnavailable:
            return UNAVAILABLE
        if known is None:
            return None
        if known.body_digest != claim.body_digest:
            return OTHER_BODY
        if known.answer is not None:
            return Reply(200, known.answer.body, [*known.answer.headers, REPLAYED_HEADER], known.answer.content_type)
        return CALL_RUNNING if self._may_get_answer(known) else ANSWER_LOST

    def _may_get_answer(self, known: KnownClaim) -> bool:
        return known.state is HoldState.OPEN or known.closed_at is None or self.now() < known.closed_at + STORING_TIME
