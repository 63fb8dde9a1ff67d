"""The steps that bring a database to the newest schema, run by Alembic; one file a step in `versions`.

A step is written by hand and never changed once released. It spells out its tables: it must not
import `tables.py`, which moves on.
"""
