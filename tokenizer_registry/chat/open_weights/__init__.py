"""Requests to models with open weights: the publisher's template, rendered and counted by control tokens."""
