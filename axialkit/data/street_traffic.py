"""What moves or stands free in a street scene: vehicles, people, two-wheelers, poles, trees."""

import numpy as np

from axialkit.data.canvas import Point, Sketch, hull
from axialkit.data.street_furniture import draw_bin, draw_bush, draw_pole, draw_tree
from axialkit.data.street_people import draw_person, draw_two_wheeler
from axialkit.data.street_plan import Plan
from axialkit.data.street_vehicle_frame import BUILDS
from axialkit.data.street_vehicles import draw_vehicle

KIND_SHARES = (
    ("car", 0.68), ("truck", 0.16), ("bus", 0.08), ("trailer", 0.04), ("caravan", 0.04),
)  # fmt: skip


class Traffic:
    """Collects the free objects of a scene and keeps vehicles from standing in one another."""

    def __init__(self, plan: Plan, rng: np.random.RandomState) -> None:
        self.plan, self.rng = plan, rng
        self.sketches: list[Sketch] = []
        self._taken: list[tuple[float, float, float]] = []  # x, near, far
        if plan.special != "":
            self._taken.append((0.0, plan.depth - 2.4, plan.depth + 2.4))

    def is_free(self, x: float, near: float, far: float) -> bool:
        """Claim a piece of road if nothing stands there."""
        wall = self.plan.depth if self.plan.special != "" else -1.0
        for other, a, b in self._taken:
            across = 60.0 if (a + b) / 2 == wall else 2.2
            if abs(other - x) < across and near < b + 0.7 and a < far + 0.7:
                return False
        self._taken.append((x, near, far))
        return True

    def draw_vehicles(self) -> None:
        """Park and drive cars and bigger vehicles, and a tram in the left lane."""
        rng, layout = self.rng, self.plan.layout
        if rng.random_sample() < 0.27:
            self._vehicle(layout.left * 0.72 + 0.72, rng.uniform(10, 26), "train", rear=False)
        for _ in range(rng.randint(self.plan.city.cars[0], self.plan.city.cars[1] + 1)):
            kinds = [kind for kind, _ in KIND_SHARES]
            shares = np.cumsum([share for _, share in KIND_SHARES])
            kind = kinds[int(np.searchsorted(shares, rng.random_sample() * shares[-1]))]
            near = rng.random_sample() < 0.35
            end = self.plan.depth - 6 if self.plan.special != "" else 55.0
            z = rng.uniform(6, 13) if near else rng.uniform(8, end)
            if kind not in ("car", "trailer", "caravan"):
                z += 5
            lane = (0, 0, 1, 1, 2, 3)[rng.randint(6)]
            x = (layout.left + 1.05, layout.right - 1.05, layout.left / 2, layout.right / 2)[lane]
            if lane < 2 and kind in ("truck", "bus"):
                x *= 0.85
            self._vehicle(x + rng.uniform(-0.2, 0.2), z, kind, rear=x > 0)

    def park_cars(self) -> None:
        """Park a row of cars along the kerb of some streets."""
        rng, layout = self.rng, self.plan.layout
        for side in (-1, 1):
            if rng.random_sample() < 0.65:
                continue
            z = rng.uniform(8, 12)
            while z < 48:
                if rng.random_sample() < 0.7:
                    x = layout.edge(side) - side * rng.uniform(0.95, 1.1)
                    self._vehicle(x, z, "car", rear=side > 0)
                z += rng.uniform(5.2, 7)

    def _vehicle(self, x: float, z: float, kind: str, *, rear: bool) -> None:
        plan = self.plan
        if not self.is_free(x, z, z + BUILDS[kind].length):
            return
        ground = plan.layout.road
        sketch = draw_vehicle(
            plan.view, plan.light, (x, z), kind, self.rng, rear=rear, ground=ground
        )
        self.sketches.append(sketch)

    def draw_people(self) -> None:
        """Put people on the pavements, alone or in pairs, and some on the road."""
        rng, layout = self.rng, self.plan.layout
        for _ in range(rng.randint(self.plan.city.people[0], self.plan.city.people[1] + 1)):
            side = 1 if rng.randint(2) else -1
            x = layout.edge(side) + side * rng.uniform(0.4, layout.walk)
            z = rng.uniform(6.5, 36) if rng.random_sample() < 0.85 else rng.uniform(5, 7)
            self._person(x, z)
            if rng.random_sample() < 0.35:
                self._person(x + rng.uniform(0.5, 0.85), z + rng.uniform(-0.3, 0.3))
        if rng.random_sample() < 0.3:
            self._person(rng.uniform(layout.left, layout.right), rng.uniform(8, 26))

    def _person(self, x: float, z: float) -> None:
        plan = self.plan
        ground = plan.layout.paving
        self.sketches.append(draw_person(plan.view, plan.light, (x, z), ground, self.rng))

    def draw_two_wheelers(self) -> None:
        """Draw bicycles and motorcycles: ridden on the road, parked on the pavement."""
        rng, plan, layout = self.rng, self.plan, self.plan.layout
        for _ in range(rng.randint(0, 4)):
            kind = "bicycle" if rng.random_sample() < 0.54 else "motorcycle"
            ridden = bool(rng.random_sample() < 0.6)
            side = 1 if rng.randint(2) else -1
            x = rng.uniform(layout.left + 0.6, layout.right - 0.6)
            if not ridden:
                x = layout.edge(side) + side * 0.7
            z = rng.uniform(6, 24)
            if self.is_free(x, z - 0.4, z + 0.4):
                bike = draw_two_wheeler(
                    plan.view, plan.light, (x, z), kind, layout.road, rng, ridden=ridden
                )
                self.sketches.append(bike)

    def draw_furniture(self) -> None:
        """Plant street trees, set up poles, lights, signs and bins."""
        rng, plan, layout = self.rng, self.plan, self.plan.layout
        for _ in range(rng.randint(plan.city.trees[0], plan.city.trees[1] + 1)):
            x, z = self._spot(0.5, layout.walk, (7.0, 45.0))
            self.sketches.append(draw_tree(plan.view, plan.light, (x, z), layout.paving, rng))
        for _ in range(rng.randint(2, 6)):
            what = ("lamp", "light", "sign", "sign", "light", "post")[rng.randint(6)]
            place = self._spot(0.2, 0.7, (6.0, 40.0))
            self.sketches.append(draw_pole(plan.view, plan.light, place, what, rng))
        if rng.random_sample() < 0.3:
            place = self._spot(0.6, 1.0, (6.0, 15.0))
            self.sketches.append(draw_bin(plan.view, plan.light, place, layout.paving, rng))
        for _ in range(rng.randint(0, 3)):
            place = self._spot(layout.walk, layout.walk + 0.6, (6.0, 30.0))
            self.sketches.append(draw_bush(plan.view, plan.light, place, rng))

    def _spot(self, inner: float, outer: float, depths: tuple[float, float]) -> tuple[float, float]:
        side = 1 if self.rng.randint(2) else -1
        x = self.plan.layout.edge(side) + side * self.rng.uniform(inner, outer)
        return (x, self.rng.uniform(*depths))

    def draw_crowd(self) -> None:
        """Draw a group too far away to be told apart: one region for many things."""
        rng, plan = self.rng, self.plan
        if rng.random_sample() > 0.25:
            return
        side = 1 if rng.randint(2) else -1
        kind = ("person", "person", "car", "bicycle")[rng.randint(4)]
        x, z = plan.layout.edge(side) + side * 1.4, rng.uniform(30, 48)
        group = Sketch(plan.view, plan.light, z)
        corners: list[Point] = []
        for i in range(rng.randint(4, 8)):
            spot = (x + side * i * (1.1 if kind == "car" else 0.45), z)
            member = self._member(kind, spot)
            group.strokes += member.strokes
            corners += [point for polygon in member.polygons for point in polygon.points]
        if len(set(corners)) > 2:
            group.label(f"{kind}group", [(a + 0.5, b + 0.5) for a, b in hull(corners)])
            self.sketches.append(group)

    def _member(self, kind: str, spot: tuple[float, float]) -> Sketch:
        view, light, ground = self.plan.view, self.plan.light, self.plan.layout.paving
        if kind == "person":
            return draw_person(view, light, spot, ground, self.rng)
        if kind == "bicycle":
            return draw_two_wheeler(view, light, spot, kind, ground, self.rng, ridden=False)
        return draw_vehicle(view, light, spot, kind, self.rng, rear=True, ground=ground)


def draw_traffic(plan: Plan, rng: np.random.RandomState) -> list[Sketch]:
    """Draw all free objects of a scene, in no order."""
    traffic = Traffic(plan, rng)
    traffic.draw_two_wheelers()
    traffic.draw_vehicles()
    traffic.park_cars()
    traffic.draw_people()
    traffic.draw_furniture()
    traffic.draw_crowd()
    return traffic.sketches
