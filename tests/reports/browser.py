"""Chromium without a window, for pages that are one file. Tests are skipped where there is none."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="There is no Chromium here.")

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-extensions", "--no-first-run",
    "--enable-logging=stderr",
)  # fmt: skip
_ANSWER = re.compile(r'<pre id="answer">(.*?)</pre>', re.DOTALL)
_CONSOLE = re.compile(r"CONSOLE.*?\] (.*)")


@dataclass(frozen=True)
class Page:
    """A page, and how it is opened."""

    text: str
    address: str = ""
    width: int = 1280


@dataclass(frozen=True)
class Seen:
    """The answer of a script on the page, and what the page wrote to the console."""

    answer: Any
    console: tuple[str, ...]


def ask(page: Page, script: str, folder: Path) -> Seen:
    """Open the page and return the answer of an async function's body, which runs when the page is ready.

    Time passes at once where nothing happens, so nothing waits.
    """
    command = [*opened(page, script, folder), "--dump-dom", "--virtual-time-budget=20000"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own file
    found = _ANSWER.search(ran.stdout)
    assert found is not None, ran.stderr[-2000:]
    return Seen(json.loads(html.unescape(found[1])), tuple(_CONSOLE.findall(ran.stderr)))


def opened(page: Page, script: str, folder: Path) -> list[str]:
    """Write the page with the script into the folder, and return the command that opens it."""
    assert CHROMIUM is not None
    driver = _DRIVER.replace("BODY", script)
    digest = base64.b64encode(hashlib.sha256(driver.encode()).digest()).decode()
    allowed = page.text.replace("script-src '", f"script-src 'sha256-{digest}' '", 1)
    file = folder / "report.html"
    file.write_text(allowed.replace("</body>", f"<script>{driver}</script></body>"), encoding="utf-8")
    own = (f"--window-size={page.width},900", f"--user-data-dir={folder / 'profile'}")
    return [CHROMIUM, *_FLAGS, *own, f"{file.as_uri()}{page.address}"]


_DRIVER = """
const asked = async () => { BODY };
const soon = () => new Promise((resolve) => setTimeout(resolve, 60));
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
const press = (target, key) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
(async () => {
  const ready = () => performance.getEntriesByName("outrider-ready").length || !$("#failed").hidden;
  while (!ready()) await soon();
  await soon();
  let answer;
  try { answer = await asked(); } catch (error) { answer = { error: String(error) }; }
  const shown = document.createElement("pre");
  shown.id = "answer";
  shown.textContent = JSON.stringify(answer ?? null);
  document.body.append(shown);
})();
"""
