"""Inputs that cannot be used."""


class Unusable(Exception):
    """An input that cannot be evaluated; the message is a sentence that names it and says what to do."""


def reason_of(error: OSError) -> str:
    """Return why a file or folder could not be read or written, for the middle of a sentence."""
    return (error.strerror or "it failed").lower()


class NoDefinition(Unusable):
    """A file about something else: it is skipped if it was found in a folder."""
