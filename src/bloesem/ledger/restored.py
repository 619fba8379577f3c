"""Written outside, and done again: what people asked since a back-up is repeated in a database that was put back (P-107).

`keep` is called by the keeper's helper in each of its rounds, and by `bloesem up` before the first page. Where the file goes
further than the database knows, the database is older than the file: what the file says is done again first. All of it may
be done again without harm: a fact that is there is not recorded twice, and ends when it ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import IsolationLevel
from psycopg.types.json import Jsonb

from bloesem.ledger.acts import record_act
from bloesem.ledger.journal import Entry, Journal
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan
from bloesem.plan.predicates import sql as condition
from bloesem.plan.quoting import ident, qualified
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection
from bloesem.terms import counted

#: For how long an entry waits to be written.
UNWRITTEN = "60 days"
#: People per transaction.
BATCH = 500
#: One at a time writes the file, or does it again.
_ALONE = "pg_advisory_xact_lock(hashtextextended('bloesem journal', 0))"


@dataclass(frozen=True)
class Again:
    """What was found and done. `behind`: lines that the database did not know; `facts`: recorded, by kind; `ended`: facts
    that end when they ended; `consents`: people whose consent ended; `listed`: addresses in the list again; `unknown`:
    entries about people, rows or purposes that are not here; `lost`: lines that the database knows and the file has not."""

    behind: int = 0
    facts: Mapping[str, int] = field(default_factory=dict)
    ended: int = 0
    consents: int = 0
    listed: int = 0
    unknown: int = 0
    lost: int = 0

    @property
    def done(self) -> int:
        return sum(self.facts.values()) + self.ended + self.consents + self.listed

    def counts(self) -> dict[str, Any]:
        """Numbers alone, as an act has them."""
        said = {"lines": self.behind, "ended": self.ended, "consents": self.consents, "listed": self.listed}
        return {"facts": dict(self.facts), **said, "unknown": self.unknown, "lost": self.lost}

    def lines(self, *, dry_run: bool = False) -> list[str]:
        """What was done again, for people."""
        said = []
        if self.lost:
            said.append(
                f"{counted(self.lost, 'line')} that this database knows of"
                f" {'is' if self.lost == 1 else 'are'} not in the file: restore it from a copy"
            )
        if not self.behind:
            return [*said, "this database knows all that the file says"]
        would = "would be" if dry_run else "was"
        said.append(f"the database is older than the file by {counted(self.behind, 'line')}")
        said += [f"  {kind}: {number} {would} recorded again" for kind, number in sorted(self.facts.items())]
        more = (
            (self.ended, "ended as it had ended"),
            (self.consents, "withdrew a consent again"),
            (self.listed, "of an address entered again that wants no advertising"),
        )
        said += [f"  {number} {would} {what}" for number, what in more if number]
        if self.unknown:
            said.append(f"  {counted(self.unknown, 'entry', 'entries')} about who or what is not here")
        return said


def there(connection: Connection, plan: Plan) -> bool:
    """Whether this database keeps a journal: its plan was installed since there is one."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{plan.schema}.journal_mark"]).fetchone()
    return row == (True,)


def waits(connection: Connection, plan: Plan) -> bool:
    """Whether there is something to write."""
    row = connection.execute(f"SELECT EXISTS (SELECT FROM {ident(plan.schema)}.journal_entry)".encode())
    return row.fetchone() == (True,)


def keep(connection: Connection, plan: Plan, journal: Journal, kept: str | None) -> Again:
    """What the database does not know is done again; what waits is written; what no back-up is older than goes.

    in: as keeper or superuser, on a connection that commits each statement by itself; for how long the company keeps its
    back-ups. raises: LedgerError for a file that was changed.
    """
    with _alone(connection):
        mark = _mark(connection, plan)
        last = journal.last().number
    done = Again(lost=mark - last) if last < mark else Again()
    if last > mark:
        done = again(connection, plan, journal, mark)
    write(connection, plan, journal)
    journal.forget(civil(moment(connection, plan)), kept)
    return done


def found(
    connection: Connection, plan: Plan, journal: Journal, *, every: bool = False, dry_run: bool = False
) -> Again:
    """The first half of `keep`, when somebody asks for it. in: `every`: from the first line on, whatever the database knows.
    out: as `keep`."""
    mark, last = _mark(connection, plan), journal.last().number
    if last <= mark and not every:
        return Again(lost=mark - last)
    done = again(connection, plan, journal, 0 if every else mark, dry_run=dry_run)
    return replace(done, lost=max(0, mark - last))


