"""The catalogue as pages: every model, its prices then and now, and who says so."""
