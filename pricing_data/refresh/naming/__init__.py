"""Which model an entry of a price source is, and who made it: for drafts and hosts, never used by a server."""
