"""The playground: counts and costs of a text for many models, without a key."""
