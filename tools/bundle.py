"""Lay out the Lambda functions' bundle: Outrider, its locked dependencies, and bytecode for the runtime's Python.

`src/Makefile` runs this once per function when `sam build` asks. All functions get the same files. The dependencies are
installed and trimmed once per lock and platform, under `.cache/bundle`, and copied from there.

The outcome repeats byte for byte on any machine with the same Python release: no timestamps, no paths, sorted input.
"""

import argparse
import ast
import fcntl
import gzip
import hashlib
import json
import os
import py_compile
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
LOCK = SOURCE / "requirements.txt"
CACHE = ROOT / ".cache" / "bundle"

# The Lambda runtime's. Bytecode of another release would be ignored there, and every cold start would compile again.
PYTHON = "3.13"

# Where the functions run on AWS; `native` is this machine, for the local cloud.
NATIVE = "native"
PLATFORMS = ("aarch64-manylinux2014", "x86_64-manylinux2014", NATIVE)

# The AWS services that src/aws calls. botocore carries the models of all 400, which is nine tenths of its size and a
# good part of a cold start; a call to a service that is not named here fails with UnknownServiceError.
SERVICES = frozenset({
    "cloudformation", "cloudtrail", "cloudwatch", "dynamodb", "ecs", "events", "iam", "logs", "organizations",
    "s3", "secretsmanager", "securityhub", "sns", "sqs", "ssm", "sts",
})  # fmt: skip

# What botocore calls for a client of its own accord: to find the region of a bucket.
OF_BOTOCORE = frozenset({"HeadBucket"})

# What no import at run time touches. Metadata: pydantic looks for plugins in it and for nothing else; none is locked.
JUNK = (
    "*.dist-info",
    ".lock",
    "bin",
    "**/*.pyi",
    "**/py.typed",
    "**/*.c",
    "**/*.h",
    "**/*.pxd",
    "**/*.pyx",
    "botocore/data/*/*/examples-1.json",
    # Outrider waits for nothing through botocore.
    "botocore/data/*/*/waiters-2.json",
    "boto3/examples",
    # For HTTP APIs. The functions have none.
    "aws_lambda_powertools/event_handler",
    # Of Powertools' utilities: those that the functions do not import.
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/batch",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_classes",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/feature_flags",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/metadata",
    "aws_lambda_powertools/utilities/parameters",
    "aws_lambda_powertools/utilities/parser",
    "aws_lambda_powertools/utilities/streaming",
    "aws_lambda_powertools/utilities/validation",
    # Metrics go to CloudWatch.
    "aws_lambda_powertools/metrics/provider/datadog",
    # The old API under its own name, which nothing here imports, and a plugin for a type checker.
    "pydantic/v1",
    "pydantic/mypy.py",
    # Colours, and pipelines of validators.
    "pydantic/color.py",
    "pydantic/experimental/pipeline.py",
    # Clients alone are made, not resources.
    "boto3/data",
    # A copy of the time zones for machines without them, calendars, and Windows.
    "dateutil/zoneinfo",
    "dateutil/rrule.py",
    "dateutil/tz/win.py",
    # For browsers.
    "urllib3/contrib/emscripten",
    # Downloads by several processes.
    "s3transfer/processpool.py",
    "botocore/stub.py",
    "annotated_types/test_cases.py",
)

# Of src, what the functions do not need: the command line, which has dependencies that they do not have, and what it
# alone uses. tests/test_bundle.py follows the functions' imports.
LEFT_OUT = (
    "__main__.py",
    "cli/**/*",
    "Makefile",
    "requirements.in",
    "requirements.txt",
    "aws/dry.py",
    "aws/state_machines.py",
    "domain/standard/origins.py",
    "domain/triggers/events.py",
    "operations/differences.py",
    "operations/ledger_differences.py",
    "operations/notification/trying.py",
    "operations/replay.py",
    "operations/scan/**/*",
)


