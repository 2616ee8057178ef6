"""The report of a fleet: one file that loads nothing, quotes nothing that is secret, and works in a browser."""

import base64
import gzip
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.fleet import fleet
from domain.drift import Safety
from domain.places import Place
from domain.remediation.plan import Change
from domain.severity import Severity
from reports.fleet.drawing import drawing_of
from reports.fleet.html import html_of
from reports.fleet.model import (
    Box,
    Coverage,
    Drawing,
    Entry,
    Fleet,
    PathState,
    Problem,
    Proposal,
    Registered,
    Result,
    State,
    TelemetryPath,
    Unread,
)
from reports.fleet.packing import packed, visible
from reports.text import clean
from tests.reports.browser import Page, ask, needs_chromium
from tests.rules.examples import Case, Example

PAGES = Path(__file__).parents[2] / "src" / "reports" / "fleet" / "page"
SERVICES = 300
HOSTILE = (
    "x</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">&quot;'\"`${1}"
)
REVERSED = "web\u202egnp.exe\u2066\x00"


@cache
def sample() -> Fleet:
    return fleet(SERVICES)


@cache
def page() -> str:
    return html_of(sample())


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def hostile() -> Fleet:
    """A fleet in which each text that others choose is an attack."""
    bad = HOSTILE + REVERSED
    entry = Entry(
        place=Place("123456789012", "eu-west-1"),
        family=bad,
        revision=3,
        service=f"{bad}/{bad}",
        team=bad,
        registered=Registered(bad, "2026-01-01T00:00:00"),
        results=(
            Result(
                rule=sample().rules[0].id,
                state=State.HIGH,
                problems=(Problem(bad, bad, bad, bad, Severity.HIGH),),
                reasons=(bad,),
                remarks=(bad,),
            ),
        ),
        drawing=Drawing(
            (Box(bad, "application", bad, (80,)), Box("c", "collector", bad)),
            (TelemetryPath(bad, "c", bad, PathState.BROKEN),),
        ),
        proposal=Proposal(bad, Safety.REVIEW, (sample().rules[0].id,), (bad,), (Change(bad, bad, bad),)),
    )
    unread = Coverage(entry.place, bad, 2, 1, (Unread("iam:GetRole", "AccessDenied", bad),))
    return replace(sample(), title=bad, standard=bad, entries=(entry,), coverage=(unread,))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_it_loads_nothing_and_allows_no_other_script() -> None:
    assert re.findall(r"<(?:link|iframe|img|object)\b|\bsrc=|@import|url\(", page()) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page())
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'none'" in policy[1], "which default-src does not govern"
    assert "unsafe" not in policy[1]


def test_the_same_fleet_gives_the_same_file() -> None:
    assert html_of(sample()) == page()


def test_services_that_are_alike_share_what_they_have() -> None:
    """So that 20,000 services are less than a megabyte: see `python -m bench report`."""
    more = len(packed(fleet(900))) - len(packed(sample()))
    assert more / 600 < 45, "bytes for each further service"


def test_names_are_put_back_into_shared_texts() -> None:
    one = sample().entries[0]
    why = "The role web-api-role of web-api in 123456789012 lacks it."
    place = Place("123456789012", "eu-west-1")
    entries = tuple(
        replace(
            one,
            place=place,
            family=name,
            service=f"main/{name}",
            results=(Result(one.results[0].rule, State.LOW, (Problem("x", why.replace("web-api", name)),)),),
        )
        for name in ("web-api", "other-api")
    )
    data = unpacked(packed(replace(sample(), entries=entries)))
    assert len(data["details"]) == 1, "one text for both"
    assert not any("web-api" in text for text in data["texts"])


def test_control_and_direction_characters_are_shown_as_numbers() -> None:
    assert visible(REVERSED) == "web\\u202egnp.exe\\u2066\\u0000"
    assert "\u202e" not in json.dumps(unpacked(packed(hostile())), ensure_ascii=False)


