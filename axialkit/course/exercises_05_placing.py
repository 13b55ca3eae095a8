"""Lesson 05, exercise 5.4, where to attend: what must hold, typical mistakes, hints."""

from collections.abc import Sequence
from itertools import combinations

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.placement import Part, place_axial, placement_cost

_BASE = (  # as in a slim network, in billions: attention is dear where the map is large
    Part("stage 2", 3, 34, 410),
    Part("stage 3", 4, 43, 190),
    Part("stage 4, block 1", 1, 16, 59),
    Part("stage 4, the rest", 5, 47, 103),
    Part("stage 5", 3, 125, 237),
)
_WIDE = (  # as in a wide one: here and there attention is cheaper than convolutions
    Part("b", 4, 90, 52),
    Part("a", 2, 30, 50),
    Part("d", 3, 60, 95),
    Part("c", 3, 40, 70),
)
_NEAR = (Part("near", 2, 10, 40), Part("far", 2, 10, 30), Part("last", 1, 5, 50))
_TWINS = (Part("left", 2, 10, 40), Part("right", 2, 10, 40), Part("last", 1, 5, 50))


def _chosen(place: Function, parts: Sequence[Part], budget: int) -> list[str]:
    got = place(parts, budget)
    assert isinstance(got, list | tuple), (
        f"expected a list of names, got {type(got).__name__} {got!r}"
    )
    names = [part.name for part in parts]
    for name in got:
        assert name in names, f"{name!r} is no part. Parts: {', '.join(names)}"
    expected = [name for name in names if name in got]
    assert list(got) == expected, f"list every name once, in the order of the parts: {expected}"
    return list(got)


def _blocks(parts: Sequence[Part], names: Sequence[str]) -> int:
    return sum(part.blocks for part in parts if part.name in names)


def _prices(parts: Sequence[Part]) -> list[int]:
    """Return what every choice costs, and one less: the budgets at which something changes."""
    names = [[p.name for p in c] for n in range(len(parts) + 1) for c in combinations(parts, n)]
    costs = {placement_cost(parts, chosen) for chosen in names}
    least = sum(min(part.conv, part.axial) for part in parts)
    return sorted(price for cost in costs for price in (cost - 1, cost) if price >= least)


def _keeps_the_budget(place: Function) -> None:
    for parts in (_BASE, _WIDE):
        for budget in _prices(parts):
            names = _chosen(place, parts, budget)
            cost = placement_cost(parts, names)
            assert cost <= budget, (
                f"with {_told(names)} attending, the network costs {cost}, the budget is "
                f"{budget} (parts that do not attend cost their conv).{_cheap(parts, names)} "
                f"{_listed(parts)}"
            )


def _nothing_and_everything(place: Function) -> None:
    budget = sum(part.conv for part in _BASE)
    got = _chosen(place, _BASE, budget)
    assert got == [], (
        f"the budget, {budget}, is just enough for convolutions, yet you choose {_told(got)}"
    )
    budget = sum(part.axial for part in _BASE)
    got = _chosen(place, _BASE, budget)
    assert len(got) == 5, (
        f"the budget, {budget}, is exactly enough for all five parts, and it may be spent to the "
        f"end; you choose {_told(got)}"
    )


def _as_many_as_possible(place: Function) -> None:
    cases = [(parts, price) for parts in (_BASE, _WIDE) for price in _prices(parts)]
    for parts, budget in cases:
        got = _chosen(place, parts, budget)
        best = _blocks(parts, place_axial(parts, budget))
        exactly = placement_cost(parts, place_axial(parts, budget)) == budget
        assert _blocks(parts, got) == best, (
            f"for a budget of {budget} you let {_counted(parts, got)} ({_told(got)}); {best} can"
            f"{', for exactly the budget' if exactly else ''}. {_listed(parts)}"
        )


def _cheapest(place: Function) -> None:
    """Of choices of equally many blocks and equal price, each is right."""
    budgets = [(parts, price) for parts in (_BASE, _WIDE) for price in _prices(parts)]
    for parts, budget in ((_NEAR, 60), (_NEAR[::-1], 60), (_TWINS, 60), *budgets):
        got, best = _chosen(place, parts, budget), place_axial(parts, budget)
        yours, least = placement_cost(parts, got), placement_cost(parts, best)
        assert yours == least, (
            f"for a budget of {budget} you let {_counted(parts, got)} ({_told(got)}), for {yours}. "
            f"As many can for {least}: {_told(best)}. {_listed(parts)}"
        )


