"""Idempotency keys: who has one, and the answer that is kept for it."""

import json
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.billing.ledger import Claim, HoldState, KnownClaim, StoredAnswer
from service.storage.sql.tables import claim, hold


async def take(connection: AsyncConnection, wanted: Claim, hold_id: str, now: datetime) -> None:
    """Tie a key to a hold. Raises IntegrityError if another hold has it."""
    old = (claim.c.key_id == wanted.key_id, claim.c.digest == wanted.digest, claim.c.expires_at < now)
    await connection.execute(delete(claim).where(*old))
    await connection.execute(
        insert(claim).values(
            key_id=wanted.key_id,
            digest=wanted.digest,
            body_digest=wanted.body_digest,
            hold_id=hold_id,
            expires_at=wanted.expires_at,
        )
    )


async def keep(connection: AsyncConnection, hold_id: str, answer: StoredAnswer) -> None:
    """Keep the answer for repeated calls, if the hold has a claim."""
    headers = json.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers])
    kept = {"headers": headers, "content_type": answer.content_type.decode("latin-1"), "body": answer.body}
    await connection.execute(update(claim).where(claim.c.hold_id == hold_id).values(kept))


async def find(connection: AsyncConnection, key_id: str, digest: str, now: datetime) -> KnownClaim | None:
    """The claim of that key, unless its time is over."""
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


async def forget_old(connection: AsyncConnection, now: datetime) -> None:
    """Drop claims whose time is over, answers included; those of open calls stay."""
    still_open = select(hold.c.id).where(hold.c.state == HoldState.OPEN)
    await connection.execute(delete(claim).where(claim.c.expires_at < now, claim.c.hold_id.not_in(still_open)))