@pytest.mark.parametrize("letter", "\u034f\u115f\u3164\uffa0\ufff0\U000e0041\U000e0101")
def test_what_is_shown_as_nothing_is_shown_as_a_number(letter: str) -> None:
    assert visible(f"web{letter}api") == f"web\\u{ord(letter):04x}api"
    assert clean(f"web{letter}api") == "webapi"


def test_hostile_names_cannot_end_an_element() -> None:
    text = html_of(hostile())
    assert text.count("</script>") == 2
    assert "<img" not in text


def test_a_fleet_without_services_is_a_page_too() -> None:
    data = unpacked(packed(replace(sample(), entries=(), coverage=(), earlier=())))
    assert data["columns"]["service"] == []
    assert data["runs"][-1][1:] == [0, 0, 0, 1]


def test_totals_count_a_row_once_and_none_that_is_not_evaluated() -> None:
    one = sample().entries[0]
    rule = one.results[0].rule

    def row(*states: State) -> Entry:
        return replace(one, results=tuple(Result(rule, state) for state in states))

    rows = (row(State.HIGH, State.UNKNOWN), row(State.UNKNOWN), row(State.COMPLIANT), replace(one, not_evaluated="x"))
    totals = replace(sample(), entries=rows, coverage=()).totals
    assert (totals.services, totals.drifted, totals.unknown, totals.complete) == (3, 1, 1, True)


# --- the drawing ------------------------------------------------------------------------------------------------------


def test_paths_lead_from_applications_through_the_collector_to_what_is_outside() -> None:
    base = Example("sidecar.present", Case(name="base", verdict="compliant")).before
    drawing = drawing_of(base, frozenset())
    assert [(box.name, box.role) for box in drawing.boxes] == [
        ("app", "application"),
        ("adot-collector", "collector"),
    ]
    first, *rest = drawing.paths
    assert (first.sender, first.receiver, first.state) == ("app", "adot-collector", PathState.WORKS)
    assert {path.sender for path in rest} == {"adot-collector"}
    assert {path.receiver for path in rest} >= {"X-Ray"}
    assert all(path.outside and path.state is PathState.WORKS for path in rest)


def test_a_path_through_a_drift_is_broken() -> None:
    base = Example("sidecar.present", Case(name="base", verdict="compliant")).before
    variable, exporter = "containers/app/environment/OTEL_EXPORTER_OTLP_ENDPOINT", "exporters/awsxray/region"
    states = {(path.sender, path.receiver): path.state for path in drawing_of(base, {variable, exporter}).paths}
    assert states["app", "adot-collector"] is PathState.BROKEN
    assert states["adot-collector", "X-Ray"] is PathState.BROKEN


def test_where_nothing_is_known_the_path_is_unknown() -> None:
    base = Example("sidecar.present", Case(name="base", verdict="compliant", facts={"parameter": "unavailable"})).before
    assert [(path.receiver, path.state) for path in drawing_of(base, frozenset()).paths[1:]] == [
        ("not known", PathState.UNKNOWN)
    ]


