"""The commands as data: what each takes, the texts of --help, and the function that carries it out.

Functions are named by module, so that one command does not import the modules of all.
"""

from cli.aws_commands import AWS_COMMANDS
from cli.file_commands import FILE_COMMANDS
from cli.grammar import Command

ABOUT = (
    "Check, fix and correct ECS task definitions that should have an OpenTelemetry collector as a sidecar, and ask"
    " a deployed stack of Outrider for corrections."
)
GROUPS = {"standard": "Work on the standard: validate it, show the packaged one, and compare two."}
"""First words that several commands share."""

COMMANDS: tuple[Command, ...] = tuple(sorted((*AWS_COMMANDS, *FILE_COMMANDS), key=lambda command: command.name))
