"""Encodings of texts, as they are named on the command line."""

import codecs

import click


class Encoding(click.ParamType[str]):
    """The name of an encoding that Python knows."""

    name = "encoding"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name that the standard library uses."""
        try:
            name = codecs.lookup(str(value)).name
            "a".encode(name)  # raises LookupError for base64 and others that make no bytes of a text
        except (LookupError, UnicodeError):
            raise click.BadParameter(f"{value!r} is not an encoding; utf-8, utf-16 and latin-1 are some.") from None
        return name
