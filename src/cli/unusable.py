"""Inputs that cannot be used."""


class Unusable(Exception):
    """An input that cannot be evaluated; the message is a sentence that names it and says what to do."""


class NoDefinition(Unusable):
    """A file about something else: it is skipped if it was found in a folder."""
