"""How the packed vocabularies, their licences and vocabularies.toml are made from pinned public packages."""
