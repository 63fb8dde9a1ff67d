"""Readers of the price sources. Used by a refresh only, never by a server."""
