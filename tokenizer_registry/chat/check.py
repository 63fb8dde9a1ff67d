"""Compare a log of requests and the provider's own numbers with our counts: residuals by rule."""
