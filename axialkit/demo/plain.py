"""What goes wrong, as one plain sentence; what we did not expect goes to the server's log only."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from axialkit.demo.gradio_quietly import gr
from axialkit.demo.tidy import tidy
from axialkit.errors import InputError

UNEXPECTED = "Something went wrong on our side. It has been noted; please try something else."

_Inputs = ParamSpec("_Inputs")
_Output = TypeVar("_Output")
_log = logging.getLogger("axialkit.demo")


def plainly(function: Callable[_Inputs, _Output]) -> Callable[_Inputs, _Output]:
    """Let an event of the page report errors without a traceback, a path or a picture."""

    @functools.wraps(function)
    def guarded(*args: _Inputs.args, **kwargs: _Inputs.kwargs) -> _Output:
        try:
            return function(*args, **kwargs)
        except gr.Error:
            raise
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None
        except Exception as error:
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            line = "?" if where is None else f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}"
            # neither the message nor the values: they could hold something of a visitor
            _log.error("%s: %s in %s", function.__name__, type(error).__name__, line)
            raise gr.Error(UNEXPECTED, print_exception=False) from None
        finally:
            tidy()

    return guarded
