"""Lesson 05's figure of two orders of hops over seeds: a difference, and what becomes of it."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.course.bands import Band
from axialkit.course.key_task import train_net
from axialkit.course.palette import BLACK, BLUE, LINE, ORANGE

ORDERS = {"HW": "H, then W", "WH": "W, then H"}
SHORT, LONG = 60, 150  # steps: in the middle of learning, and done
_SIGNS = {"HW": ("o", BLUE), "WH": ("s", ORANGE)}
_HIGHEST = 42  # points that the figure has room for


def train_orders(steps: int, seed: int) -> dict[str, float]:
    """Train both orders of hops on the key task; return their shares of right answers."""
    return {order: train_net(order, steps, seed).accuracy for order in ORDERS}


def train_short(seed: int) -> dict[str, float]:
    """Train both orders until they are in the middle of learning."""
    return train_orders(SHORT, seed)


def train_long(seed: int) -> dict[str, float]:
    """Train both orders until they are done."""
    return train_orders(LONG, seed)


def leader(shares: dict[str, float]) -> str:
    """Say which order is ahead, and by how much: "H, then W leads by 12 points"."""
    points = round(100 * (shares["HW"] - shares["WH"]))
    if points == 0:
        return "both are level"
    return f"{ORDERS['HW' if points > 0 else 'WH']} leads by {abs(points)} points"


def leads(stored: Band) -> list[float]:
    """Return, for every seed, by how many points H, then W is ahead; below 0 it is behind."""
    pairs = zip(stored.values["HW"], stored.values["WH"], strict=True)
    return [100 * (hw - wh) for hw, wh in pairs]


def mean_lead(stored: Band) -> tuple[float, float]:
    """Return the mean lead of H, then W, and its standard error, in points."""
    points = leads(stored)
    mean = sum(points) / len(points)
    variance = sum((lead - mean) ** 2 for lead in points) / (len(points) - 1)
    return mean, (variance / len(points)) ** 0.5


def tell_leads(stored: Band) -> str:
    """Say how many seeds speak for H, then W, and what the mean is."""
    wins, (mean, error) = sum(lead > 0 for lead in leads(stored)), mean_lead(stored)
    return (
        f"H, then W leads in {wins} of {len(stored.seeds)} seeds; "
        f"mean lead {mean:+.1f} points, standard error {error:.1f}"
    )


def draw_leads(short: Band, long: Band) -> Figure:
    """Draw the lead of H, then W for every seed, after few and after many steps."""
    figure = Figure(figsize=(12, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(4, 1))
    for axes, stored, steps in ((left, short, SHORT), (right, long, LONG)):
        _draw_leads(axes, stored)
        axes.set_title(f"after {steps} steps")
    left.set_title(f"the key task of lesson 01, after {SHORT} steps")
    left.set_ylabel("lead of H, then W\n(points of 100)")
    mean, error = mean_lead(short)
    left.axhline(mean, color=BLACK, lw=1.6, ls="--", label=f"mean lead: {mean:+.1f} points")
    words = f"mean ± two standard errors: {mean - 2 * error:+.1f} to {mean + 2 * error:+.1f}"
    left.axhspan(mean - 2 * error, mean + 2 * error, color=LINE, alpha=0.5, zorder=0, label=words)
    handles, _ = left.get_legend_handles_labels()
    figure.legend(handles=handles, loc="outside lower center", frameon=False, ncols=2, fontsize=11)
    return figure


def describe_leads(short: Band, long: Band) -> str:
    """Say in words what ``draw_leads`` shows."""
    each = ", ".join(f"{lead:+.0f}" for lead in leads(short))
    most = max(abs(lead) for lead in leads(long))
    return (
        f"Dots for the lead of H, then W, in points, seed by seed. After {SHORT} steps: {each}. "
        f"{tell_leads(short)}. After {LONG} steps none is more than {most:.1f} points from zero."
    )


def _draw_leads(axes: Axes, stored: Band) -> None:
    points = leads(stored)
    axes.axhline(0, color=BLACK, lw=1.2)
    for order, sign in (("HW", 1), ("WH", -1)):
        marker, color = _SIGNS[order]
        chosen = [
            (seed, lead) for seed, lead in zip(stored.seeds, points, strict=True)
            if (lead > 0) == (sign > 0)
        ]  # fmt: skip
        axes.plot(
            [seed for seed, _ in chosen], [lead for _, lead in chosen], marker, ms=9.5,
            color=color, mec=BLACK, mew=0.8, label=f"{ORDERS[order]} is ahead",
        )  # fmt: skip
        axes.vlines([seed for seed, _ in chosen], 0, [lead for _, lead in chosen], color, lw=1.5)
    ends = (stored.seeds[0] - 0.6, stored.seeds[-1] + 0.6)
    axes.set(xlabel="seed", xticks=stored.seeds, xlim=ends, ylim=(-_HIGHEST, _HIGHEST))