# --- colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_have_enough_contrast(theme: int) -> None:
    blocks = re.findall(
        r"^:root[^{]*\{(.*?)^\}", (PAGES / "page.css").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", blocks[theme]))
    grounds = ("page", "card", "hover")
    weak = [
        (text, ground, round(contrast(colours[text], colours[ground]), 2))
        for text in ("text", "dim", "accent", "good", "bad", "warn")
        for ground in grounds
        if contrast(colours[text], colours[ground]) < 4.5
    ]
    weak += [("text", each, 0) for each in ("added", "removed") if contrast(colours["text"], colours[each]) < 4.5]
    assert weak == []


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# --- in a browser -----------------------------------------------------------------------------------------------------


@needs_chromium
def test_the_first_screen_answers_three_questions(tmp_path: Path) -> None:
    seen = ask(
        Page(page()),
        """return { complete: $("#complete").innerText, better: $("#better").innerText, whose: $$("#whose li").length,
        count: $("#count").value, listed: $$("#list .row").length,
        wide: document.documentElement.scrollWidth > innerWidth };""",
        tmp_path,
    )
    totals = sample().totals
    assert seen.console == ()
    assert "Not complete: 1 gap" in seen.answer["complete"]
    assert "AccessDenied" in seen.answer["complete"]
    assert f"{totals.drifted} of {totals.services} drifted" in seen.answer["better"]
    assert "since 22 Nov 2026" in seen.answer["better"]
    assert seen.answer["whose"] == 6
    assert seen.answer["count"] == f"{SERVICES} of {SERVICES} services"
    assert 5 < seen.answer["listed"] < 40, "only the rows in view"
    assert not seen.answer["wide"]


@needs_chromium
def test_a_filter_is_in_the_address_and_works_from_it(tmp_path: Path) -> None:
    team, rule = "billing", "config.protection"
    wanted = sum(
        entry.team == team and any(each.rule == rule and each.state is State.LOW for each in entry.results)
        for entry in sample().entries
    )
    seen = ask(
        Page(page(), f"#team={team}&rule={rule}&state=drifted"),
        """const first = { count: $("#count").value, hash: location.hash };
        $("#filters [name=q]").value = "no such service";
        $("#filters").dispatchEvent(new Event("input"));
        const none = { count: $("#count").value, hash: location.hash, list: $("#list").innerText };
        $("#clear").click();
        return { first, none, last: { count: $("#count").value, hash: location.hash } };""",
        tmp_path,
    )
    assert seen.console == ()
    assert seen.answer["first"]["count"] == f"{wanted} of {SERVICES} services"
    assert "q=no+such+service" in seen.answer["none"]["hash"]
    assert seen.answer["none"]["list"] == "No service fits this filter."
    assert seen.answer["last"] == {"count": f"{SERVICES} of {SERVICES} services", "hash": ""}


@needs_chromium
def test_a_service_shows_its_task_its_findings_and_its_plan(tmp_path: Path) -> None:
    entry = next(
        each
        for each in sample().entries
        if each.proposal
        and any(path.state is PathState.BROKEN for path in each.drawing.paths)
        and any(result.problems and result.state is State.HIGH for result in each.results)
    )
    place, (cluster, name) = entry.place, entry.service.split("/")
    seen = ask(
        Page(page(), f"#service={place.account}%2F{place.region}%2F{cluster}%2F{name}"),
        """return { open: $("dialog").open, text: $("dialog").innerText, broken: $$("svg .broken").length,
        boxes: $$(".task rect").length, focus: document.activeElement.textContent };""",
        tmp_path,
    )
    problem = next(problem for result in entry.results if result.state is State.HIGH for problem in result.problems)
    assert entry.proposal is not None
    assert seen.console == ()
    assert seen.answer["open"]
    assert seen.answer["focus"] == "Close"
    assert seen.answer["broken"] >= 1
    assert seen.answer["boxes"] >= len(entry.drawing.boxes)
    for text in (problem.why, entry.registered.by, entry.proposal.digest, f"{entry.family}:{entry.revision}"):
        assert text in seen.answer["text"]


@needs_chromium
def test_it_can_be_used_with_the_keyboard_alone(tmp_path: Path) -> None:
    seen = ask(
        Page(page()),
        """const list = $("#list"), map = $("#map");
        for (let i = 0; i < 12; i++) press(list, "ArrowDown");
        const chosen = $("#list [aria-selected=true]").innerText.split("\\n")[1];
        press(list, "Enter");
        const shown = { title: $("#detail-title").innerText, open: $("dialog").open };
        $("dialog").close();
        await soon();
        const closed = location.hash;
        map.focus(); press(map, "ArrowDown"); press(map, "ArrowRight");
        const now = $("#map-now").textContent;
        press(map, "Enter");
        const parts = ["#theme", "#filters input", "#csv", "#map", "#list", "[data-rows]"];
        const missed = parts.filter((each) => { $(each).focus(); return document.activeElement !== $(each); });
        return { chosen, shown, closed, now, hash: location.hash, missed };""",
        tmp_path,
    )
    assert seen.console == ()
    assert seen.answer["shown"] == {"title": seen.answer["chosen"], "open": True}
    assert seen.answer["closed"] == ""
    team, _, rest = seen.answer["now"].partition(", ")
    assert rest.startswith("task: ")
    assert seen.answer["hash"] == f"#team={team}&rule=task"
    assert seen.answer["missed"] == []


@needs_chromium
def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    seen = ask(
        Page(html_of(hostile())),
        """press($("#list"), "Enter"); await soon();
        $$("[data-rows]")[1].click();
        return { title: document.title, text: $("dialog").innerText, images: $$("img").length,
        scripts: $$("script").length, list: $("#list").innerText };""",
        tmp_path,
    )
    assert seen.console == ()
    assert seen.answer["title"] == visible(HOSTILE + REVERSED)
    assert (seen.answer["images"], seen.answer["scripts"]) == (0, 3)
    assert HOSTILE in seen.answer["text"]
    assert "\u202e" not in seen.answer["text"] + seen.answer["list"]


@needs_chromium
def test_no_text_becomes_html_whatever_the_script_does(tmp_path: Path) -> None:
    seen = ask(
        Page(page()),
        """try { document.body.innerHTML = "<b>x</b>"; } catch (refused) { return refused.name; }""",
        tmp_path,
    )
    assert seen.answer == "TypeError"


@needs_chromium
def test_long_names_stay_within_the_page(tmp_path: Path) -> None:
    long, one = "L" * 255, hostile().entries[0]
    proposal = Proposal("d1", Safety.REVIEW, (sample().rules[0].id,), (long,), (Change(long, long, long),))
    entry = replace(one, family=long, service=f"{long}/{long}", team=long, proposal=proposal)
    seen = ask(
        Page(html_of(replace(sample(), title=long, standard=long, entries=(entry,)))),
        """press($("#list"), "Enter"); await soon();
        const dialog = $("dialog"), root = document.documentElement;
        return { page: root.scrollWidth - root.clientWidth, dialog: dialog.scrollWidth - dialog.clientWidth };""",
        tmp_path,
    )
    assert seen.answer == {"page": 0, "dialog": 0}


@needs_chromium
def test_csv_has_the_filtered_rows_and_no_formula(tmp_path: Path) -> None:
    one = sample().entries[0]
    rule = one.results[0].rule
    bad = replace(
        one,
        service='main/=HYPERLINK("x")',
        team="shop",
        results=(Result(rule, State.HIGH, (Problem("a", 'He said "no", twice'),)),),
    )
    other = replace(bad, service="main/other", team="stock")
    seen = ask(
        Page(html_of(replace(sample(), entries=(bad, other))), "#team=shop"),
        """let made; URL.createObjectURL = (blob) => { made = blob; return "blob:x"; };
        HTMLAnchorElement.prototype.click = () => {};
        $("#csv").click();
        return await made.text();""",
        tmp_path,
    )
    head, *lines = seen.answer.strip().removeprefix("\ufeff").split("\r\n")
    assert head.startswith('"account","region","cluster","service"')
    assert len(lines) == 1
    assert '"\'=HYPERLINK(""x"")"' in lines[0]
    assert '"He said ""no"", twice"' in lines[0]


@needs_chromium
def test_it_fits_a_phone(tmp_path: Path) -> None:
    """Chromium's window is at least 500 pixels wide; what is set to 360 pixels shows the same styles."""
    seen = ask(
        Page(page(), width=400),
        """document.documentElement.style.width = "360px"; await soon();
        const within = (each) => each.closest(".wide-table, .hidden, svg, canvas, .row b");
        const beyond = (each) => each.getBoundingClientRect().right > 361;
        const wide = $$("main *, header *").filter((each) => beyond(each) && !within(each));
        return { width: innerWidth, wide: wide.map((each) => each.outerHTML.slice(0, 90)) };""",
        tmp_path,
    )
    assert seen.answer["width"] <= 620
    assert seen.answer["wide"] == []
