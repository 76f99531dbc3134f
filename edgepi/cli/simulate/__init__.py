"""``edgepi simulate``: what a panel and a battery would do through measured or drawn years."""

from __future__ import annotations

import argparse

from edgepi.cli.simulate.options import add_arguments

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from edgepi.cli.output import print_json
    from edgepi.cli.simulate.answer import answer
    from edgepi.cli.simulate.node import node_of
    from edgepi.cli.simulate.study import made
    from edgepi.cli.simulate.tables import print_answer
    from edgepi.cli.simulate.weather import weather_of

    if args.page:
        from edgepi.cli.simulate.pictures import check_page

        check_page(args.page)
    node = node_of(args)
    study = made(args, node, weather_of(args, node))
    found = answer(study)
    if args.page:
        from edgepi.cli.simulate.pictures import write_page

        write_page(args.page, study, found)
    if args.json:
        print_json(found)
    else:
        print_answer(study, found)
    return 0
