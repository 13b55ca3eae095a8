"""The one exception that means "your input, not our bug"."""

LOST = "The other processes of this training are gone"  # how a process says that it is not guilty
_LOST_ERRORS = ("DistBackendError", "DistNetworkError", "DistStoreError")  # torch's
_LOST_SIGNS = ("Connection closed by peer", "Connection reset by peer", "gloo")


class InputError(ValueError):
    """Bad input from outside: a file, a folder, a name, a number.

    The message is one plain sentence that says what is wrong, where, the value found and the
    remedy. The command line prints it without a traceback and exits with code 2.
    """


def suggest(name: str, known: list[str]) -> str:
    """Return ``' Did you mean "x"?'`` for the known name closest to a wrong one, else ``''``."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f' Did you mean "{close[0]}"?' if close else ""


def is_loss_of_others(error: BaseException) -> bool:
    """Return whether torch.distributed says that another process has gone."""
    if type(error).__name__ in _LOST_ERRORS:
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _LOST_SIGNS)
