"""HTTP below the APIs: protocol, server, middleware, request limits, JSON, errors and replies."""
