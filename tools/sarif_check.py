"""Validate the command line's SARIF by Microsoft's sarif-multitool; tools/sarif has npm's lock and what is evaluated.

Ends with 1 if the validator reports an error or a warning. Without npm it only says that nothing was validated.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "sarif"
CACHE = ROOT / ".cache" / "sarif"
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}


def installed() -> Path:
    """Install the validator if the lock has changed; return its program."""
    lock = (LOCK / "package-lock.json").read_text(encoding="utf-8")
    done = CACHE / "installed"
    package = CACHE / "node_modules" / "@microsoft" / f"sarif-multitool-{_SYSTEMS.get(sys.platform, 'linux')}"
    if not done.exists() or done.read_text(encoding="utf-8") != lock:
        CACHE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / name, CACHE / name)
        npm = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        subprocess.run(npm, cwd=CACHE, check=True)
        (package / "Sarif.Multitool").chmod(0o755)
        done.write_text(lock, encoding="utf-8")
    return package / "Sarif.Multitool"


def main() -> int:
    """Write reports on the project's own examples, and validate them."""
    if shutil.which("npm") is None:
        print("There is no npm here, so the SARIF was not validated by sarif-multitool.")
        return 0
    program = installed()
    reports = CACHE / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir()
    examples = LOCK / "examples"
    for command in ("check", "collector"):
        report = reports / f"{command}.sarif"
        outrider = (sys.executable, "src", command, "--format", "sarif", "--output", str(report), str(examples))
        subprocess.run(outrider, cwd=ROOT, check=False, stderr=subprocess.DEVNULL)
        if '"ruleId"' not in report.read_text(encoding="utf-8"):
            print(f"outrider {command} found no drift in {examples}.", file=sys.stderr)
            return 1
    # It needs no library for languages.
    settings = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    validate = (str(program), "validate", str(reports / "*.sarif"), "--level", "Error;Warning")
    ran = subprocess.run(validate, env=settings, capture_output=True, text=True, check=False)
    found = [row for row in ran.stdout.splitlines() if ": error " in row or ": warning " in row]
    if found or ran.returncode or "skipped" in ran.stdout:
        print("\n".join(found) or ran.stdout + ran.stderr, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
