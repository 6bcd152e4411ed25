"""What an operator can mend is told in one way: what was found, then the class's docstring."""

from __future__ import annotations


class OperatorError(Exception):
    """Something that only an operator can mend. Do: read the sentence before this one."""

    def __init__(self, found: str) -> None:
        """`found` stands before the docstring, with its own punctuation."""
        super().__init__(f"{found} {' '.join((type(self).__doc__ or '').split())}")
