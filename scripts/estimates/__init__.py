"""How the data of tokenizer_registry/estimation is made."""
