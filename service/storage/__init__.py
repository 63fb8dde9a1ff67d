"""Clients of Redis and SQL, the embedded store, and files."""
