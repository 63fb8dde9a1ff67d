"""Reads exports of usage and costs of providers, gateways and clouds as counts, terms and charges."""
