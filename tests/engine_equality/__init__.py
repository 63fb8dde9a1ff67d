"""Proof that the engines of engines.toml count as the owners' libraries do. `make verify-engines` runs it in full."""
