"""The pages of the catalogue: the list of models, and one page for each model."""
