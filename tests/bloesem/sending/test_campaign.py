"""A campaign says whom it leaves out and why, before it goes out; and goes out once."""

from __future__ import annotations

import psycopg
import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.sending.stage import door, product, templates

from bloesem.consent.tables import object_to_advertising
from bloesem.sending.campaign import Campaign, preview, release
from bloesem.sending.errors import SendingError
from charging.marketing.segments import Logic, work_out
from charging.marketing.sent import remember

OFFER = Campaign("spring", "battery-offer", "email")
LOGIC = Logic(
    "battery-fans",
    "1",
    ("product_ownership.product_id", "email_address.value"),
    "SELECT person_id FROM product_ownership WHERE product_id = 78",
)


def owns(at: Stage, person: int, key: str, number: int) -> None:
    at.business.add(
        "product_ownership",
        person,
        source="assigned",
        product_id=product(at, key, number),
        since=at.today(),
    )


@pytest.mark.promise("P-087")
def test_a_preview_counts_everybody_once_and_the_release_keeps_to_it(alone: Stage) -> None:
    at = alone
    fine = [at.customer() for _ in range(3)]
    owner, objector, silent = at.customer(), at.customer(), at.business.customer()
    owns(at, owner, "battery", 77)
    object_to_advertising(at.keeper, at.rules, objector)
    prospect = at.business.person(kind="prospect")
    found = preview(at.keeper, at.rules, templates(at), OFFER)
    assert found.allowed == 3
    assert {reason.key: n for reason, n in found.left_out.items()} == {
        "owns-product": 1,
        "objected": 1,
        "term-over": 2,  # no interaction yet
    }, (silent, prospect)
    assert sum(found.counts.values()) == 7
    assert all(reason.promise for reason in found.left_out)
    with pytest.raises(SendingError, match="not counted as it would go out"):
        release(at.keeper, at.rules, templates(at), Campaign("spring", "battery-offer", "sms"))
    object_to_advertising(at.keeper, at.rules, fine[0])
    assert release(at.keeper, at.rules, templates(at), OFFER) == 2, "who objected since is left out"
    with pytest.raises(SendingError, match="out already"):
        release(at.keeper, at.rules, templates(at), OFFER)
    with pytest.raises(SendingError, match="out already"):
        preview(at.keeper, at.rules, templates(at), OFFER)
    made, listing = door(at, after=remember)
    object_to_advertising(at.keeper, at.rules, fine[1])
    assert made.run().counts == {"sent": 1, "refused": 1}
    assert [letter.address for letter in listing.sent] == [f"p{fine[2]}@post.example"]
    row = at.keeper.execute(
        "SELECT person_id, campaign, clicked_at FROM data.marketing_interaction"
    ).fetchall()
    assert row == [(fine[2], "spring", None)]


@pytest.mark.promise("R-065")
@pytest.mark.promise("P-085")
@pytest.mark.promise("P-086")
def test_an_audience_is_a_segment_whose_logic_is_recorded(at: Stage) -> None:
    inside, outside = at.customer(), at.customer()
    owns(at, inside, "charger", 78)
    with at.world.raw("worker", autocommit=True) as worker:
        assert work_out(worker, at.world.plan, LOGIC) == 1
        assert work_out(worker, at.world.plan, LOGIC) == 1, "again changes nothing"
    found = preview(
        at.keeper, at.rules, templates(at), Campaign("fans", "battery-offer", "email", "battery-fans")
    )
    assert (found.allowed, found.left_out) == (1, {})
    assert found.made_of == ("email_address.value", "product_ownership.product_id")
    row = at.keeper.execute(
        "SELECT segment, made_of, counts FROM bloesem.campaign WHERE key = 'fans'"
    ).fetchone()
    assert row == ("battery-fans", list(found.made_of), {"allowed": 1})
    object_to_advertising(at.keeper, at.rules, inside)
    assert at.count("data.segment", person_id=inside) == 0, "profiling ends with the objection"
    with at.world.raw("worker", autocommit=True) as worker:
        work_out(worker, at.world.plan, LOGIC)
    assert at.count("data.segment", person_id=inside) == 0, "and is not done again"
    assert outside
    with pytest.raises(SendingError, match="no segment"):
        preview(at.keeper, at.rules, templates(at), Campaign("none", "battery-offer", "email", "unheard"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT person_id FROM credit_rating",
        "SELECT person_id FROM call_recording",
        "SELECT person_id FROM special_item",
        "SELECT person_id FROM session",
        "SELECT person_id FROM data.session",
    ],
)
@pytest.mark.promise("P-086")
def test_a_logic_that_looks_at_more_than_advertising_may_is_refused_by_postgresql(
    at: Stage, query: str
) -> None:
    with (
        at.world.raw("worker", autocommit=True) as worker,
        pytest.raises((psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege)),
    ):
        work_out(worker, at.world.plan, Logic("curious", "1", (), query))


@pytest.mark.promise("P-086")
def test_a_segment_that_says_it_was_made_of_more_is_no_audience(at: Stage) -> None:
    person = at.customer()
    owns(at, person, "charger", 78)
    at.business.add(
        "segment", person, source="derived:x", segment="rich", inputs="credit_rating.score", logic_version="1",
        made_for="marketing", made_at=at.now(),
    )  # fmt: skip
    with pytest.raises(SendingError) as error:
        preview(at.keeper, at.rules, templates(at), Campaign("rich", "battery-offer", "email", "rich"))
    assert "credit_rating.score" in str(error.value)
    assert "P-086" in error.value.rule
