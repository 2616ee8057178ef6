"""The evaluation of Jsonnet, in a process of its own: what a file computes may never end, or need all memory.

`cli.sources.jsonnet` starts this file as a script, with a Request on standard input. It prints a Reply. Only the
library and Python's own modules are imported.
"""

import importlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypedDict

FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "must_env": ("name",),
    "env": ("name", "default"),
    "tfstate": ("address",),
    "ssm": ("name",),
    "secretsmanager_arn": ("name",),
    "cfn_output": ("stack", "output"),
    "cfn_export": ("name",),
}
"""What ecspresso adds to Jsonnet, as `std.native("must_env")("TAG")`, with the names of the arguments."""
_VARIABLE = re.compile(r"""std\.extVar\(\s*["']([^"']+)["']""")
_MOST_BYTES: Final = 2 * 1024 * 1024
_DEEPEST: Final = 200


class Request(TypedDict):
    """A file, the folders that it may import from, and the limits of this process."""

    name: str
    text: str
    folders: list[str]
    seconds: int
    bytes: int


class Reply(TypedDict):
    """What the file gives; or what the library says of its mistake, which may hold values."""

    made: str
    mistake: str


def main() -> None:
    """Evaluate one file."""
    asked: Request = json.load(sys.stdin)
    _limit(asked)
    sys.stdout.write(json.dumps(_evaluated(asked)))


def _limit(asked: Request) -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none; there the caller's limit of time remains
    except ImportError:
        return
    limits = (resource.RLIMIT_CPU, asked["seconds"]), (resource.RLIMIT_AS, asked["bytes"]), (resource.RLIMIT_CORE, 0)
    for kind, most in limits:
        with suppress(OSError, ValueError):  # a system without this limit, or with a lower one
            resource.setrlimit(kind, (most, most))


def _evaluated(asked: Request) -> Reply:
    library: Any = importlib.import_module("_jsonnet")
    try:
        made: str = library.evaluate_snippet(
            asked["name"],
            asked["text"],
            max_stack=_DEEPEST,
            ext_vars={each: _call("std.extVar")(each) for each in _VARIABLE.findall(asked["text"])},
            import_callback=_Imports(tuple(Path(each) for each in asked["folders"])),
            native_callbacks={each: (names, _call(each)) for each, names in FUNCTIONS.items()},
        )
    except RuntimeError as error:
        return {"made": "", "mistake": str(error)}
    return {"made": made, "mistake": ""}


def _call(name: str) -> Callable[..., str]:
    """Return what gives the call of a template function, which stays open."""
    return lambda *args: f"{{{{ {name.replace('.', '_')} {' '.join(f'`{each}`' for each in args)} }}}}"


@dataclass(frozen=True, slots=True)
class _Imports:
    """Reads what a file imports, within these folders only."""

    folders: tuple[Path, ...]

    def __call__(self, folder: str, name: str) -> tuple[str, bytes]:
        path = (Path(folder) / name).resolve()
        if not any(path.is_relative_to(each) for each in self.folders):
            raise RuntimeError("it is outside of the folder")
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise RuntimeError("it is no file that is read")
        return str(path), path.read_bytes()


if __name__ == "__main__":
    main()
