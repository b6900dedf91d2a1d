"""What can go wrong with the local stack."""


class StackError(Exception):
    """The stack cannot start or go on; `str(error)` is a sentence that says what to do."""
