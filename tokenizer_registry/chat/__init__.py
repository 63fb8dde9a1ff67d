"""Tokens of whole requests: messages with their frame, tools, calls, schemas, images, sound and pages."""
