"""All numbers in one table: `make bench`, or `PYTHONPATH=src:. python -m bench [judgements|profile|…]` for some."""

import os
import platform
import sys
from collections.abc import Callable, Iterator

from bench import accounts, bundle, collector, commands, iam, imports, judgements, limits, report, rivals
from bench.clock import Row

PARTS: dict[str, tuple[str, Callable[[], Iterator[Row]]]] = {
    "judgements": (f"One task definition, JSON included, by {len(judgements.RULES)} rules", judgements.rows),
    "profile": ("Where the time of an evaluation goes", judgements.profile),
    "collector": ("A collector configuration read", collector.rows),
    "iam": ("One IAM decision: 5 policies, 20 statements", iam.rows),
    "startup": ("Start of a command: CPU time of a process", commands.startup),
    "throughput": ("Many files in one command: time on the clock", commands.throughput),
    "imports": ("Time of a function's import", imports.rows),
    "report": ("The report of a fleet as one HTML file", report.rows),
    "scan": ("A scan, Cloud Custodian and Prowler on one emulated AWS: time on the clock", rivals.small),
    "scan-5000": ("The same of 5,000 families, without Prowler", rivals.large),
    "limits": ("Sweeps under AWS's limits, in virtual time", limits.rows),
    "accounts": ("Clients of many accounts: memory", accounts.rows),
    "bundle": ("The functions' bundle, zipped", bundle.rows),
}


def main(named: list[str]) -> str | int:
    """Print the named parts, or all."""
    if unknown := [name for name in named if name not in PARTS]:
        return f"There is no benchmark {', '.join(unknown)}; there are {', '.join(PARTS)}."
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}; best CPU time of many short rounds"
    )
    for name in named or PARTS:
        title, rows = PARTS[name]
        print(f"\n{title}  (python -m bench {name})")
        for row in rows():
            goal = f"goal {row.goal}" if row.goal else ""
            print(f"  {row.what:<60}{row.figure:>12}  {row.remark:<34}{goal}".rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
