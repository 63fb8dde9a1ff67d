"""Accounts, keys and money in SQL: SQLite for one machine, PostgreSQL for several."""
