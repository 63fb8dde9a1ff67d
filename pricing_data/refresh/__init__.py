"""Makes the next price book from the pinned sources, the curated files and the last book. No server imports it."""
