"""The engine that counts: a library in C, and what it needs of vocabularies and characters."""
