"""Counting endpoints of models' providers: asked only where a setting names them, and a call asks for estimates."""
