"""How the data of tokenizer_registry/approximation is made."""
