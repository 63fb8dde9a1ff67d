"""Counts for models whose vocabulary is not public: by reconstruction or by proxy, always labelled."""
