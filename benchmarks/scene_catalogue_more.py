"""More sequences on which cameras are measured: ways, forms, light and wind that the first ones lack."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.random import Generator, default_rng
from scene_actors import BROAD, Role, Spot, Thing
from scene_backdrops import FILM_SIZE, Film, Plaster, Wall
from scene_lamps import Beat, Headlights, Pool
from scene_leaves import Branch, Grass, Gust
from scene_lens import Clock, Drops, Grain
from scene_stage import Stage
from scene_stills import DATA
from scene_troubles import Cloud, Exposure, Lamp, Sway, Trouble
from scene_weather import Night, Rain

__all__ = ["more"]

HD, LARGE, SMALL, TINY = (1280, 720), (640, 480), (320, 240), (160, 120)
DARK = 0.35
Size = tuple[int, int]
Maker = Callable[[Size, Generator], Trouble]


def more(seed: int = 1) -> list[Stage]:
    """All of them; those on real clips only where the clips are."""
    here = (DATA / "video" / "highway.avi").exists() and (DATA / "video" / "motorway.avi").exists()
    stages = [*_ways(seed), *_plain_by_night(seed), *_lamps(seed), *_leaves(seed), *_cameras(seed)]
    return [stage for stage in stages if here or stage.still not in {"highway", "motorway"}]


def _stage(
    seed: int,
    name: str,
    size: Size,
    still: str,
    roles: Sequence[Role],
    *makers: Maker,
    fps: int = 25,
    seconds: float = 35.0,
) -> Stage:
    def troubles(shape: Size, rng: Generator) -> list[Trouble]:
        return [make(shape, rng) for make in makers]

    return Stage(name, size, still, (), troubles, seconds, seed=seed, roles=tuple(roles), fps=fps)


def _across(  # noqa: PLR0917 (read like a sentence)
    thing: Thing,
    height: float,
    y: float,
    begin_s: float,
    seconds: float,
    levels: float | None = None,
    *,
    leftwards: bool = False,
) -> Role:
    outside = 0.6 * height * BROAD[thing]
    ends = (1 + outside, -outside) if leftwards else (-outside, 1 + outside)
    way = Spot(begin_s, ends[0], y, height), Spot(begin_s + seconds, ends[1], y, height)
    return Role(thing, way, levels)


def _walker(seed: int, begin_s: float, *, height: float = 0.3, levels: float | None = None) -> Role:
    """A person; its way comes from *seed* and *begin_s*."""
    rng = default_rng((seed, round(begin_s * 10)))
    y, leftwards = rng.uniform(0.82, 0.9), bool(rng.random() < 0.5)
    return _across("person", height, y, begin_s, rng.uniform(6.5, 8.5), levels, leftwards=leftwards)


def _ways(seed: int) -> list[Stage]:
    shift = default_rng((seed, 1)).uniform(-0.06, 0.06)
    middle = 0.45 + shift
    comes = Role("person", (Spot(6, middle, 0.56, 0.07), Spot(15, middle + 0.05, 1.95, 0.95)))
    ball = (Spot(24, 0.5, 0.62, 0.04), Spot(29, 0.52, 0.8, 0.34), Spot(31, 1.4, 0.8, 0.34))
    fast = Role("person", (Spot(6, middle, 0.76, 0.12), Spot(10, middle, 2.1, 1.1)), -50)
    box = (Spot(23, 0.6, 0.6, 0.04), Spot(26, 0.5, 0.8, 0.35), Spot(27, -0.4, 0.8, 0.35))
    goes = Role("person", (Spot(6, 0.7, 1.85, 0.85), Spot(15, 0.66, 0.42, 0.06)))
    near = (Spot(6, middle, 0.6, 0.07), Spot(10.5, middle, 1.0, 0.6), Spot(15, middle, 0.6, 0.07))
    rolls = (Spot(24, 0.55, 0.7, 0.04), Spot(27, 0.5, 0.85, 0.35), Spot(30, 0.55, 0.7, 0.04))
    return [
        _stage(seed, "towards the camera", LARGE, "yard", [comes, Role("ball", ball, 50)]),
        _stage(seed, "towards, fast", SMALL, "room", [fast, Role("box", box, -45)], fps=15),
        _stage(seed, "away from it", LARGE, "motorway", [goes]),
        _stage(seed, "near and back", SMALL, "yard", [Role("person", near), Role("ball", rolls, 60)]),
        *_turns(seed, shift),
    ]


def _turns(seed: int, shift: float) -> list[Stage]:
    half, y = 0.5 + shift, 0.85
    turns = [Spot(t, x, y, 0.3) for t, x in ((6, -0.2), (9.6, half), (10.2, half), (14, -0.2))]
    back = [Spot(t, x, 0.7, 0.12) for t, x in ((24, 1.1), (26, 0.6), (26.3, 0.6), (28, 1.1))]
    halts = [Spot(t, x, y, 0.35) for t, x in ((6, -0.2), (8.7, half), (12.3, half), (15, 1.2))]
    goes_on = [Spot(t, x, 0.9, 0.15) for t, x in ((25, 1.2), (27, half), (29, half), (31, -0.2))]
    falls = Spot(6, 0.4 + shift, 0.0, 0.16), Spot(8.5, 0.42 + shift, 1.2, 0.16)
    steps_out = Spot(20, 0.39, y, 0.4), Spot(26, 1.3, y, 0.4)
    slow = [
        _across("person", 0.17, 0.7, 7, 15, -25),
        _across("animal", 0.08, 0.8, 27, 10, 30, leftwards=True),
    ]
    return [
        _stage(
            seed, "turns round", SMALL, "street",
            [Role("person", tuple(turns)), Role("box", tuple(back), -40)], fps=15,
        ),
        _stage(
            seed, "stop and go", SMALL, "yard",
            [Role("person", tuple(halts)), Role("animal", tuple(goes_on))],
        ),
        _stage(
            seed, "from above, from a wall", SMALL, "street",
            [Role("ball", falls, -60), Role("person", steps_out, seen=(0.48, 1.0))],
            lambda s, r: Wall(s, r, (0.3, 0.48)),
        ),
        _stage(seed, "slow and small", LARGE, "street", slow, seconds=40),
    ]  # fmt: skip


def _plain_by_night(seed: int) -> list[Stage]:
    """Sigma and blur of the grain, levels and height of a ball and a box, on a bare wall or a street."""
    rows: list[tuple[Size, float, float, float, float, bool]] = [
        (SMALL, 5, 0, 12, 0.14, True),
        (LARGE, 10, 0, 14, 0.14, False),
        (SMALL, 10, 0.7, 26, 0.16, False),
        (SMALL, 15, 0, 20, 0.2, True),
        (LARGE, 15, 0.8, 28, 0.18, True),
        (LARGE, 20, 0, 22, 0.2, False),
        (TINY, 10, 0, 18, 0.24, True),
        (HD, 8, 0.7, 22, 0.12, True),
    ]
    return [_plain(seed, *row) for row in rows]


def _plain(  # noqa: PLR0917 (a row of the table above)
    seed: int, size: Size, sigma: float, blur: float, levels: float, height: float, bare: bool
) -> Stage:
    day, leftwards = levels / DARK, seed % 2 == 0
    y = default_rng((seed, round(sigma), size[0])).uniform(0.5, 0.62)
    roles = [
        _across("ball", height, y, 7, 5, day, leftwards=leftwards),
        _across("box", height, y, 19, 6, day if leftwards else -day, leftwards=not leftwards),
    ]
    name = f"plain, night, {'soft' if blur else 'white'} {sigma:.0f}, {size[0]}x{size[1]}"
    makers: list[Maker] = [Plaster] if bare else []
    makers += [lambda _s, _r: Night(DARK), lambda s, r: Grain(s, r, sigma, blur)]
    fps = 15 if (size, blur) == (SMALL, 0.7) else 25
    return _stage(seed, name, size, "street", roles, *makers, seconds=28, fps=fps)


def _lamps(seed: int) -> list[Stage]:
    rng = default_rng((seed, 2))
    x, y = rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.55)
    night: list[Maker] = [lambda _s, _r: Night(DARK)]
    grain: list[Maker] = [lambda s, r: Grain(s, r, 3, 0.6)]
    wall: list[Maker] = [
        lambda s, _: Pool(s, (x, y), 0.4, (7, 13)), lambda s, _: Pool(s, (1 - x, 0.6), 0.2, (19, 24), 1.8),
    ]  # fmt: skip
    garden: list[Maker] = [
        lambda s, r: Sway(s, r, 2, 0.5, 0.8), *night,
        lambda s, _: Pool(s, (x, y), 0.3, (6, 12), 2.8), lambda s, _: Pool(s, (0.8, 0.5), 0.35, (18, 24)),
    ]  # fmt: skip
    sweeps: list[Maker] = [lambda s, r: Headlights(s, r, (6, 13.5, 30)), *grain]
    later = _walker(seed, 27, height=0.4, levels=25 / DARK)
    steps_in = _walker(seed, 8, height=0.4, levels=25 / DARK)
    between = _across("person", 0.4, 0.85, 18, 8, 25 / DARK, leftwards=seed % 2 == 1)
    return [
        _stage(seed, "lamps on a bare wall", SMALL, "room", [later], Plaster, *night, *wall, *grain),
        _stage(seed, "lamps in a garden", LARGE, "yard", [later], *garden, *grain),
        _stage(
            seed, "porch lamp", LARGE, "yard", [steps_in], *night,
            lambda s, _: Pool(s, (0.7, 0.4), 0.3, (9.2, 22), 2.6), *grain,
        ),
        _stage(seed, "headlights", SMALL, "room", [between], Plaster, *night, *sweeps),
    ]  # fmt: skip


def _leaves(seed: int) -> list[Stage]:
    late = [_walker(seed, 29)]
    two = [_walker(seed, 9), _walker(seed, 25, height=0.2)]
    return [
        _stage(
            seed, "gust after calm", SMALL, "yard", late, lambda s, r: Gust(s, r, (5, 0.5, 0.8)), seconds=40
        ),
        _stage(
            seed, "breeze after calm", LARGE, "wood", late, lambda s, r: Gust(s, r, (2, 0.5, 1)), seconds=40
        ),
        _stage(seed, "grass", SMALL, "yard", two, Grass),
        _stage(seed, "branch before the lens", SMALL, "street", two, Branch),
        _stage(seed, "leaves, filmed", FILM_SIZE, "highway", [], lambda _s, _r: Film(), seconds=40),
    ]


def _cameras(seed: int) -> list[Stage]:
    two = [_walker(seed, 9), _walker(seed, 24.5, height=0.2)]
    lamp: list[Maker] = [
        lambda _s, _r: Lamp((-1, 9, 28), 0.6), lambda _s, _r: Exposure(((9.3, 0.7), (28.3, 1.0)), 1.2),
    ]  # fmt: skip
    under = [_walker(seed, 10), _across("ball", 0.12, 0.8, 28, 5, 50, leftwards=seed % 2 == 0)]
    weak = [_across("box", 0.11, 0.65, 8, 6, 30), _walker(seed, 24, height=0.35)]
    return [
        _stage(seed, "clouds over a walker", LARGE, "motorway", under, lambda s, r: Cloud(s, r, 0.4, 0.12)),
        _stage(seed, "drops on the lens", SMALL, "street", two, lambda s, r: Rain(s, r, 25), Drops),
        _stage(seed, "lamp, then exposure", SMALL, "room", [_walker(seed, 16, height=0.45)], *lamp),
        _stage(seed, "clock in the picture", SMALL, "street", two, lambda _s, _r: Clock()),
        _stage(seed, "flicker, 8 Hz", SMALL, "room", weak, Plaster, lambda _s, _r: Beat(0.02, 8)),
    ]
