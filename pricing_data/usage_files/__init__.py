"""Usage and costs as providers, gateways and clouds export them, read as counts, terms and charges."""
