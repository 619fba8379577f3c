"""The sending door: messages decided and recorded per second, an audience among many, and an objection until the next send.

Ours: each message is decided from facts and masks, recorded, decided again under the person's lock, claimed and committed,
handed to a transport that takes everything, and its outcome committed. Theirs: the same rows written to a table by hand, two
commits each, with no question asked. The audience is the preview of a campaign: everybody counted, per reason.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg import sql

from bench.measure import Figure, Times, alternate, parser, tell, timed
from bench.world import ROOT, STEP, Base, base
from bloesem.company import load
from bloesem.consent.links import LinkKeys
from bloesem.consent.suppression import SuppressionKeys
from bloesem.consent.tables import object_to_advertising
from bloesem.plan.dates import civil
from bloesem.sending import ready, tables
from bloesem.sending.campaign import Campaign, preview
from bloesem.sending.door import Door
from bloesem.sending.reasons import ALLOWED
from bloesem.sending.templates import load_templates
from bloesem.sending.transports import Letter, Outcome, Place
from bloesem.stores.load import insert_select, quietly, states
from bloesem.stores.postgres import Connection

MILLION = 1_000_000
#: Of a thousand people: who objected, refused e-mail, owns the product, was never offered to refuse.
OBJECTED, REFUSED, OWNS, NOT_OFFERED = 50, 30, 100, 70


class Taker:
    """A transport that takes everything at once."""

    def send(self, letter: Letter) -> Outcome:
        return Outcome.SENT

    def close(self) -> None:
        """Nothing is open."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser(__doc__, people=100_000)
    options.add_argument("--messages", type=int, default=400, help="messages per turn (400)")
    options.add_argument("--turns", type=int, default=5, help="turns of each side (5)")
    chosen = options.parse_args(arguments)
    return tell(figures(chosen.people, chosen.messages, chosen.turns), as_json=chosen.json)


def figures(people: int, messages: int, turns: int) -> list[Figure]:
    now = dt.datetime.now(dt.UTC)
    with base(civil(now)) as made, made.connect() as keeper, tempfile.TemporaryDirectory() as keys:
        loaded = load(ROOT / "company" / "blossom", on=civil(now), prefix=made.plan.prefix)
        rules = ready.rules_of(loaded)
        assert rules is not None
        tables.install(keeper, rules)
        _fill(keeper, made, people, now)
        folder = loaded.company.messages
        assert folder is not None
        templates = load_templates(folder / "templates", rules, civil(now))
        door = Door(
            keeper,
            rules,
            templates,
            LinkKeys.at(Path(keys)),
            SuppressionKeys.at(Path(keys)),
            Place("blossom.example", "https://blossom.example", "news@blossom.example"),
            {"email": Taker()},
        )
        return [
            _rate(door, keeper, people, messages, turns),
            _audience(door, keeper, people, turns),
            _objection(door, keeper, people, max(turns, 10)),
        ]


def _rate(door: Door, keeper: Connection, people: int, messages: int, turns: int) -> Figure:
    keeper.execute(
        "CREATE TABLE public.plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person bigint, state text)"
    )
    clear = f"DELETE FROM {door.rules.plan.schema}.outbox".encode()
    # Those of whom nothing stands in the way: numbers from the end of each thousand.
    fine = [n * STEP for n in range(1, people + 1) if n % 1000 > OBJECTED + REFUSED + OWNS + NOT_OFFERED][
        :messages
    ]

    def ours() -> None:
        for person in fine:
            door.submit("battery-offer", "email", [person])
        if door.run().counts != {"sent": len(fine)}:
            raise AssertionError("not everything was sent")

    def theirs() -> None:
        for person in fine:
            keeper.execute("INSERT INTO public.plain (person, state) VALUES (%s, 'claimed')", [person])
            keeper.execute(
                "UPDATE public.plain SET state = 'sent' WHERE id = (SELECT max(id) FROM public.plain)"
            )

    times = alternate([ours, lambda: keeper.execute(clear), theirs], turns, warm=1, ordered=True)
    rates = [Times(tuple(len(fine) / ms * 1000 for ms in side.all)) for side in (times[0], times[2])]
    more = {"messages": len(fine), "people": people, "spread": [rate.spread() for rate in rates]}
    return Figure(
        "door: messages", rates[0].median, rates[1].median, 200, "msg/s", of="ours", at_least=True, more=more
    )


def _audience(door: Door, keeper: Connection, people: int, turns: int) -> Figure:
    campaign = Campaign("bench", "battery-offer", "email")
    found: dict[Any, int] = {}
    taken = []
    for _ in range(max(turns, 3)):
        taken.append(
            timed(lambda: found.update(preview(keeper, door.rules, door.templates, campaign).counts)) / 1000
        )
    thousands = people // 1000
    expected = (1000 - OBJECTED - REFUSED - OWNS - NOT_OFFERED) * thousands
    if thousands and found.get(ALLOWED) != expected:
        raise AssertionError(f"{found.get(ALLOWED)} may be written to where {expected} were expected")
    times = Times(tuple(taken))
    more = {"people": people, "counts": {r.key: n for r, n in found.items()}, "spread": times.spread()}
    return Figure(f"door: audience of {people:,}", times.median, None, 5, "s", of="ours", more=more)