def write(connection: Connection, plan: Plan, journal: Journal) -> int:
    """Entries that wait go into the file, and from the database when they are on disk. out: how many."""
    s = ident(plan.schema)
    with _alone(connection):
        rows = connection.execute(f"SELECT id, said FROM {s}.journal_entry ORDER BY id".encode()).fetchall()
        if rows:
            today = civil(moment(connection, plan))
            last = journal.append([said for _, said in rows], today, _mark(connection, plan))
            connection.execute(
                f"DELETE FROM {s}.journal_entry WHERE id = ANY (%s)".encode(),
                [[number for number, _ in rows]],
            )
            connection.execute(f"UPDATE {s}.journal_mark SET written = %s".encode(), [last.number])
    return len(rows)


def forget(connection: Connection, plan: Plan) -> int:
    """Where nothing writes a file (no helper runs on this database), entries go after `UNWRITTEN`. in: as keeper. out: how
    many."""
    if not there(connection, plan):
        return 0
    return connection.execute(
        f"DELETE FROM {ident(plan.schema)}.journal_entry WHERE at < clock_timestamp() - interval '{UNWRITTEN}'".encode()
    ).rowcount


def again(
    connection: Connection, plan: Plan, journal: Journal, after: int, *, dry_run: bool = False
) -> Again:
    """Does again what the lines after this one say. in: as `keep`; `dry_run`: say what would be, and take it back."""
    wanted = Wanted.of(journal.after(after))
    last = journal.last().number
    done, facts = Again(behind=last - after), Counter[str]()
    ended = unknown = consents = listed = 0
    people = sorted(wanted.people())
    for part in (people[at : at + BATCH] for at in range(0, len(people), BATCH)):
        with _alone(connection, undo=dry_run):
            made = _Batch(connection, plan, wanted, part).do()
        facts.update(made.facts)
        ended, consents, unknown = ended + made.ended, consents + made.consents, unknown + made.unknown
    with _alone(connection, undo=dry_run):
        listed = _list(connection, plan, wanted)
        done = Again(done.behind, dict(facts), ended, consents, listed, unknown)
        record_act(connection, "restored", moment(connection, plan), counts=done.counts(), schema=plan.schema)
        if last > after:  # what the lines between say of seals is about a database that is no more
            connection.execute(
                f"INSERT INTO {ident(plan.schema)}.journal_entry (said) VALUES (%s)".encode(),
                [Jsonb({"what": "restored", "from": after, "to": last})],
            )
        connection.execute(
            f"UPDATE {ident(plan.schema)}.journal_mark SET written = GREATEST(written, %s)".encode(), [last]
        )
    return done


def broken(connection: Connection, plan: Plan, journal: Journal) -> list[int]:
    """Seals of acts that are not in the database as they were written outside of it: the chain was rewritten, whole. out:
    their numbers. raises: LedgerError."""
    mark, gone = _mark(connection, plan), list[tuple[int, int]]()
    sealed: list[tuple[int, int, str]] = []
    for line, said in journal.numbered(0):
        if said["what"] == "restored":
            gone.append((int(said["from"]), int(said["to"])))
        elif said["what"] == "seal" and line <= mark:
            sealed.append((line, int(said["id"]), str(said["digest"])))
    outside = {
        number: digest
        for line, number, digest in sealed
        if not any(first < line <= last for first, last in gone)
    }
    here: dict[int, str] = dict(
        connection.execute(
            f"SELECT id, encode(digest, 'hex') FROM {ident(plan.schema)}.act_seal WHERE id = ANY (%s)".encode(),
            [list(outside)],
        ).fetchall()
    )
    return sorted(number for number, digest in outside.items() if here.get(number) != digest)


def told(broken: Sequence[int]) -> list[str]:
    """R-055: what was done is proven by a chain that nobody rewrites unseen."""
    if not broken:
        return []
    numbers = ", ".join(map(str, broken[:10])) + (" …" if len(broken) > 10 else "")
    what = f"seals that are not what was written outside of the database: {numbers}"
    return [f"{what}; acts were changed, or the whole chain was made anew"]


