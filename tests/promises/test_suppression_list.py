"""The list of those who want no advertising: what an entry is, why it is kept, and that nothing goes past it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bloesem.consent.stage import Stage
from tests.bloesem.recipients.store import blossom_store, files, unblocked  # noqa: F401
from tests.bloesem.recipients.test_delivery import at, give, nothing_open  # noqa: F401
from tests.bloesem.sending.stage import door, fresh_list

from bloesem.consent.suppression import SuppressionKeys, listed, screen, suppress
from bloesem.consent.tables import object_to_advertising
from bloesem.datamap.own import own_map
from bloesem.plan.model import Fact
from bloesem.stores.facts import record_fact

GONE = "weg@post.example"


def arrives(stage: Stage, address: str, number: str | None = None) -> int:
    """Somebody comes in again, from whatever import: rows are written, and nobody calls anything else."""
    person = stage.business.customer()
    stage.business.add("contract", person, ordered_at=stage.now())
    stage.business.add(
        "email_address", person, value=address, value_norm=address.lower(), collected_at=stage.now(), opt_out_offered=True
    )  # fmt: skip
    if number:
        stage.business.add(
            "phone_number", person, value=number, value_norm=number, collected_at=stage.now(), opt_out_offered=True
        )  # fmt: skip
    return person


def answer(stage: Stage, person: int, channel: str = "email") -> str:
    made, _ = door(stage)
    return made.submit("battery-offer", channel, [person])[0].reason.key


@pytest.mark.promise("P-095")
def test_an_entry_holds_a_digest_a_scope_and_a_date_for_a_purpose_that_is_written_down(at: Stage) -> None:  # noqa: F811
    suppress(at.keeper, at.rules, at.keys, "email", "enkel@post.example", scope="sms")
    row = at.keeper.execute("SELECT * FROM bloesem.suppression WHERE scope = 'sms'").fetchone()
    names = at.keeper.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'bloesem.suppression'::regclass AND attnum > 0"
    ).fetchall()
    assert {name for (name,) in names} == {"kind", "digest", "scope", "since"}
    assert row is not None
    assert b"enkel" not in b"".join(value for value in row if isinstance(value, bytes))
    stranger = SuppressionKeys(((1, bytes(32)),))
    assert bytes(row[[n for (n,) in names].index("digest")]) not in stranger.names(
        "email", "enkel@post.example"
    )
    (said,) = [one for set_ in own_map().dataset for one in set_.collections if one.name == "suppression"]
    why = str(said.meta)
    assert "21(3)" in why
    assert "17(3)(b)" in why
    readable = at.keeper.execute(
        "SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE %s AND has_table_privilege(r.oid, 'bloesem.suppression',"
        " 'SELECT, INSERT, UPDATE, DELETE') AND r.rolname <> %s",
        [at.world.plan.prefix + "%", at.world.plan.role("keeper")],
    ).fetchall()
    assert readable == [], "what compares uses it, and nothing else"


@pytest.mark.promise("P-095")
def test_it_outlives_erasure_and_is_asked_at_each_import_send_call_and_upload(
    at: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    number = "+32470123987"
    person = at.business.person(kind="prospect")
    at.email(person, GONE, source="subject:contactformulier")
    at.phone(person, number, source="subject:contactformulier")
    at.agree(person, source="subject:contactformulier")
    object_to_advertising(at.keeper, at.rules, person)
    record_fact(at.keeper, at.world.plan, Fact(person, "erasure", "17(1)(c)", at.now()))
    assert at.count("data.email_address", person_id=person) == 0
    assert listed(at.keeper, at.rules, at.keys, "email", GONE) is not None, "it outlives who entered it"

    fresh_list(at)
    again = arrives(at, "Weg@Post.example", number)
    kept = at.customer("blijft@post.example")
    # Before it is compared, nothing: the row has no name in the list, and none is advertised to without one.
    for channel in ("email", "sms", "phone"):
        assert answer(at, again, channel) == "unscreened", channel
    done = give(at, [again, kept], tmp_path, "klaproos", "marketing", "winter-2026")
    assert done.people == {kept}
    assert done.left_out == {"unscreened": 1}
    # Nobody but who compares can say that it was: no login writes the name of a row (the tables' owner sees none).
    for table in at.rules.points_of_kind():
        writers = at.keeper.execute(
            "SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE %s AND NOT r.rolsuper AND r.rolname <> ALL (%s) AND"
            " (has_column_privilege(r.oid, %s, 'suppression_key', 'INSERT')"
            " OR has_column_privilege(r.oid, %s, 'suppression_key', 'UPDATE'))",
            [
                at.world.plan.prefix + "%",
                [at.world.plan.role("keeper"), at.world.plan.role("owner")],
                f"data.{table}",
                f"data.{table}",
            ],
        ).fetchall()
        assert [w[0] for w in writers] == [], table
    # Compared: found, and the person objects as whoever entered it did.
    assert screen(at.keeper, at.rules, at.keys).found == 2, "the address, and the number"
    for channel in ("email", "sms", "phone"):
        assert answer(at, again, channel) in ("objected", "suppressed"), channel
    assert not at.bits(again) & {"marketing", "consent_marketing"}
    later = give(at, [again, kept], tmp_path, "klaproos", "marketing", "winter-2026")
    assert later.people == {kept}
    assert GONE not in "".join(files(later.directory).values()).lower()
    # An address that changes into one of the list is compared anew.
    at.business.write("email_address", kept, value=GONE, value_norm=GONE)
    assert answer(at, kept) == "unscreened"
    screen(at.keeper, at.rules, at.keys)
    assert answer(at, kept) in ("objected", "suppressed")
