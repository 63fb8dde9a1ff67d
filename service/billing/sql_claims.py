"""Idempotency keys in SQL: which call has claimed one, and the answer that is kept for its repetitions."""

import json
from datetime import datetime

from sqlalchemy import delete, select, update

from service.billing.ledger import Claim, HoldState, KnownClaim, StoredAnswer
from service.storage.sql.connection import SqlConnection
from service.storage.sql.tables import claim, hold, microseconds_of

# The primary key decides which of several calls has the idempotency key.
INSERT_CLAIM = (
    "INSERT INTO claim (key_id, digest, body_digest, hold_id, expires_at) "
    "VALUES (:key_id, :digest, :body_digest, :hold_id, :expires_at) ON CONFLICT DO NOTHING RETURNING hold_id"
)


async def take_claim(connection: SqlConnection, wanted: Claim, hold_id: str, now: datetime) -> bool:
    """Tie an idempotency key to a hold; return False if another hold has it."""
    expired = (claim.c.key_id == wanted.key_id, claim.c.digest == wanted.digest, claim.c.expires_at < now)
    await connection.execute(delete(claim).where(*expired))
    values = {**wanted._asdict(), "hold_id": hold_id, "expires_at": microseconds_of(wanted.expires_at)}
    (row,) = await connection.fetch_each(INSERT_CLAIM, [values])
    return row is not None


async def free_claim(connection: SqlConnection, hold_id: str) -> None:
    """Let the idempotency key of a hold be used again."""
    await connection.execute(delete(claim).where(claim.c.hold_id == hold_id))


async def keep_answer(connection: SqlConnection, hold_id: str, answer: StoredAnswer) -> None:
    """Keep the answer for repeated calls, if the hold has a claim."""
    headers = json.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers])
    kept = {"headers": headers, "content_type": answer.content_type.decode("latin-1"), "body": answer.body}
    await connection.execute(update(claim).where(claim.c.hold_id == hold_id).values(kept))


async def find_claim(connection: SqlConnection, key_id: str, digest: str, now: datetime) -> KnownClaim | None:
    """Return the claim of an idempotency key, or None if there is none or its time is over."""
    statement = (
        select(claim, hold.c.state, hold.c.closed_at)
        .join_from(claim, hold)
        .where(claim.c.key_id == key_id, claim.c.digest == digest, claim.c.expires_at >= now)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    answer = None
    if row.body is not None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(row.headers)]
        answer = StoredAnswer(headers, row.body, row.content_type.encode("latin-1"))
    return KnownClaim(row.body_digest, row.hold_id, HoldState(row.state), row.closed_at, answer)


async def drop_expired_claims(connection: SqlConnection, now: datetime) -> None:
    """Delete claims whose time is over, with their answers; those of open calls stay."""
    still_open = select(hold.c.id).where(hold.c.state == HoldState.OPEN)
    await connection.execute(delete(claim).where(claim.c.expires_at < now, claim.c.hold_id.not_in(still_open)))