# ---- what the lines come to ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """All lines together: each fact once, with the end that is known of it; each consent with its latest end; the list."""

    facts: Mapping[tuple[Any, ...], Entry]
    consents: Mapping[tuple[int, str], int]
    listed: Mapping[tuple[str, str], Entry]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Wanted:
        """Whatever order they are in: an end comes only sooner, and an entry of the list only later."""
        facts: dict[tuple[Any, ...], Entry] = {}
        consents: dict[tuple[int, str], int] = {}
        listed: dict[tuple[str, str], Entry] = {}
        for one in entries:
            if one["what"] == "fact":
                name = _name(one)
                ends = [e for e in (one.get("ends"), facts.get(name, {}).get("ends")) if e is not None]
                facts[name] = {**one, "ends": min(ends, default=None)}
            elif one["what"] == "consent" and one.get("ends") is not None:
                key = (int(one["person"]), str(one["key"]))
                consents[key] = max(int(one["ends"]), consents.get(key, 0))
            elif one["what"] == "listed":
                place = (str(one["digest"]), str(one["scope"]))
                if place not in listed or int(listed[place]["since"]) < int(one["since"]):
                    listed[place] = one
        return cls(facts, consents, listed)

    def people(self) -> set[int]:
        return {int(one["person"]) for one in self.facts.values()} | {person for person, _ in self.consents}


def _name(one: Entry) -> tuple[Any, ...]:
    """What a fact is known by: its number is another one in a database that was put back."""
    return tuple(one.get(part) for part in ("person", "kind", "key", "starts", "table", "row"))


@dataclass
class _Made:
    facts: Counter[str]
    ended: int = 0
    consents: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class _Batch:
    """Some of the people, in one transaction: their states are locked in id order, as whoever records a fact does."""

    connection: Connection
    plan: Plan
    wanted: Wanted
    people: Sequence[int]

    def do(self) -> _Made:
        s = ident(self.plan.schema)
        self.connection.execute(f"SELECT {s}.lock_people(%s::bigint[])".encode(), [list(self.people)])
        here = {
            number
            for (number,) in self.connection.execute(
                f"SELECT person_id FROM {s}.state WHERE person_id = ANY (%s)".encode(), [list(self.people)]
            ).fetchall()
        }
        mine = set(self.people)
        all_ = [one for one in self.wanted.facts.values() if one["person"] in mine]
        facts = self._possible([one for one in all_ if one["person"] in here])
        made = _Made(self._record(facts), self._end(facts), unknown=len(all_) - len(facts))
        made.consents = self._withdraw(here)
        self.connection.execute(
            f"SELECT {s}.refresh(%s::bigint[], {s}.moment(), true)".encode(), [sorted(here)]
        )
        return made

    def _possible(self, facts: Sequence[Entry]) -> list[Entry]:
        """Those about a purpose of this plan, and about a row that is here and theirs."""
        named = ("consent", "objection", "assessing", "hold")
        known = [one for one in facts if one["kind"] not in named or one["key"] in self.plan.by_key]
        tables = {str(one["table"]) for one in known if one.get("table")}
        rows: set[tuple[str, int, int]] = set()
        for name in tables & set(self.plan.by_name):
            table = self.plan.table(name)
            wanted = [int(one["row"]) for one in known if one.get("table") == name]
            for owner in table.owners:
                found = self.connection.execute(
                    f"SELECT {ident(table.id)}, {ident(owner)} FROM {qualified(table.schema, table.name)}"
                    f" WHERE {ident(table.id)} = ANY (%s) AND {ident(owner)} IS NOT NULL".encode(),
                    [wanted],
                ).fetchall()
                rows |= {(name, number, person) for number, person in found}
        return [
            one
            for one in known
            if not one.get("table") or (one["table"], int(one["row"]), int(one["person"])) in rows
        ]

    def _columns(self, facts: Sequence[Entry]) -> tuple[str, list[list[Any]]]:
        """SQL of the facts as rows, and its values."""
        parts = (
            *(
                ("person", "bigint"),
                ("kind", "text"),
                ("key", "text"),
                ("starts", "bigint"),
                ("ends", "bigint"),
            ),
            *(
                ("table", "text"),
                ("row", "bigint"),
                ("held_by", "text"),
                ("reason", "text"),
                ("review", "date"),
            ),
        )
        values = [[one.get(name) for one in facts] for name, _ in parts]
        given = ", ".join(f"%s::{kind}[]" for _, kind in parts)
        rows = (
            f"(SELECT person, kind, key, {_at('starts')} AS starts, {_at('ends')} AS ends, in_table, of_row, held_by,"
            f" reason, review FROM unnest({given}) AS u (person, kind, key, starts, ends, in_table, of_row, held_by, reason,"
            " review)) AS j"
        )
        return rows, values

    def _record(self, facts: Sequence[Entry]) -> Counter[str]:
        """Facts that are not here."""
        s, (rows, values) = ident(self.plan.schema), self._columns(facts)
        found = self.connection.execute(
            f"INSERT INTO {s}.fact (person_id, kind, key, starts_at, ends_at, table_name, row_id, held_by, reason,"
            f" review_on) SELECT * FROM {rows} WHERE NOT EXISTS (SELECT FROM {s}.fact f WHERE {_SAME})"
            " RETURNING kind".encode(),
            values,
        ).fetchall()
        return Counter(str(kind) for (kind,) in found)

    def _end(self, facts: Sequence[Entry]) -> int:
        """Facts that are here, and ended since."""
        s, (rows, values) = ident(self.plan.schema), self._columns(facts)
        return self.connection.execute(
            f"UPDATE {s}.fact f SET ends_at = CASE WHEN f.ends_at IS NULL THEN j.ends"
            f" ELSE GREATEST(j.ends, {s}.moment()) END FROM {rows}"
            f" WHERE {_SAME} AND j.ends IS NOT NULL AND (f.ends_at IS NULL"
            f" OR f.ends_at > GREATEST(j.ends, {s}.moment()))".encode(),
            values,
        ).rowcount

    def _withdraw(self, here: set[int]) -> int:
        """Consents that hold here, and were withdrawn since: their column says so, and the fact follows."""
        s = ident(self.plan.schema)
        mine = [(p, key, ends) for (p, key), ends in self.wanted.consents.items() if p in here]
        people: set[int] = set()
        for table in self.plan.tables:
            for fact in table.facts:
                ends = [(person, at) for person, key, at in mine if key == fact.key]
                if fact.kind != "consent" or fact.until is None or not ends:
                    continue
                at, until = f"r.{ident(fact.at)}", f"r.{ident(fact.until)}"
                when = f" AND {condition(fact.when, 'r')}" if fact.when else ""
                found = self.connection.execute(
                    f"UPDATE {qualified(table.schema, table.name)} r SET {ident(fact.until)} = {_at('j.ends')}"
                    f" FROM unnest(%s::bigint[], %s::bigint[]) AS j (person, ends) WHERE r.{ident(fact.owner)} = j.person"
                    f" AND {at} <= {_at('j.ends')} AND ({until} IS NULL OR {until} > GREATEST({_at('j.ends')},"
                    f" {s}.moment())){when} RETURNING j.person".encode(),
                    [[person for person, _ in ends], [at for _, at in ends]],
                ).fetchall()
                people |= {person for (person,) in found}
        return len(people)


