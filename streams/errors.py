"""The base of the errors that end a process in order."""


class FatalError(Exception):
    """An error after which a process cannot go on.

    The message says what was wrong, where, and what to do, so the process ends with that one line and no traceback.
    """
