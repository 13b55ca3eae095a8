"""What a lesson is made of: goals, exercises with their typical mistakes, a quiz, time budgets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Property:
    """Something that must hold for every right answer."""

    claim: str
    """What holds, as a short sentence: printed with a tick when it does."""
    test: Callable[[Function], None]
    """Raises AssertionError, with a message for the learner, when it does not hold."""


@dataclass(frozen=True)
class Mutant:
    """A typical mistake, as a function, so that a check can recognise and name it."""

    name: str
    """Two or three words."""
    function: Function
    """The exercise, solved with this one mistake."""
    says: str
    """What the learner is told: which mistake gives exactly this result."""


def _as_it_is(function: Function) -> Function:
    return function


@dataclass(frozen=True)
class Exercise:
    """A function for the learner to write."""

    key: str
    """Such as "1.2": lesson and number."""
    name: str
    """Name of the function."""
    goal: str
    """Letter of the goal that it proves."""
    solution: Function
    """The package's own version."""
    properties: tuple[Property, ...]
    """Tried in this order; the first that fails is reported."""
    probes: tuple[tuple[Any, ...], ...]
    """Arguments on which the learner's function is compared with the solution and the mutants."""
    mutants: tuple[Mutant, ...]
    """Typical mistakes: each differs from the solution, and from the others, on the probes."""
    hints: tuple[str, str, str]
    """Shape, then idea, then line."""
    shown: tuple[Function, ...] = ()
    """Functions whose source ``solution()`` shows, the solution among them; empty: it alone."""
    observe: Callable[[Function], Function] = _as_it_is
    """What is run on the probes, made of the learner's function: a test, say, passes or fails."""
    adapt: Callable[[Function], Function] | None = None
    """Makes of an answer the function that properties and probes call, if not the answer itself."""

    def called(self, answer: Function) -> Function:
        """Return what properties and probes call, for an answer, the solution or a mistake."""
        return answer if self.adapt is None else self.adapt(answer)


@dataclass(frozen=True)
class Question:
    """One question of the quiz that closes a lesson."""

    text: str
    choices: tuple[str, ...]
    answer: int
    """Index of the right choice."""
    why: str
    """Shown after the answer, right or wrong."""


@dataclass(frozen=True)
class Budget:
    """Measured cost of a heavy cell, in CPU-seconds on one thread."""

    ci: float
    learn: float
    megabytes: int
    """Extra memory at its peak."""
    measured: str
    """Month of the measurement."""


@dataclass(frozen=True)
class Word:
    """A term that a lesson introduces, for its last page and the glossary."""

    name: str
    """As it is written within a sentence: "query", "relative position"."""
    meaning: str
    """One sentence, without the word itself at its start and with a full stop at its end."""
    symbol: str = ""
    """As in the paper, in TeX without dollars: "r^q_{j-i}"."""
    code: str = ""
    """Where the package has it, as a dotted path: "axialkit.attention.positions.look_up"."""


@dataclass(frozen=True)
class Ablation:
    """An experiment whose outcome depends on the seed; ``make bands`` repeats it over seeds."""

    name: str
    run: Callable[[int], dict[str, float]]
    """Takes a seed, runs the form of the profile "learn", returns a number per variant."""
    seeds: tuple[int, ...] = (0, 1, 2)


@dataclass(frozen=True)
class Lesson:
    """One notebook's teaching content."""

    key: str
    """Two digits, such as "01"."""
    title: str
    notebook: str
    """Name of the file in ``notebooks/``."""
    minutes: int
    """What a learner needs, exercises included."""
    goals: dict[str, str]
    """Letter -> what the learner can do afterwards."""
    exercises: tuple[Exercise, ...]
    quiz: tuple[Question, ...]
    words: tuple[Word, ...]
    ablations: tuple[Ablation, ...] = ()
    budgets: dict[str, Budget] = field(default_factory=dict)
    """Name of a heavy cell -> what it costs; "lesson" is the whole notebook."""
