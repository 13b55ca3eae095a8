"""The four games: every answer by hand from the pixels, and one training that shows the point."""

import pytest
import torch

from axialkit.course.term_tasks import (
    ARROWS,
    GAMES,
    KINDS,
    LENGTH,
    LETTERS,
    NO_ANSWER,
    VARIANTS,
    draw_lines,
    train_variant,
)
from axialkit.errors import InputError


def lines(game: str) -> list[tuple[list[list[float]], list[int]]]:
    drawn = draw_lines(game, 20, torch.Generator().manual_seed(3))
    return list(zip(drawn.pixels.tolist(), drawn.answer.tolist(), strict=True))


def number(channels: list[float]) -> int:
    return channels.index(max(channels)) if max(channels) > 0 else NO_ANSWER


def test_what() -> None:
    for pixels, answers in lines("what"):
        kinds = [number(pixel[:KINDS]) for pixel in pixels]
        letters = [number(pixel[KINDS:]) for pixel in pixels]
        assert sorted(kinds) == sorted([*range(KINDS), *range(KINDS)])
        for i, answer in enumerate(answers):
            (other,) = [j for j in range(LENGTH) if kinds[j] == kinds[i] and j != i]
            assert answer == (letters[other] if letters[i] == NO_ANSWER else NO_ANSWER)


def test_there() -> None:
    for pixels, answers in lines("there"):
        for i, answer in enumerate(answers):
            place = i + ARROWS[number(pixels[i][LETTERS:])]
            inside = 0 <= place < LENGTH
            assert answer == (number(pixels[place][:LETTERS]) if inside else NO_ANSWER)


def test_called() -> None:
    asked = 0
    for pixels, answers in lines("called"):
        calls = {
            i + ARROWS[number(pixel[LETTERS:])]: number(pixel[:LETTERS])
            for i, pixel in enumerate(pixels)
            if number(pixel[LETTERS:]) != NO_ANSWER
        }
        assert answers == [calls.get(i, NO_ANSWER) for i in range(LENGTH)]
        asked += len(calls)
    assert asked >= 20


def test_where() -> None:
    for pixels, answers in lines("where"):
        kinds = [number(pixel) for pixel in pixels]
        for i, answer in enumerate(answers):
            (other,) = [j for j in range(LENGTH) if kinds[j] == kinds[i] and j != i]
            far = abs(other - i) > 5
            assert answer == ((0 if far else 1) if other < i else (3 if far else 2))


def test_all_classes_are_asked_for() -> None:
    for game in GAMES:
        answers = draw_lines(game, 200, torch.Generator().manual_seed(0)).answer
        assert set(answers.unique().tolist()) - {NO_ANSWER} == {0, 1, 2, 3}


def test_following_ones_own_arrow_needs_the_query_position() -> None:
    with_all, without = (train_variant("there", v, 200) for v in ("all terms", "no q·r"))
    assert with_all > 0.9 > without + 0.05


def test_the_seed_decides() -> None:
    runs = [train_variant("called", list(VARIANTS)[0], 5, seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_an_unknown_game_is_refused() -> None:
    with pytest.raises(InputError, match='no game "chess". Games: what, there'):
        draw_lines("chess", 1, torch.Generator())
