"""The exit code of a main function."""

from __future__ import annotations

import sys
from collections.abc import Callable


def exit_code_of(main: Callable[[], None], reported: type[BaseException] = Exception) -> int:
    """Run `main` and return its exit code, after writing to stderr what the interpreter would.

    reported: the errors that become exit code 1; all others are raised.
    """
    try:
        main()
    except SystemExit as request:
        if request.code is None or isinstance(request.code, int):
            return request.code or 0
        print(request.code, file=sys.stderr)
        return 1
    except reported:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0
