"""The engine that counts: a library in C, and what it is told of vocabularies and characters."""
