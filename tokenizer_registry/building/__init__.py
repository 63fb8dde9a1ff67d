"""How packed vocabularies, their licences and their rows are made from pinned public packages."""
