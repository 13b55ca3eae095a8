"""``axialkit bench demo``: the web page under load."""

from dataclasses import dataclass
from typing import Any

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.errors import InputError
from axialkit.files import write_json


@dataclass(frozen=True)
class DemoArguments:
    """Let many clients ask the web page at once; tell its times, and its memory after each round.

    The page runs in a process of its own. Requests are mixed: streets, segmentations, attention,
    comparisons, scores. A client asks one after the other; seconds run from sending to the answer.

    Examples:
      axialkit bench demo
      axialkit bench demo --clients 5 --rounds 2 --json demo.json

    Needs the extra "demo": pip install -e ".[demo]"
    """

    clients: int = 20
    """How many at once."""
    requests: int = 10
    """Of each client in a round."""
    rounds: int = 5
    """How often all of that."""
    weights: str = "tiny"
    """As for axialkit demo."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""

    def __post_init__(self) -> None:
        """Reject a load of nothing."""
        for name in ("clients", "requests", "rounds"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name} must be at least 1, got {getattr(self, name)}.")


def demo_command(argv: list[str]) -> int:
    """Measure, print and write; 1 if a request failed."""
    arguments = parse(DemoArguments, argv, "bench demo")
    from axialkit.bench.demo import bench_demo
    from axialkit.bench.timing import default_device, describe_machine

    machine = describe_machine(default_device())
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    try:
        found = bench_demo(
            arguments.clients, arguments.requests, arguments.rounds, arguments.weights
        )
    except RuntimeError as error:
        raise InputError(str(error)) from error
    _print(found)
    if arguments.json is not None:
        write_json(arguments.json, {**found, "machine": machine})
        print(f"Written: {arguments.json}")
    return 1 if found["errors"] else 0


def _print(found: dict[str, Any]) -> None:
    rows = [
        [name, one["answered"], f"{one['median']:.2f}", f"{one['p95']:.2f}"]
        for name, one in (*found["kinds"].items(), ("all", found["all"]))
    ]
    print(table(["request", "answered", "median s", "95 % within s"], rows))
    print(
        f"{found['requests']} requests of {found['clients']} clients in {found['seconds']:.0f} s: "
        f"{found['busy']} told to come back later, {len(found['errors'])} failed. "
        f"The first answer took {found['first_answer_seconds']:.2f} s."
    )
    memory = " ".join(f"{size:.0f}" for size in found["memory_mb"])
    print(f"Memory of the server in MB, before and after each round: {memory}")
    for error in found["errors"][:5]:
        print(f"  {error}")