def _objection(door: Door, keeper: Connection, people: int, turns: int) -> Figure:
    """From an objection until a message that waited is refused."""
    times = []
    fine = [n * STEP for n in range(people, 0, -1) if n % 1000 > OBJECTED + REFUSED + OWNS + NOT_OFFERED]
    for person in fine[:turns]:
        door.submit("battery-offer", "email", [person])
        begun = time.perf_counter()
        object_to_advertising(keeper, door.rules, person)
        if door.step() != "refused":
            raise AssertionError("an objection was recorded, and the message went out")
        times.append((time.perf_counter() - begun) * 1000)
    found = Times(tuple(times))
    more = {"turns": len(times), "spread": found.spread()}
    return Figure("door: objection to refusal", found.median, None, 50, "ms", of="ours", more=more)


def _fill(keeper: Connection, made: Base, people: int, now: dt.datetime) -> None:
    """Customers with an address from the contract and a login of late; of each thousand some are left out for a reason."""
    n = f"generate_series(1, {people}) AS n"
    ago = f"timestamptz '{now - dt.timedelta(days=100)}'"
    one, two, three, four = (
        OBJECTED,
        OBJECTED + REFUSED,
        OBJECTED + REFUSED + OWNS,
        OBJECTED + REFUSED + OWNS + NOT_OFFERED,
    )
    with keeper.transaction(), quietly(keeper):
        for statement in (
            "INSERT INTO data.product (id, key, label_nl, label_en, service, price_cents) VALUES (7, 'battery', '', '', 'hems', 0)",
            "INSERT INTO data.person (id, recorded_at, source, customer_number, language, kind, state) "
            f"SELECT n * {STEP}, {ago}, 'assigned', 'C' || n, 'nl', 'driver', 'customer' FROM {n}",
            "INSERT INTO data.account (id, person_id, recorded_at, source, opened_at) "
            f"SELECT n * {STEP}, n * {STEP}, {ago}, 'assigned', {ago} FROM {n}",
            "INSERT INTO data.contract (id, person_id, recorded_at, source, ordered_at) "
            f"SELECT n * {STEP}, n * {STEP}, {ago}, 'subject:contract', {ago} FROM {n}",
            "INSERT INTO data.product_ownership (id, person_id, recorded_at, source, product_id, since) "
            f"SELECT n * {STEP}, n * {STEP}, {ago}, 'assigned', 7, {ago}::date FROM {n}"
            f" WHERE n % 1000 > {two} AND n % 1000 <= {three}",
        ):
            keeper.execute(statement.encode())
        states(keeper, made.plan, now)
        for kind, key, low, high in (
            ("objection", "marketing", 0, one),
            ("channel", "email", one, two),
        ):
            keeper.execute(
                "INSERT INTO bloesem.fact (person_id, kind, key, starts_at)"
                f" SELECT n * {STEP}, '{kind}', '{key}', {ago} FROM {n} WHERE n % 1000 > {low} AND n % 1000 <= {high}".encode()
            )
        keeper.execute(
            b"UPDATE bloesem.state o SET used = c.used, kept = c.kept, ends = c.ends"
            b" FROM bloesem.compute_state(ARRAY(SELECT person_id FROM bloesem.fact WHERE kind = 'objection'), %s) c"
            b" WHERE c.person_id = o.person_id",
            [now],
        )
        insert_select(
            keeper,
            made.plan,
            "email_address",
            (
                *(
                    "id",
                    "person_id",
                    "recorded_at",
                    "source",
                    "value",
                    "value_norm",
                    "collected_at",
                    "opt_out_offered",
                ),
                "suppression_key",
            ),
            sql.SQL(
                f"SELECT n * {STEP}, n * {STEP}, {ago}, 'subject:contract', 'p' || n || '@post.example',"
                f" 'p' || n || '@post.example', {ago}, n % 1000 <= {three} OR n % 1000 > {four},"
                f" '\\x00000001'::bytea || sha256(n::text::bytea) FROM {n}"
            ),
            now,
        )
        keeper.execute(
            "INSERT INTO bloesem.suppression (kind, digest, scope, since) SELECT 'email',"
            f" '\\x00000001'::bytea || sha256(('gone ' || n)::bytea), 'all', {ago} FROM generate_series(1, {people // 20}) AS n".encode()
        )
    keeper.execute("VACUUM (ANALYZE)")
    keeper.execute("CHECKPOINT")


if __name__ == "__main__":
    raise SystemExit(main())
