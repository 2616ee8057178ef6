"""The report that a sweep stores: of what its evaluations found, with the trend of earlier sweeps."""

import gzip
import json
import re
from typing import Any

import pytest

from aws.calls import CallFailed
from domain.coverage import Certificate
from operations.sweep import reporting
from operations.sweep.certifying import Certified
from tests.operations.sweeping import BUCKET
from tests.operations.world import CANARY, FLOATING, PLACE, World, definition
from tests.reports.test_fleet import unpacked


def swept(world: World, **request: Any) -> Certified:
    """Sweep everything, and evaluate what is sent."""
    sweeping = world.sweeping()
    sweeping.list(**request)
    waiting = world.aws.sqs.queue("changes").waiting
    bodies = [message.body for message in waiting]
    waiting.clear()
    world.sees(*bodies)
    return sweeping.certify()


def stored(world: World, kind: str) -> list[str]:
    """The keys of the stored objects of a kind, the oldest first."""
    return [key for key in world.aws.region().s3.buckets[BUCKET] if key.startswith(f"{kind}/2")]


def page(world: World) -> Any:
    """The data of the last report."""
    text = world.sweeping().bucket.get(stored(world, "reports")[-1])
    assert text is not None
    found = re.search(r'<script[^>]* id="data"[^>]*>([^<]+)<', text)
    assert found is not None
    return unpacked(found[1])


def results(world: World) -> dict[str, Any]:
    """The last sweep's results by the service's or family's name."""
    body = world.aws.region().s3.buckets[BUCKET][stored(world, "results")[-1]]
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return {line.get("service") or line["family"]: line for line in lines}


def states(line: Any) -> dict[str, str]:
    return {each["rule"]: each["state"] for each in line["results"]}


def fleet(world: World) -> None:
    """Two families that drift, one of them run by a service that drifts too, and one that nobody runs."""
    world.aws.services.add("shop/web", world.register(definition("web", collector=FLOATING)), platformVersion="1.3.0")
    world.register(definition("cron", collector=FLOATING))


def test_each_workload_is_a_line_with_its_own_drifts_and_those_of_its_family(world: World) -> None:
    fleet(world)
    swept(world)
    found = results(world)
    assert found.keys() == {"shop/web", "cron"}
    assert states(found["shop/web"])["service.platform-version"] in "lmhx"
    assert states(found["shop/web"])["sidecar.image-pinned"] in "lmhx"
    assert states(found["shop/web"])["sidecar.present"] == "c"
    assert states(found["cron"])["sidecar.image-pinned"] == "l", "nothing runs it"
    assert found["shop/web"]["drawing"]["boxes"]
    assert CANARY not in json.dumps(found)


def test_the_page_shows_the_same_with_coverage_and_how_it_was_before(world: World) -> None:
    fleet(world)
    world.fail("GetRole", times=100)
    world.fail("GetAccountAuthorizationDetails", times=100)
    swept(world)
    first = page(world)
    assert len(first["columns"]["family"]) == 2
    assert len(first["runs"]) == 1
    assert first["runs"][-1][-1] == 0, "roles could not be read"
    world.troubles.clear()
    world.pass_(hours=24)
    swept(world)
    second = page(world)
    assert [each[-1] for each in second["runs"]] == [0, 1]
    assert second["runs"][0] == first["runs"][0]


def test_the_daily_digest_and_that_of_a_baseline_lead_to_it(world: World) -> None:
    fleet(world)
    swept(world)
    sweeping = world.sweeping()
    daily = sweeping.digests.daily(PLACE)
    assert daily is not None
    [key] = stored(world, "reports")
    [baseline] = [each for each in world.alerts if each["transition"] == "digest"]
    assert daily.links["report"] == baseline["links"]["report"]
    assert f"/s3/object/{BUCKET}?region=eu-west-1&prefix=" in daily.links["report"]
    assert daily.links["report"].endswith(key.replace("/", "%2F"))


def test_a_bucket_that_refuses_the_report_is_one_notice_and_the_certificate_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(world)
    monkeypatch.setattr(reporting, "html_of", lambda _: _refused())
    certificate = swept(world).certificate
    assert certificate.complete
    assert stored(world, "reports") == []
    [notice] = [each for each in world.notices if "The certificate is stored" in each]
    assert "s3:PutObject" in notice
    last = world.ledger.runs.last()
    assert last is not None
    assert (last.digest, last.report) == (certificate.digest, "")


def test_a_row_that_cannot_be_read_costs_the_report_alone(world: World) -> None:
    fleet(world)
    sweeping = world.sweeping()
    sweeping.list()
    row = {"body": {"S": f'{{"place": "{CANARY}"}}'}}
    world.ledger.runs.table.put(f"rows/{sweeping.run_id}", f"{PLACE}/family/web", row)
    certificate = sweeping.certify().certificate
    assert stored(world, "reports") == []
    [notice] = [each for each in world.notices if "The certificate is stored" in each]
    assert "ValidationError" in notice
    assert CANARY not in notice
    last = world.ledger.runs.last()
    assert last is not None
    assert (last.digest, last.report) == (certificate.digest, "")
    assert [each["transition"] for each in world.alerts] == ["digest"]


def _refused() -> str:
    from aws.errors import Meaning  # noqa: PLC0415 - only here

    raise CallFailed("s3:PutObject", "reports/x.html", "AccessDenied", Meaning.ASK)


def test_a_sweep_of_a_part_has_no_report_and_leaves_the_last_one(world: World) -> None:
    fleet(world)
    swept(world)
    before, last = stored(world, "reports"), world.ledger.runs.last()
    swept(world, family="web")
    assert (stored(world, "reports"), world.ledger.runs.last()) == (before, last)


def test_a_page_that_would_be_too_large_has_the_worst_rows_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet(world)
    monkeypatch.setattr(reporting, "_MOST", 1)
    swept(world)
    found = page(world)
    assert len(found["columns"]["family"]) == 1
    assert "(the worst 1 of 2 rows)" in json.dumps(found)
    assert len(results(world)) == 2, "the lines have all"
    monkeypatch.setattr(reporting, "_LARGEST", 10)
    world.pass_(hours=24)
    swept(world)
    assert page(world)["columns"]["family"] == []


def test_a_certificate_is_as_it_was_when_its_step_is_tried_again(world: World) -> None:
    fleet(world)
    first: Certificate = swept(world).certificate
    sweeping = world.sweeping()
    sweeping.run_id = first.run
    assert sweeping.certify().certificate == first
    assert len(stored(world, "reports")) == 1
