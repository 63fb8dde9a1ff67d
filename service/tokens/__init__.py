"""The token API: models, authors and count."""