#: SQL: whether a fact is the one that a line is about.
_SAME = (
    "f.person_id = j.person AND f.kind = j.kind AND f.key = j.key AND f.starts_at = j.starts AND f.source_row IS NULL"
    " AND f.table_name IS NOT DISTINCT FROM j.in_table AND f.row_id IS NOT DISTINCT FROM j.of_row"
)


def _at(microseconds: str) -> str:
    """SQL of a moment. Whole numbers throughout: a fraction of a second in floating point would be another moment."""
    return f"(timestamptz 'epoch' + {microseconds} * interval '1 microsecond')"


def _list(connection: Connection, plan: Plan, wanted: Wanted) -> int:
    """Addresses that want no advertising are in the list again."""
    s, said = ident(plan.schema), list(wanted.listed.values())
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{plan.schema}.suppression"]).fetchone()
    if not said or row != (True,):
        return 0
    return connection.execute(
        f"INSERT INTO {s}.suppression (kind, digest, scope, since)"
        f" SELECT kind, decode(digest, 'hex'), scope, {_at('since')}"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS j (kind, digest, scope, since)"
        " ON CONFLICT (digest, scope) DO NOTHING".encode(),
        [[one[part] for one in said] for part in ("kind", "digest", "scope", "since")],
    ).rowcount


# ---- one at a time -------------------------------------------------------------------------------------------------------


def _mark(connection: Connection, plan: Plan) -> int:
    row = connection.execute(f"SELECT written FROM {ident(plan.schema)}.journal_mark".encode()).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _alone(connection: Connection, *, undo: bool = False) -> Iterator[None]:
    """A transaction that is READ COMMITTED, as facts change in no other, and in which nobody else is at the journal."""
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    with connection.transaction(force_rollback=undo):
        connection.execute(f"SELECT {_ALONE}".encode())
        yield


__all__ = ["Again", "Wanted", "again", "broken", "forget", "found", "keep", "there", "told", "waits", "write"]
