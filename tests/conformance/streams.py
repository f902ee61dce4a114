"""One suite of behaviours of DynamoDB Streams, run on our simulator and on moto, so that neither is trusted alone.

    streams.py --sealog PATH [--only SERVER]

A server does what the documentation says (`behaviours.py`) or differs from it exactly as `differences.py` lists it; the
list is printed with the documentation that decides. A server that conforms again, or differs otherwise, fails the suite.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

from behaviours import BEHAVIOURS  # noqa: E402
from checks import Checks  # noqa: E402
from differences import DIFFERENCES  # noqa: E402
from judge import judge, table  # noqa: E402
from servers import Moto, Simulator  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the built binary, whose simulator is tested")
    parser.add_argument("--only", choices=["moto", "simulator"], help="one server only")
    arguments = parser.parse_args()
    checks = Checks("conformance")
    with tempfile.TemporaryDirectory(prefix="sealog-conformance-") as folder:
        folder = Path(folder)
        for server in (Simulator(folder, os.path.abspath(arguments.sealog)), Moto(folder)):
            if arguments.only in (None, server.name):
                with checks.section(f"{server.name} can be started and asked"):
                    run(checks, server)
    print(table([it for it in DIFFERENCES if arguments.only in (None, it.server)], BEHAVIOURS))
    return checks.finish()


def run(checks, server):
    """All behaviours on one server."""
    try:
        server.start([behaviour.table for behaviour in BEHAVIOURS.values()])
        judge(checks, server, BEHAVIOURS, DIFFERENCES)
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
