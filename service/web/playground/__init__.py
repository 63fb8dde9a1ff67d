"""The playground: count and price a text for many models, without a key."""
