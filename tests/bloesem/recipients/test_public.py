"""What was made public is known, and whoever has it is told of an erasure, with proof or escalation (art. 17(2))."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.bloesem.recipients.changed import DAY, blossom
from tests.bloesem.recipients.store import blossom_store, invoiced, unblocked  # noqa: F401
from tests.promises.business import Business

from bloesem.datamap.load import read_map
from bloesem.errors import RightsError
from bloesem.plan.dates import midnight
from bloesem.recipients import notices, public
from bloesem.recipients.public import Place
from bloesem.recipients.send import send
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.identify import Who
from bloesem.sending.transports import Letter, Outcome
from bloesem.sending.transports import Place as Site

DAWN = midnight(
    DAY
)  # the database goes by the hour of the real clock: what comes before an act is before any hour of the day
NOON = DAWN + dt.timedelta(hours=12)
PAGE = Place("Blossom Energy", "https://blossom.example/winnaars", "web@blossom.example", ours=True)
SEARCH = Place("Zoekhulp", "https://zoekhulp.example/?q=winnaars", "wissen@zoekhulp.example")
FORUM = Place("Laadforum", "https://laadforum.example/t/12")  # nobody's mailbox is known: a person writes


class Post:
    """A mail server that takes all."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return Outcome.SENT

    def close(self) -> None:
        pass


def desk(store: Business) -> GuardedDesk:
    return GuardedDesk(store.world.admin, store.world.plan, read_map(blossom().maps).datamap)


def wanted(person: int) -> tuple[tuple[Who, ...], ...]:
    return ((Who("id", str(person), "person"),),)


def winner(store: Business) -> tuple[int, int]:
    """Somebody whose name stands on a page of winners, found by a search engine and copied to a forum."""
    admin, plan = store.world.admin, store.world.plan
    person = store.person(kind="prospect", source="subject:contactformulier")
    store.add(
        "contact", person, channel="other", direction="inbound", at=DAWN, about="form", content="Gewonnen?"
    )
    store.add("person_name", person, given_name="Ann", family_name="Aerts", collected_at=DAWN)
    number = public.publish(
        admin, plan, person, "sales", "person_name", ["given_name", "family_name"], PAGE, "officer:1", DAWN
    )
    for place in (SEARCH, FORUM):
        public.taken_over(admin, plan, number, place, DAWN)
    return person, number


def told(store: Business, person: int) -> list[Any]:
    return [one for one in notices.open_notices(store.world.admin) if one.person == person]


@pytest.mark.promise("R-027")
def test_whoever_links_to_or_copied_what_was_public_is_told_of_its_erasure(
    blossom_store: Business,  # noqa: F811
) -> None:
    store = blossom_store
    admin, plan = store.world.admin, store.world.plan
    person, number = winner(store)
    other = invoiced(store, "Baert")
    # Who is asked for a copy hears where it stands.
    shown = desk(store).access(wanted(person))["recipients"]
    assert [one["name"].partition(" (")[0] for one in shown] == ["Blossom Energy", "Zoekhulp", "Laadforum"]
    # A correction of something else tells nobody; an erasure each of them, in its own transaction.
    assert told(store, person) == []
    done = desk(store).erase(wanted(person))
    pages = {f"{one.name} ({one.url})" for one in (PAGE, SEARCH, FORUM)}
    assert {one["name"] for one in done.told} == pages, "and the answer names them"
    assert told(store, other) == []
    queued = told(store, person)
    assert {one.recipient for one in queued} == {
        place.recipient for one in public.listed(admin, plan, [person]) for place in one.places
    }
    assert all(one.given == {"person_name": ("given_name", "family_name")} for one in queued)
    # By mail where a mailbox is known: which page, which article, and no value; the rest is a person's to write.
    post = Post()
    where = Site("blossom.example", "https://blossom.example", "privacy@blossom.example", "Blossom")
    went = send(admin, {}, post, where, NOON, prefix=plan.prefix)
    mine = {one.id for one in queued}
    assert {one.recipient for one in went.tasks if one.id in mine} == {
        place.recipient
        for one in public.listed(admin, plan, [person])
        for place in one.places
        if not place.contact
    }
    letters = {letter.address: letter.text for letter in post.letters}
    assert {PAGE.contact, SEARCH.contact} <= set(letters)
    assert all(
        word in letters["wissen@zoekhulp.example"] for word in (SEARCH.url, "art. 17(2)", "kopie", "link")
    )
    assert "Aerts" not in letters["wissen@zoekhulp.example"]
    # It is followed until it is gone: what has no proof on its day is escalated, and the entry stays open.
    with pytest.raises(RightsError, match="cannot be closed"):
        public.withdrawn(admin, plan, number, DAY)
    late = notices.escalate(admin, queued[0].due + dt.timedelta(days=1), NOON)
    assert mine <= {one.id for one in late}
    for one in queued:
        if one.recipient in {it.recipient for it in went.tasks}:
            notices.sent(admin, one.id, "letter of today", NOON)
        notices.proven(admin, one.id, "the page is gone", NOON)
    public.withdrawn(admin, plan, number, DAY)
    assert all(one.withdrawn == DAY for one in public.listed(admin, plan, [person]))


def test_what_the_clock_erases_is_told_too_and_what_is_not_gone_is_not(
    blossom_store: Business,  # noqa: F811
) -> None:
    store = blossom_store
    admin = store.world.admin
    person, _ = winner(store)
    gone = "SELECT bloesem.tell_of_the_gone(ARRAY[%s]::bigint[], bloesem.moment())"
    admin.execute(gone.encode(), [person])
    assert told(store, person) == []
    admin.execute(
        "UPDATE data.person_name SET given_name = NULL, family_name = NULL WHERE person_id = %s", [person]
    )
    for _ in range(2):
        admin.execute(gone.encode(), [person])
    assert len(told(store, person)) == 3, "each once"


@pytest.mark.parametrize(
    ("purpose", "table", "columns", "page"),
    [
        ("marketing", "bank_account", ["iban"], PAGE),
        ("sales", "person_name", [], PAGE),
        ("sales", "person_name", ["given_name"], Place("x", "not an address")),
        ("sales", "person_name", ["given_name"], Place("x", "https://x.example", "no mailbox")),
    ],
)
def test_nothing_is_public_without_a_purpose_that_reads_it_or_without_a_place(
    blossom_store: Business,  # noqa: F811
    purpose: str,
    table: str,
    columns: list[str],
    page: Place,
) -> None:
    store = blossom_store
    with pytest.raises(RightsError), store.world.admin.transaction():
        public.publish(
            store.world.admin,
            store.world.plan,
            invoiced(store),
            purpose,
            table,
            columns,
            page,
            "officer:1",
            NOON,
        )
