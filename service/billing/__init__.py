"""Prepaid credit: money, ledger, idempotency keys and the sweeper of expired holds."""
