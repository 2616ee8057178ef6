"""The report of a fleet: its size, and Chromium's time to open and filter it."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench.clock import Row
from bench.fleet import fleet
from reports.fleet.html import html_of
from tests.reports.browser import CHROMIUM, Page, opened

_SERVICES = 20_000
_SCRIPT = """
const ready = performance.getEntriesByName("outrider-ready")[0].startTime;
const begun = performance.getEntriesByType("navigation")[0].responseEnd;
const form = $("#filters"), times = [];
const texts = ["a", "ap", "api", "", "web", "billing", "", "4444", "zzz", ""];
for (let round = 0; round < 6; round++) for (const text of texts) {
  form.elements.q.value = text;
  const begin = performance.now();
  form.dispatchEvent(new Event("input"));
  times.push(performance.now() - begin);
}
times.sort((one, other) => one - other);
const measured = { open: ready - begun, best: times[0], median: times[times.length >> 1] };
console.log(`MEASURED ${JSON.stringify(measured)} END`);
"""


def rows() -> Iterator[Row]:
    """Measure one page of 20,000 services."""
    made = fleet(_SERVICES)
    begin = perf_counter()
    page = html_of(made)
    yield Row("Render it", f"{perf_counter() - begin:,.1f} s", f"{_SERVICES:,} services")
    yield Row("Its size", f"{len(page) / 1000:,.0f} KB", "", "1,000 KB")
    if CHROMIUM is None:
        yield Row("Open it in Chromium", "-", "there is no Chromium here", "1,000 ms")
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        seen = _measured(opened(Page(page), _SCRIPT, Path(folder)))
    yield Row("Open it in Chromium", f"{seen['open']:,.0f} ms", "until it can be used", "1,000 ms")
    yield Row("Filter it", f"{seen['best']:,.1f} ms", f"median {seen['median']:,.1f} ms", "16 ms")


def _measured(command: list[str]) -> dict[str, float]:
    """Return what the page measured by the real clock: it writes that to the console."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as chromium:
        found = (_ANSWER.search(line) for line in chromium.stderr or ())
        answer = next(each[1] for each in found if each is not None)
        chromium.terminate()
    read: dict[str, float] = json.loads(answer)
    return read


_ANSWER = re.compile(r"MEASURED (\{.*?\}) END")
