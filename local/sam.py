"""sam's commands: what they need, and what they have built before."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local import builds
from local.builds import ROOT
from local.emulator import REGION

SAM = ROOT / ".venvs/sam/bin/sam"
UV = ROOT / ".venvs/uv/bin/uv"
BUILDS = ROOT / ".cache/local"
SAM_SECONDS = 240
KEPT_BUILDS = 3


class CloudFailed(Exception):
    """The local cloud, sam or a deployment failed. The message holds what it printed."""


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Of all processes that build or package: tests that run side by side do it once."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (BUILDS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class Sam:
    """sam, with the environment that reaches an AWS. What else it writes goes into `scratch`."""

    scratch: Path
    aws: Mapping[str, str]

    def build(self, template: Path) -> Path:
        """The built template: from an earlier build of the same sources, else by `sam build`."""
        target = BUILDS / builds.name_of(template)
        with one_at_a_time():
            for killed in BUILDS.glob("new-*"):
                shutil.rmtree(killed, ignore_errors=True)
            if not target.exists():
                fresh = Path(tempfile.mkdtemp(prefix="new-", dir=BUILDS))
                try:
                    command = [str(SAM), "build", "--template", str(template), "--build-dir", str(fresh), "--parallel"]
                    command += ["--config-file", str(ROOT / "samconfig.toml")]
                    self._run(command, {"BUNDLE_PLATFORM": "native", "UV": os.environ.get("UV", str(UV))})
                    builds.pack(fresh)
                    fresh.rename(target)
                finally:
                    shutil.rmtree(fresh, ignore_errors=True)
            os.utime(target)
            kept = sorted(
                (path.parent for path in BUILDS.glob("*/template.yaml")), key=lambda path: path.stat().st_mtime
            )
            for old in kept[:-KEPT_BUILDS]:
                shutil.rmtree(old, ignore_errors=True)
        return target / "template.yaml"

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run one of sam's commands in a group of its own, which dies with us."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
        env |= {**self.aws, **environment}
        env |= {
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(self.scratch / "sam"),  # else it writes into the home folder
            "TMPDIR": str(self.scratch),
            "PYTHONPATH": "",
        }
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        output = ""
        try:
            output, _ = process.communicate(timeout=SAM_SECONDS)
        except subprocess.TimeoutExpired as late:
            shown = late.output.decode(errors="replace") if late.output else ""
            raise CloudFailed(f"{' '.join(command)} did not end within {SAM_SECONDS} s:\n{shown}") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode != 0:
            raise CloudFailed(f"{' '.join(command)} ended with {process.returncode}:\n{output}")

    def deploy(self, built: Path, parameters: Mapping[str, str], stack: str, bucket: str) -> None:
        """Run `sam deploy`. Raises CloudFailed with what it printed."""
        command = [str(SAM), "deploy", "--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
        command += ["--template", str(built), "--stack-name", stack]
        command += ["--s3-bucket", bucket, "--s3-prefix", built.parent.name]
        command += ["--region", REGION, "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]
        if parameters:
            command += ["--parameter-overrides", *(f'{name}="{value}"' for name, value in parameters.items())]
        self._run(command, {"SAM_CLI_POLL_DELAY": "0.5"})
