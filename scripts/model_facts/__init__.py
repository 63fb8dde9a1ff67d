"""What pinned sources state of models, and which statement counts."""
