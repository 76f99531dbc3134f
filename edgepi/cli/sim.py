"""``edgepi sim``: runs a node in a simulated world, and talks to a world that runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepi.cli.output import paint, print_json, print_table
from edgepi.cli.paths import SIMULATED, add_config_argument, cache_dir, listens, state_dir
from edgepi.errors import RequestError, WorldError
from edgepi.hardware.channel import BlockingChannel
from edgepi.sim.kinds import FAULTS

if TYPE_CHECKING:
    from edgepi.sim.harness import Beside, Harness
    from edgepi.sim.simulation import Simulation

__all__ = ["add_arguments", "run"]

DAY_S = 86400.0
Say = Callable[[str], None]
HOUR_S = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_config_argument(parser)
    parser.add_argument("--rate", type=float, default=60.0, help="world seconds per second (60)")
    parser.add_argument("--fresh", action="store_true", help="begin a new world instead of going on")
    parser.add_argument("--days", type=float, metavar="N", help="stop after N days of the world")
    parser.add_argument("--soc", type=_percent, metavar="PERCENT", help="charge of a new battery (55)")
    parser.add_argument("--start", type=_moment, metavar="TIME", help="when a new world begins, ISO 8601")
    parser.add_argument("--power-board", metavar="NAME", help="what switches a new node's power (wittypi4)")
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic rain (1)")
    parser.add_argument(
        "--no-network-time",
        action="store_true",
        help="let the node's clock start where it stopped, as a Pi's does without a network",
    )
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="COMMAND",
        help="also run `edgepi COMMAND` on another machine of the world, such as a local chain",
    )
    parser.add_argument(
        "--engine", metavar="URL", help="container engine on which a cut ends the node's jobs"
    )
    _common(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="talk to a running world")
    _common(actions.add_parser("status", help="say what is true in the world"))
    rate = actions.add_parser("rate", help="change how fast the world goes")
    rate.add_argument("new_rate", type=float, metavar="RATE")
    _common(rate)
    fault = actions.add_parser("fault", help="break something, or mend it with --off or `clear`")
    fault.add_argument("kind", choices=tuple(FAULTS))
    fault.add_argument("address", nargs="?", type=lambda text: int(text, 0), default=0)
    fault.add_argument("--count", type=int, default=1, help="of transactions, writes or alarms")
    length = fault.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=0.0, help="how long, or how far a clock is off")
    length.add_argument("--hours", type=float, default=0.0, help="the same in hours")
    fault.add_argument("--process", default="", help="for process: the command line to pretend")
    fault.add_argument("--off", action="store_true", help="switch the fault off")
    _common(fault)
    step = actions.add_parser("step-clock", help="make the node's clock jump by so many seconds")
    step.add_argument("step_s", type=float, metavar="SECONDS")
    _common(step)
    _common(actions.add_parser("press", help="click the board's button"))


def _common(parser: argparse.ArgumentParser) -> None:
    # SUPPRESS: an action must not undo what stood before it.
    suppress = argparse.SUPPRESS
    parser.add_argument("--json", action="store_true", default=suppress, help="print JSON")
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=suppress,
        metavar="DIRECTORY",
        help="where node and world keep their state",
    )


def _percent(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 100.0:
        raise argparse.ArgumentTypeError("a charge is 0 to 100 percent")
    return value / 100.0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2022-01-02T15:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def sim_directory(given: Path | None) -> Path:
    """Return the state directory of the simulated node: never that of a real one, unless asked for."""
    if given or os.environ.get("EDGEPI_STATE_DIR"):
        return state_dir(given, os.environ, os.geteuid())
    return state_dir(None, os.environ, os.geteuid()) / SIMULATED


def run(args: argparse.Namespace) -> int:
    """Start a world and its node, or do one thing to the world that runs."""
    args.json = getattr(args, "json", False)
    directory = sim_directory(getattr(args, "state_dir", None))
    if args.action is None:
        return _start(args, directory)
    channel = BlockingChannel(directory / "world.sock")
    try:
        _show(args, channel.ask(*_request(args)[:1], **_request(args)[1]))
    finally:
        channel.close()
    return 0


def _request(args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    match args.action:
        case "rate":
            return "set_rate", {"rate": args.new_rate}
        case "fault":
            return "fault", {
                "kind": args.kind,
                "address": args.address,
                "count": args.count,
                "on": not args.off,
                "process": args.process,
                "seconds": args.seconds + args.hours * HOUR_S,
            }
        case "step-clock":
            return "step_wall", {"step_s": args.step_s}
        case "press":
            return "press", {}
    return "truth", {}


def _show(args: argparse.Namespace, answer: Any) -> None:
    if args.json:
        print_json(answer)
    elif args.action == "status":
        print_table(("truth", "value"), [(key, _plain(value)) for key, value in answer.items()])
    else:
        details = ", ".join(f"{key} {value}" for key, value in (answer or {}).items())
        print(details or "done")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items()) or None
    if isinstance(value, list):
        return ", ".join(str(_plain(item)) for item in value) or None
    return f"{value:.4g}" if isinstance(value, float) else value


def _start(args: argparse.Namespace, directory: Path) -> int:
    from edgepi.sim.build import demo_config
    from edgepi.sim.harness import Harness

    if listens(directory / "world.sock"):
        raise WorldError(
            f"a simulated node runs already in {directory}",
            hint="`edgepi token link` leads to its page; stop it, or give this one its own --state-dir",
        )
    config = args.config or demo_config()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    say = _teller("world", "yellow", as_json=args.json)
    simulation = _build(args, config, directory, say)
    harness = Harness(
        simulation,
        _node_command(config, directory),
        directory=directory,
        env=os.environ,
        say=say,
        node_says=_teller("node", "green", as_json=args.json),
        beside=[_beside(words, as_json=args.json) for words in args.beside],
        cut_jobs=partial(_end_jobs, args.engine, directory) if args.engine else None,
    )
    _introduce(simulation, config, directory, say)
    asyncio.run(_simulate(harness, args.days * DAY_S if args.days else None))
    return 0


def _beside(words: str, *, as_json: bool) -> Beside:
    from edgepi.sim.harness import Beside

    command = (sys.executable, "-m", "edgepi.cli.main", *shlex.split(words))
    return Beside(f"`edgepi {words}`", command, _teller("other", "dim", as_json=as_json))


def _end_jobs(engine: str, directory: Path) -> None:
    """End whatever the node of this state directory has boxed, as the loss of power does."""
    from edgepi.compute.leftovers import end_all

    end_all(engine, directory)


async def _simulate(harness: Harness, last_s: float | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, harness.stop)
    await harness.run(last_s=last_s)


def _build(args: argparse.Namespace, config: Path, directory: Path, say: Say) -> Simulation:
    from edgepi.config import load
    from edgepi.runtime.discovery import discover
    from edgepi.runtime.tolerant import TolerantCatalog
    from edgepi.sim.build import build, video_devices, world_spec
    from edgepi.sim.chips.boards import board_class
    from edgepi.sim.film import Cameras
    from edgepi.sim.film.studio import Studio

    # The world needs nothing of a plugin, and must not be harmed by one.
    catalog = TolerantCatalog(discover(), wanted=lambda _: False)
    settings = load(config, catalog, os.environ, leave_out=True)
    saved = directory / "world.json"
    new = {"--soc": args.soc, "--start": args.start, "--power-board": args.power_board}
    if args.power_board is not None:
        board_class(args.power_board)
    if args.fresh:
        saved.unlink(missing_ok=True)
    elif saved.exists() and any(given is not None for given in new.values()):
        raise RequestError(f"{', '.join(new)} are for a new world", hint="add --fresh to begin one")
    spec = world_spec(
        settings,
        start_soc=args.soc,
        start_utc=args.start,
        seed=args.seed,
        power_board=args.power_board,
    )
    return build(
        spec,
        time.monotonic,
        rate=args.rate,
        saved=saved,
        network_time=not args.no_network_time,
        cameras=Cameras(video_devices(settings), Studio(cache_dir(os.environ) / "film"), say=say),
    )


def _node_command(config: Path, directory: Path) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "edgepi.cli.main", "run"),
        *("--config", str(config.resolve())),
        *("--world", str(directory / "world.sock")),
        *("--state-dir", str(directory)),
    )


def _introduce(simulation: Simulation, config: Path, directory: Path, say: Say) -> None:
    from edgepi.sim.chips.boards import TITLES

    world = simulation.world
    spec = world.spec
    goes_on = "goes on" if world.time_s else "begins"
    now = datetime.fromtimestamp(world.wall_s, UTC)
    say(f"the world {goes_on} at {now:%Y-%m-%d %H:%M} UTC and runs at {simulation.keeper.rate:g}x")
    say(
        f"simulated: {TITLES.get(spec.power_board, spec.power_board)}, BME280, two INA219,"
        f" a {spec.panel_w:g} W panel, a {spec.battery.capacity_wh:g} Wh LiFePO4 battery"
        f" at {world.battery.soc:.0%}"
    )
    say(
        "sun and weather were measured in Golden, Colorado, 1 to 4 January 2022; they loop; rain is synthetic"
    )
    if simulation.cameras.devices:
        say(f"{' and '.join(simulation.cameras.devices)}: a rendered film of no real place")
    say(f"configuration {config}, state {directory}")
    say(f"in a second terminal: {_own_command()} status{_where(directory)}")


def _own_command() -> str:
    """Return what to type for this program: its name if the shell finds it, else its path from here."""
    own = Path(sys.executable).with_name("edgepi")
    if (found := shutil.which("edgepi")) and Path(found).resolve() == own.resolve():
        return "edgepi"
    return str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own)


def _where(directory: Path) -> str:
    return "" if directory == sim_directory(None) else f" --state-dir {directory}"


def _teller(who: str, colour: str, *, as_json: bool) -> Say:
    """Return what prints a line of the world or of the node."""
    prefix = f"{paint(f'{who:5}', colour)} | "

    def tell(line: str) -> None:
        _print(json.dumps({"from": who, "line": line}) if as_json else prefix + line)

    return tell


def _print(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # nobody reads any more: end orderly instead of half-way
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGTERM)
