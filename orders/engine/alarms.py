"""Decides when something that keeps failing is told as an error rather than as a warning."""


def is_alarming(attempt: int) -> bool:
    """Tell whether this is failed attempt 10, 100, 1000 and so on: rare enough to be read, and never the last."""
    digits = str(attempt)
    return attempt >= 10 and digits[0] == "1" and not digits[1:].strip("0")
