import os
import signal

import pytest

from axialkit.data.parallel import map_parallel
from axialkit.errors import InputError


def square(number: int) -> int:
    return number * number


def refuse_seven(number: int) -> int:
    if number == 7:
        raise InputError("seven is refused")
    return number


def die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers):
    assert map_parallel(square, range(40), workers=workers) == [n * n for n in range(40)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller(workers):
    with pytest.raises(InputError, match="seven is refused"):
        map_parallel(refuse_seven, range(40), workers=workers)


def test_a_killed_worker_is_a_sentence():
    with pytest.raises(InputError, match="working process was killed"):
        map_parallel(die_at_seven, range(40), workers=2)


def test_no_items():
    assert map_parallel(square, [], workers=2) == []
