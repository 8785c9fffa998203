"""The one way to put a name or a value into SQL."""

from __future__ import annotations


def quote(identifier: str) -> str:
    """
    >>> quote('b"c')
    '"b""c"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value (a path, a code) as text.

    >>> literal("St Mary's")
    "'St Mary''s'"
    """
    return "'" + str(value).replace("'", "''") + "'"