def main() -> None:
    """Fill `--out` with the bundle for `--platform`."""
    options = argparse.ArgumentParser(description="Lay out the Lambda functions' bundle.")
    options.add_argument("--out", type=Path, required=True, help="folder to fill; made if missing")
    options.add_argument("--platform", choices=PLATFORMS, default=PLATFORMS[0])
    chosen = options.parse_args()
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running != PYTHON:
        sys.exit(
            f"The bundle's bytecode must be made by Python {PYTHON}, not {running}. Run this as src/Makefile does."
        )
    with alone():
        shutil.copytree(dependencies(chosen.platform), chosen.out, dirs_exist_ok=True)
        narrow(chosen.out / "botocore" / "data")
        for source in own_files():
            target = chosen.out / source.relative_to(SOURCE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            if target.suffix == ".py":
                compile_module(target, target.relative_to(chosen.out), target.with_suffix(".pyc"))
                target.unlink()
    level_permissions(chosen.out)


@contextmanager
def alone() -> Iterator[None]:
    """Wait for other builds of this project: sam may ask for every function at once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def dependencies(platform: str) -> Path:
    """The folder with the trimmed, compiled dependencies for the platform, made now if the lock or this file is new."""
    digest = hashlib.sha256(b"\0".join((LOCK.read_bytes(), Path(__file__).read_bytes(), sys.version.encode())))
    ready = CACHE / f"{platform}-{digest.hexdigest()[:16]}"
    if ready.is_dir():
        return ready
    for outdated in CACHE.glob(f"{platform}-*"):
        shutil.rmtree(outdated)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        layout = Path(scratch) / "layout"
        install(platform, layout)
        trim(layout)
        compile_in_place(layout)
        for library in layout.rglob("*.so"):
            strip(library)
        layout.rename(ready)
    return ready


def install(platform: str, target: Path) -> None:
    """Install the lock into the folder, as wheels of that platform and never built here."""
    # `uv run` says which uv it was.
    command = [os.environ["UV"], "pip", "install", "--quiet", "--no-installer-metadata", "--no-compile-bytecode"]
    command += ["--require-hashes", "--only-binary=:all:", "--python-version", PYTHON, "--link-mode=copy"]
    command += ["--target", str(target), "-r", str(LOCK)]
    command += ["--python", sys.executable] if platform == NATIVE else ["--python-platform", platform]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"The functions' dependencies could not be installed for {platform}; see uv's error above.")


def trim(layout: Path) -> None:
    """Remove what the functions never read."""
    for pattern in JUNK:
        for path in list(layout.glob(pattern)):
            remove(path)
    data = layout / "botocore" / "data"
    for service in [path for path in data.iterdir() if path.is_dir()]:
        outdated = sorted(service.iterdir())[:-1]  # an API's versions are named by their dates
        for path in outdated if service.name in SERVICES else [service]:
            remove(path)
    prefixes = set[str]()
    for model in sorted(data.rglob("*.json.gz")):
        # Plain, as the bundle is compressed as a whole, and a cold start then has less to do.
        bare = without_documentation(json.loads(gzip.decompress(model.read_bytes())))
        if model.name == "service-2.json.gz":
            prefixes.add(bare["metadata"]["endpointPrefix"])
        write(model.with_suffix(""), bare)
        model.unlink()
    # Of all services of AWS it is 1.2 MB, which the first client of a cold start parses.
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: of for name, of in partition["services"].items() if name in prefixes}
    write(data / "endpoints.json", endpoints)


def write(path: Path, content: Any) -> None:
    """Write JSON without spaces."""
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


_NEEDED = "clientContextParams"
"""What botocore reads with its documentation: without that, every call to S3 fails."""


def without_documentation(node: Any) -> Any:
    """A service's model less its prose, which is two thirds of it and serves `help()` alone.

    A member that is called `documentation` is an object, not a text, and is kept.
    """
    match node:
        case dict():
            return {
                key: value if key == _NEEDED else without_documentation(value)
                for key, value in node.items()
                if not (key == "documentation" and isinstance(value, str))
            }
        case list():
            return [without_documentation(item) for item in node]
        case _:
            return node


def narrow(data: Path) -> None:
    """Keep of each service's model the operations that Outrider calls: a cold start parses it as a whole."""
    names = called()
    for path in sorted(data.glob("*/*/service-2.json")):
        write(path, narrowed(json.loads(path.read_bytes()), names))


def called() -> frozenset[str]:
    """All attributes and texts in src/aws: the client's method, or the paginator's name, of each call is among them."""
    found = set[str]()
    for source in (SOURCE / "aws").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_bytes())):
            match node:
                case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                    found.add(name)
                case _:
                    pass
    return frozenset(found)


def narrowed(model: Any, names: frozenset[str]) -> Any:
    """A service's model with those operations whose methods are in `names`, and the shapes that these refer to."""
    operations = {
        name: operation
        for name, operation in model["operations"].items()
        if name in OF_BOTOCORE or re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() in names
    }
    kept, left = set[str](), set(references(operations))
    while left:
        name = left.pop()
        kept.add(name)
        left |= set(references(model["shapes"][name])) - kept
    shapes = {name: shape for name, shape in model["shapes"].items() if name in kept}
    return model | {"operations": operations, "shapes": shapes}


def references(node: Any) -> Iterator[str]:
    """The names of the shapes that a part of a model refers to."""
    match node:
        case dict():
            for key, value in node.items():
                if key == "shape" and isinstance(value, str):
                    yield value
                else:
                    yield from references(value)
        case list():
            for item in node:
                yield from references(item)
        case _:
            pass


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def own_files() -> Iterator[Path]:
    """Outrider's own modules and data, sorted."""
    left_out = {path for pattern in LEFT_OUT for path in SOURCE.glob(pattern)}
    for path in sorted(SOURCE.rglob("*")):
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(SOURCE).parts)
        if path.is_file() and path not in left_out and not hidden:
            yield path


def compile_in_place(layout: Path) -> None:
    """Put bytecode where the modules were, as for Outrider's own: a third of their size is source.

    Nobody reads that on Lambda. A traceback still names file, line and function.
    """
    for module in sorted(layout.rglob("*.py")):
        compile_module(module, module.relative_to(layout), module.with_suffix(".pyc"))
        module.unlink()


def compile_module(module: Path, shown: Path, target: Path) -> None:
    """Compile one module; `shown` is the path that tracebacks name.

    Unchecked: Lambda's file system gives other times than this one, and a checked file would have its source read and
    hashed at each cold start.
    """
    py_compile.compile(
        str(module),
        cfile=str(target),
        dfile=str(shown),
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def strip(library: Path) -> None:
    """Cut off what follows the last segment of a 64-bit ELF library: symbols and debug information, never mapped.

    As `strip` does, for any architecture and without binutils. Of PyYAML's wheel five sixths are debug information.
    The layout is that of elf(5), Elf64_Ehdr and Elf64_Phdr.
    """
    content = library.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        return
    (table,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    segments = (struct.unpack_from("<IIQQQQ", content, table + size * index) for index in range(count))
    end = max(offset + in_file for _, _, offset, _, _, in_file in segments)
    kept = bytearray(content[:end])
    # No section table any more: e_shoff, then e_shnum and e_shstrndx.
    struct.pack_into("<Q", kept, 40, 0)
    struct.pack_into("<HH", kept, 60, 0, 0)
    library.write_bytes(kept)


def level_permissions(folder: Path) -> None:
    """Make all readable to the function's user, whatever the umask here."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".so" else 0o644)


if __name__ == "__main__":
    main()