def _cheap(parts: Sequence[Part], names: Sequence[str]) -> str:
    """Point at parts that would be cheaper if they attended."""
    dear = [p.name for p in parts if p.axial < p.conv and p.name not in names]
    return f" To attend may be the cheaper form: look at {_told(dear)}." if dear else ""


def _counted(parts: Sequence[Part], names: Sequence[str]) -> str:
    number = _blocks(parts, names)
    return f"{number} {'block' if number == 1 else 'blocks'} attend"


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "nobody"


def _listed(parts: Sequence[Part]) -> str:
    """Show the parts in one line."""
    each = "; ".join(f"{p.name!r} {p.blocks}, {p.conv}, {p.axial}" for p in parts)
    return f"The parts (name, blocks, conv, axial): {each}"


def _in_order(parts: Sequence[Part], budget: int, order: Sequence[Part]) -> list[str]:
    """Take part after part while the budget lasts."""
    names: list[str] = []
    for part in order:
        if placement_cost(parts, [*names, part.name]) <= budget:
            names.append(part.name)
    return [part.name for part in parts if part.name in names]


def _best(parts: Sequence[Part], budget: int, *, strict: bool = False,
          only_axial: bool = False, dear: bool = False) -> list[str]:  # fmt: skip
    """Try all choices under a rule with one mistake in it."""
    found = []
    for count in range(len(parts) + 1):
        for chosen in combinations(parts, count):
            names = [part.name for part in chosen]
            cost = placement_cost(parts, names)
            bill = sum(part.axial for part in chosen) if only_axial else cost
            if bill < budget or (bill == budget and not strict):
                value = _blocks(parts, names)
                found.append(((value, cost if dear else -cost), names))
    return max(found, key=lambda entry: entry[0])[1] if found else []


PLACE_AXIAL = Exercise(
    key="5.4",
    name="place_axial",
    goal="D",
    solution=place_axial,
    properties=(
        Property("the budget is kept", _keeps_the_budget),
        Property("nobody or everybody, where the budget says so", _nothing_and_everything),
        Property("as many blocks attend as can", _as_many_as_possible),
        Property("of equally good choices, the cheapest", _cheapest),
    ),
    probes=(
        (_BASE, 433),
        (_BASE, 480),
        (_BASE, 520),
        (_BASE, 265),
        (_BASE, 999),
        (_WIDE, 220),
        (_WIDE, 260),
        (_NEAR, 60),
    ),
    mutants=(
        Mutant(
            "deepest first",
            lambda parts, budget: _in_order(parts, budget, parts[::-1]),
            "the deepest parts are taken first, until the money is gone. Another choice may hold "
            "more blocks: try them all.",
        ),
        Mutant(
            "cheapest first",
            lambda parts, budget: _in_order(
                parts, budget, sorted(parts, key=lambda part: part.axial - part.conv)
            ),
            "the parts are taken by their extra cost, smallest first: that finds as many parts as "
            "possible. But parts hold different numbers of blocks: try all choices.",
        ),
        Mutant(
            "best value first",
            lambda parts, budget: _in_order(
                parts, budget, sorted(parts, key=lambda p: (p.axial - p.conv) / p.blocks)
            ),
            "the parts are taken by extra cost per block. That comes close, but leaves change "
            "over: there are only 2 to the power of 5 choices, try them all.",
        ),
        Mutant(
            "convolutions are free",
            lambda parts, budget: _best(parts, budget, only_axial=True),
            "only the attending parts are paid for. The others still cost their conv.",
        ),
        Mutant(
            "below the budget",
            lambda parts, budget: _best(parts, budget, strict=True),
            "a choice that costs exactly the budget is thrown away: it may be spent to the end.",
        ),
        Mutant(
            "dearest of the best",
            lambda parts, budget: _best(parts, budget, dear=True),
            "of two choices with as many blocks, the dearer one is taken.",
        ),
        Mutant(
            "no budget",
            lambda parts, budget: [part.name for part in parts],
            "everybody attends, whatever it costs.",
        ),
    ),
    hints=(
        "a list of names, in the order of the parts; an empty one if nobody can attend.",
        "with n parts there are 2 to the power of n choices: try them all, throw away what is too "
        "dear, keep the one with most blocks, and of these the cheapest.",
        "for count in range(len(parts) + 1): for chosen in itertools.combinations(parts, count): "
        "then cost = sum(p.axial if p in chosen else p.conv for p in parts).",
    ),
)
