"""The sequences on which cameras are measured: each trouble by itself, and several together."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator, default_rng
from scene_stills import DATA
from scene_troubles import Bands, Cloud, Cone, Exposure, Flicker, Lamp, Shimmer, Sway, Trouble
from scene_visitors import Visitor, crossing
from scene_weather import Jitter, Night, Noise, Rain, Snow
from scenes import Scene

__all__ = ["catalogue"]

LARGE, SMALL, TINY = (640, 480), (320, 240), (160, 120)
Size = tuple[int, int]


def catalogue(seed: int = 1) -> list[Scene]:
    """All of them; those on the stills of real clips only where the clips are."""
    here = (DATA / "video" / "highway.avi").exists() and (DATA / "video" / "motorway.avi").exists()
    scenes = [*_quiet(seed), *_wind(seed), *_light(seed), *_weather(seed), *_camera(seed), *_stays(seed)]
    scenes += _together(seed)
    return [scene for scene in scenes if here or scene.still not in {"highway", "motorway"}]


def _several(*makers: Callable[[Size, Generator], Trouble]) -> Callable[[Size, Generator], list[Trouble]]:
    return lambda size, rng: [make(size, rng) for make in makers]


def _walkers(seed: int, name: str, *, y: float = 0.85, shadow: bool = True) -> tuple[Visitor, ...]:
    """A person, then one of other things, large and small; the times and ways come from *seed*."""
    rng = default_rng((seed, sum(name.encode())))
    first = crossing(
        "person", rng.uniform(0.2, 0.35), y, rng.uniform(7, 9), rng.uniform(5, 8), shadow=shadow,
        leftwards=bool(rng.random() < 0.5),
    )  # fmt: skip
    far = bool(rng.random() < 0.5)
    small = crossing(
        "person" if far else "animal", rng.uniform(0.11, 0.15), y - 0.15, rng.uniform(25, 26),
        rng.uniform(7, 8), shadow=shadow, leftwards=bool(rng.random() < 0.5),
    )  # fmt: skip
    return first, small


def _car(seed: int, begin_s: float, y: float = 0.88) -> Visitor:
    rng = default_rng((seed, int(begin_s * 10)))
    return crossing("car", rng.uniform(0.14, 0.24), y, begin_s, rng.uniform(1.8, 4), leftwards=seed % 2 == 0)


def _scene(
    seed: int, name: str, size: Size, still: str, *troubles: Callable[[Size, Generator], Trouble]
) -> Scene:
    return Scene(name, size, still, _walkers(seed, name), _several(*troubles), seed=seed)


def _quiet(seed: int) -> list[Scene]:
    far = (
        crossing("person", 0.1, 0.6, 7, 14, levels=35),
        crossing("animal", 0.075, 0.72, 26, 7, levels=35, leftwards=True),
    )
    faint = crossing("person", 0.28, 0.85, 8, 6, levels=14), crossing("car", 0.2, 0.9, 25, 4, levels=14)
    door = Visitor("person", 0.5, ((8, 0.2, 0.86), (12, 0.45, 0.9), (17, 0.2, 0.86)), seen=(0.26, 1.0))
    fast = _car(seed, 9), _car(seed + 1, 21), crossing("person", 0.75, 1.0, 30, 2.5, leftwards=True)
    return [
        Scene("nothing, street", LARGE, "street", (*_walkers(seed, "nothing"), _car(seed, 18)), seed=seed),
        Scene("nothing, highway", SMALL, "highway", (_car(seed, 9, 0.6), _car(seed + 1, 20)), seed=seed),
        Scene("far and small", LARGE, "street", far, seed=seed),
        Scene("little contrast", SMALL, "yard", faint, seed=seed),
        Scene("fast and near", SMALL, "street", fast, seed=seed),
        Scene("doorway", SMALL, "room", (door,), _several(lambda _, r: Flicker(r, 0.03)), seed=seed),
    ]


def _wind(seed: int) -> list[Scene]:
    half = Scene(
        "waving trees", TINY, "yard", (crossing("person", 0.8, 1.0, 20, 3.5),),
        _several(lambda s, r: Sway(s, r, 6, 1.2, 0.5)), seed=seed,
    )  # fmt: skip
    return [
        _scene(seed, "sway", SMALL, "street", lambda s, r: Sway(s, r, 12, 0.45, 0.6)),
        _scene(seed, "sway, wood", LARGE, "wood", lambda s, r: Sway(s, r, 24, 0.5, 1.0)),
        _scene(seed, "sway, motorway", SMALL, "motorway", lambda s, r: Sway(s, r, 8, 0.4, 0.5)),
        half,
        _scene(seed, "leaf shimmer", SMALL, "yard", lambda s, r: Shimmer(s, r, 0.35, 0.5, 0.7)),
    ]


def _light(seed: int) -> list[Scene]:
    return [
        _scene(seed, "flicker", SMALL, "room", lambda _, r: Flicker(r)),
        _scene(seed, "mains bands", LARGE, "room", Bands),
        _scene(seed, "lamp, all", LARGE, "room", lambda _s, _r: Lamp((4, 17, 21.5), 0.4)),
        _scene(seed, "lamp, cone", SMALL, "yard", lambda s, r: Cone(s, r, (4, 17, 21.5))),
        _scene(seed, "clouds", LARGE, "motorway", Cloud),
        _scene(seed, "clouds, fast", SMALL, "street", lambda s, r: Cloud(s, r, 0.45, 0.15)),
        _scene(seed, "exposure", SMALL, "street", lambda _s, _r: Exposure(((5, 1.3), (18, 0.8), (22, 1.05)))),
    ]


def _weather(seed: int) -> list[Scene]:
    return [
        _scene(seed, "rain", LARGE, "street", Rain),
        _scene(seed, "snow", SMALL, "yard", Snow),
    ]


def _camera(seed: int) -> list[Scene]:
    poor = _scene(seed, "poor H.264", LARGE, "wood", lambda s, r: Noise(s, r, 3))
    jpeg = _scene(seed, "poor MJPEG", SMALL, "street", lambda s, r: Noise(s, r, 3))
    dark = (
        (lambda _s, _r: Night(), lambda s, r: Noise(s, r, 8)),
        (lambda _s, _r: Night(0.5), lambda s, r: Noise(s, r, 12)),
    )
    loud = (lambda _s, _r: Night(0.6), lambda s, r: Noise(s, r, 15))
    return [
        _scene(seed, "night, noise 8", SMALL, "yard", *dark[0]),
        _scene(seed, "night, noise 12", LARGE, "street", *dark[1]),
        _scene(seed, "night, noise 15", SMALL, "street", *loud),
        Scene(poor.name, poor.size, poor.still, poor.visitors, poor.troubles, codec="poor", seed=seed),
        Scene(jpeg.name, jpeg.size, jpeg.still, jpeg.visitors, jpeg.troubles, codec="mjpeg", seed=seed),
        _scene(seed, "shaking pole", SMALL, "street", lambda _, r: Jitter(r, 1.5)),
        _scene(seed, "shaking pole, large", LARGE, "yard", lambda _, r: Jitter(r, 3.0)),
    ]


def _stays(seed: int) -> list[Scene]:
    stop = Visitor("person", 0.3, ((7, -0.1, 0.85), (10, 0.5, 0.85), (30, 0.5, 0.85), (33.5, 1.1, 0.85)))
    car = Visitor("car", 0.22, ((0, 0.4, 0.9), (12, 0.4, 0.9), (15, 1.4, 0.9)), parked=True)
    return [
        Scene("stops for 20 s", LARGE, "street", (stop,), seconds=40, seed=seed),
        Scene("parked car leaves", SMALL, "street", (car, crossing("person", 0.25, 0.8, 26, 6)), seed=seed),
    ]


def _together(seed: int) -> list[Scene]:
    return [
        _scene(
            seed, "sway, clouds, noise", LARGE, "street", lambda s, r: Sway(s, r, 16, 0.4, 0.6),
            lambda s, r: Cloud(s, r, 0.3), lambda s, r: Noise(s, r, 5),
        ),
        _scene(
            seed, "night, rain, lamp", SMALL, "yard", lambda _s, _r: Night(0.5), Rain,
            lambda s, r: Cone(s, r, (4, 18, 22), 0.5), lambda s, r: Noise(s, r, 8),
        ),
        _scene(
            seed, "sway, shimmer, pole", SMALL, "highway", lambda s, r: Sway(s, r, 10, 0.45, 0.5),
            lambda s, r: Shimmer(s, r, 0.25, 0.5, 1.0), lambda _, r: Jitter(r, 1.0),
        ),
        _scene(
            seed, "snow, flicker, night", LARGE, "yard", lambda _s, _r: Night(0.6), Snow,
            lambda _, r: Flicker(r, 0.04), lambda s, r: Noise(s, r, 10),
        ),
    ]  # fmt: skip
