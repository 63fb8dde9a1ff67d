"""How each upstream price file is read. Used when the book is made, never by a server."""
