"""A certificate says what was covered and never more."""

from datetime import UTC, datetime

from domain.coverage import Certificate, Coverage, CoverageRow, Covered, Gap, rows_of
from domain.facts import Unavailable
from domain.places import Place
from domain.subject import Subject, SubjectId
from domain.sweeping import Listing, PlaceSweep
from reports.coverage import notice_of, page, summary, uncovered

LISTED = Listing(complete=True)
HERE, THERE = Place("111111111111", "eu-west-1"), Place("222222222222", "eu-west-1")
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
DENIED = Unavailable("AccessDenied", "sts:AssumeRole", "role")
BUSY = Unavailable("ThrottlingException", "ecs:ListServices", "shop", transient=True)


def family(number: int, coverage: Coverage = Coverage.EVALUATED, place: Place = HERE) -> Covered:
    return Covered(SubjectId(place, Subject.FAMILY, f"family-{number}"), coverage)


def swept(place: Place = HERE, *, families: Listing = LISTED, **members: Listing) -> PlaceSweep:
    listings = {Subject.FAMILY: families, Subject.SERVICE: members.get("services", LISTED)}
    return PlaceSweep(place, NOON, NOON, listings=listings)


def certificate(*rows: CoverageRow, before: str = "") -> Certificate:
    return Certificate(run="r", began=NOON, ended=NOON, release="1", standard="s", rows=rows, before=before)


def of(rows: tuple[CoverageRow, ...], kind: Subject = Subject.FAMILY, place: Place = HERE) -> CoverageRow:
    return next(row for row in rows if (row.kind, row.place) == (kind, place))


def test_what_was_sent_and_has_no_evaluation_was_never_reached() -> None:
    rows = rows_of([swept(families=Listing(sent=5, complete=True))], [family(1), family(2, Coverage.GONE)])
    assert of(rows).counts == {Coverage.EVALUATED: 1, Coverage.GONE: 1, Coverage.NEVER_REACHED: 3}
    assert of(rows).gaps == (Gap(coverage=Coverage.NEVER_REACHED, subjects=3),)
    assert not certificate(*rows).complete


def test_a_listing_that_was_denied_leaves_out_what_is_known_or_nobody_knows_how_many() -> None:
    for known, counts in ((7, {Coverage.DENIED: 7}), (0, {})):
        rows = rows_of([swept(families=Listing(missing=DENIED, known=known))], [])
        assert of(rows).counts == counts
        (gap,) = of(rows).gaps
        assert (gap.coverage, gap.call, gap.subjects) == (Coverage.DENIED, "sts:AssumeRole", known)


def test_a_listing_that_did_not_end_is_never_reached_even_where_all_that_was_sent_was_evaluated() -> None:
    rows = rows_of([swept(families=Listing(sent=1, known=2))], [family(1)])
    assert of(rows).counts == {Coverage.EVALUATED: 1, Coverage.NEVER_REACHED: 2}
    assert len(of(rows).gaps) == 2


def test_a_place_that_no_step_came_to_is_in_the_certificate() -> None:
    rows = rows_of([swept(), PlaceSweep(THERE)], [])
    assert {(row.kind, row.place) for row in rows if row.gaps} == {
        (Subject.FAMILY, THERE), (Subject.SERVICE, THERE),
    }  # fmt: skip
    assert of(rows, place=THERE).began is None


def test_a_place_that_is_not_swept_any_more_is_out_of_scope_and_no_gap() -> None:
    left = PlaceSweep(THERE, watched=False, left={Subject.FAMILY: 3})
    rows = rows_of([swept(), left], [])
    assert of(rows, place=THERE).counts == {Coverage.OUT_OF_SCOPE: 3}
    assert certificate(*rows).complete


def test_what_a_family_depends_on_has_a_row_where_it_is() -> None:
    parameter = Covered(SubjectId(THERE, Subject.PARAMETER, "/config"), Coverage.THROTTLED, "ssm:GetParameters", "Busy")
    rows = rows_of([swept(families=Listing(sent=1, complete=True))], [family(1), parameter])
    assert of(rows, Subject.PARAMETER, THERE).counts == {Coverage.THROTTLED: 1}
    assert not certificate(*rows).complete


def test_facts_that_may_come_later_are_throttled_before_any_is_denied() -> None:
    on = SubjectId(THERE, Subject.PARAMETER, "/config")
    assert Covered.without(on, []) == Covered(on, Coverage.EVALUATED)
    assert Covered.without(on, [DENIED]) == Covered(on, Coverage.DENIED, DENIED.call, DENIED.code)
    assert Covered.without(on, [DENIED, BUSY]) == Covered(on, Coverage.THROTTLED, BUSY.call, BUSY.code)


def test_nothing_at_all_is_not_complete() -> None:
    assert not certificate().complete


def test_certificates_are_a_chain_and_each_change_shows() -> None:
    rows = rows_of([swept(families=Listing(sent=2, complete=True))], [family(1), family(2)])
    first = certificate(*rows)
    second = certificate(*rows, before=first.digest)
    again = Certificate.model_validate_json(second.model_dump_json())
    assert (again.digest, again.before) == (second.digest, first.digest)
    assert second.digest != first.digest
    assert again.model_copy(update={"standard": "other"}).digest != second.digest


def test_gaps_are_the_same_by_place_kind_and_cause_not_by_number() -> None:
    def missing(known: int, why: Unavailable = DENIED) -> Certificate:
        return certificate(*rows_of([swept(families=Listing(missing=why, known=known))], []))

    assert missing(3).same_gaps(missing(4))
    assert not missing(3).same_gaps(missing(3, BUSY))
    assert not missing(3).same_gaps(None)
    assert not missing(3).same_gaps(certificate(*rows_of([swept()], [])))


def test_people_read_how_much_is_missing_where_and_what_to_do() -> None:
    rows = rows_of(
        [swept(families=Listing(sent=2, complete=True)), swept(THERE, families=Listing(missing=DENIED, known=31))],
        [family(1), family(2)],
    )
    found = certificate(*rows)
    assert summary(found) == "The coverage of 2 accounts and regions is not complete: 2 evaluated, 31 denied."
    assert uncovered(found) == ("31 families denied in 222222222222/eu-west-1",)
    notice = notice_of(found)
    assert notice.title == "Outrider: the sweep could not cover everything"
    assert "222222222222/eu-west-1: 31 families denied, sts:AssumeRole: AccessDenied" in notice.text.splitlines()
    assert "| 222222222222 | eu-west-1 | families | 0 | 31 |" in page(found)
    assert notice_of(certificate(*rows_of([swept()], []))).title == "Outrider: the coverage is complete again"
