"""Who it is where no letter with a link can be sent: by what the company holds already (R-014).

What the words themselves say is compared without anybody typing it (`look`): where two things in them fit one person (a
customer number, a telephone number, an address), the officer is shown which things, and confirms, or says that it is not so.
Otherwise an officer writes down what the letter says: two things or more. It is sealed for the helper (`box`), which alone
compares: whoever asks learns that it fits one person, or that it does not, three times at most. Of whom the company has
nothing but a card or a charge point, its number is enough; and a request in whose words such a number stands is from
somebody, and not from nobody (P-012). Never against advertising, which is ended without asking who it is; never by an
identity card.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bloesem.cases.box import opened
from bloesem.cases.case import Bench
from bloesem.cases.letters import Letters
from bloesem.cases.sealing import INDIRECT, KNOWN_BY, NEEDED, about
from bloesem.cases.standing import to_look
from bloesem.cases.threads import is_postal
from bloesem.cases.words import THEIRS, Words
from bloesem.consent.rules import PointRule
from bloesem.errors import GateError, RightsError
from bloesem.plan.quoting import ident, qualified
from bloesem.rights.guarded.who import Finder, kind_of
from bloesem.rights.identifiers import fold
from bloesem.rights.identify import Who
from bloesem.rights.keys import Keys
from bloesem.sending.ready import rules_of

#: What may be the number of a thing: letters and figures in one, or pairs of them as a card reader shows them.
_NUMBER = re.compile(r"(?=[\w:.-]*\d)\w[\w:.-]{2,38}\w|(?:[0-9A-Fa-f]{2}[ :]){3,9}[0-9A-Fa-f]{2}\b")
#: How many of them are looked for.
_MOST_NUMBERS = 200


def waits(s: str) -> str:
    """A test, in SQL: whether something waits to be compared, or was written since. in: the schema, quoted."""
    return f"EXISTS (SELECT FROM {s}.request_case WHERE known IS NOT NULL) OR EXISTS ({to_look(s)})"


@dataclass
class Known:
    """The clerk's side. in: as keeper."""

    bench: Bench
    letters: Letters
    keys: Keys = field(repr=False)

    def compare(self) -> int:
        """What waits to be compared: each once, and forgotten in the same step. out: how many."""
        s, run = self.bench.s, self.bench.connection
        rows = run.execute(
            f"SELECT id, number, known FROM {s}.request_case WHERE known IS NOT NULL ORDER BY id".encode()
        ).fetchall()
        for case_id, number, sealed in rows:
            try:
                given = json.loads(opened(self.keys, bytes(sealed), about(number)))
            except GateError:
                given = {}
            person = self._fits(given)
            with run.transaction():
                if person is not None:  # while it was closed as nobody was known, its clock stood
                    run.execute(
                        f"UPDATE {s}.request_case SET stops = stops || jsonb_build_array(jsonb_build_array(ended_at,"
                        f" {s}.moment())) WHERE id = %s AND ended_at IS NOT NULL".encode(),
                        [case_id],
                    )
                done = run.execute(
                    f"UPDATE {s}.request_case SET known = NULL, person_id = COALESCE(person_id, %s),"
                    " state = CASE WHEN %s::bigint IS NULL THEN state ELSE 'identified' END,"
                    " ended_at = CASE WHEN %s::bigint IS NULL THEN ended_at END,"
                    " params = CASE WHEN %s::bigint IS NULL THEN params ELSE params - 'waits' END"
                    " WHERE id = %s AND known = %s AND person_id IS NULL".encode(),
                    [person, person, person, person, case_id, sealed],
                ).rowcount
                if done:
                    self.bench.event(
                        self.bench.one(case_id), "known" if person is not None else "known-wrong"
                    )
        return len(rows)

    # ---- what the words say themselves ---------------------------------------------------------------------------------

    def look(self) -> int:
        """Cases in which it is still to be found out who it is, and of which something came in that was not looked at: what
        their words say is compared. out: how many."""
        s, run = self.bench.s, self.bench.connection
        rows = run.execute(f"SELECT id, many FROM ({to_look(s)}) AS w".encode()).fetchall()
        for case_id, many in rows:
            person, by = self.says(*self._written(case_id))
            with run.transaction():
                done = run.execute(
                    f"UPDATE {s}.request_case SET fits = %s, params = params - 'fits'"
                    " || CASE WHEN %s::bigint IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('fits', %s::jsonb) END"
                    " || jsonb_build_object('looked', %s::int) WHERE id = %s AND person_id IS NULL".encode(),
                    [person, person, json.dumps(by), many, case_id],
                ).rowcount
                if done and person is not None:
                    self.bench.event(self.bench.one(case_id), "fits")
        return len(rows)

    def _written(self, case_id: int) -> tuple[str, str]:
        """All that somebody wrote in a case, opened; and the postal address that a letter came from."""
        s, read = self.bench.s, Words.of(self.keys).read
        case = self.bench.one(case_id)
        said = self.bench.connection.execute(
            f"SELECT said FROM {s}.request_event WHERE case_id = %s AND what = ANY (%s) ORDER BY id".encode(),
            [case_id, list(THEIRS)],
        ).fetchall()
        texts = [read(case.words), *(read(text) for (text,) in said)]
        home = case.address if case.address is not None and is_postal(case.address) else ""
        return "\n".join(text for text in texts if text), home

    def says(self, words: str, home: str = "") -> tuple[int | None, list[str]]:
        """Who it is by what these words say, and by which of `KNOWN_BY`; None for nobody, for several, and where less than
        two things fit. in: the words; lines of a postal address that came with them."""
        fits: dict[str, set[int]] = {}
        names = [Who(kind_of(name), text) for name, text in mentioned(words)]
        for who, owners in Finder(self.bench.connection, self.bench.loaded.plan).each(names).items():
            name = next(one for one in KNOWN_BY if kind_of(one) == who.kind)
            fits.setdefault(name, set()).update(owners)
        fits["address"] = self.at_home(f"{words}\n{home}")
        by = {
            person: [name for name in KNOWN_BY if person in fits.get(name, ())]
            for person in set().union(*fits.values())
        }
        found = {
            person: names_
            for person, names_ in by.items()
            if len(names_) >= NEEDED or (set(names_) & set(INDIRECT) and self._only_things(person))
        }
        if len(found) != 1:
            return None, []
        return next(iter(found.items()))

    def at_home(self, address: str) -> set[int]:
        """Who lives at a postal address, as far as the company knows: of whom street and postal code stand in it."""
        wanted = fold(" ".join(address.split()))
        found: set[int] = set()
        for point in self._posts():
            table = self.bench.loaded.plan.table(point.table)
            street, code = (ident(name) for name in point.value[:2])
            rows = self.bench.connection.execute(
                f"SELECT {ident(table.owners[0])}, {street}, {code} FROM {qualified(table.schema, table.name)}"
                f" WHERE {code} IS NOT NULL AND {street} IS NOT NULL AND {ident(table.owners[0])} IS NOT NULL"
                f" AND position({code} IN %s) > 0".encode(),
                [address],
            ).fetchall()
            found |= {
                owner for owner, one, at in rows if _in(wanted, fold(f"{one}")) and _in(wanted, fold(f"{at}"))
            }
        return found

    def by_things(self, words: str) -> set[int]:
        """Whose card or charge point is named in these words; several where several are."""
        said = [one.group().lower() for one in _NUMBER.finditer(words)]
        numbers = sorted({*said, *(re.sub("[ :]", "", one) for one in said)})[:_MOST_NUMBERS]
        columns = Finder(self.bench.connection, self.bench.loaded.plan).columns
        parts = [
            f"SELECT {ident(table.owners[column.owner])} FROM {qualified(table.schema, table.name)}"
            f" WHERE lower({ident(column.name)}) = ANY (%(numbers)s) AND {ident(table.owners[column.owner])} IS NOT NULL"
            for kind in INDIRECT
            for table, column in columns.get(kind, ())
        ]
        if not parts or not numbers:
            return set()
        rows = self.bench.connection.execute(" UNION ".join(parts).encode(), {"numbers": numbers}).fetchall()
        return {owner for (owner,) in rows}

    def _only_things(self, person: int) -> bool:
        """Whether the company has nothing else by which this person could say who they are."""
        finder = Finder(self.bench.connection, self.bench.loaded.plan)
        held = [
            (table, column.name, table.owners[column.owner])
            for kind, columns in finder.columns.items()
            if kind not in INDIRECT
            for table, column in columns
        ]
        plan = self.bench.loaded.plan
        held += [(t, one.value[0], t.owners[0]) for one in self._posts() for t in (plan.table(one.table),)]
        return not any(
            self.bench.connection.execute(
                f"SELECT EXISTS (SELECT FROM {qualified(table.schema, table.name)} WHERE {ident(owner)} = %s"
                f" AND {ident(name)} IS NOT NULL)".encode(),
                [person],
            ).fetchone()
            == (True,)
            for table, name, owner in held
        )

    def _posts(self) -> tuple[PointRule, ...]:
        rules = rules_of(self.bench.loaded)
        return tuple(one for one in rules.points("post") if len(one.value) > 1) if rules is not None else ()

    def _fits(self, given: Mapping[str, str]) -> int | None:
        """The one person whom all of it fits; None for nobody, for several, and for less than is needed."""
        sets = [self._owners(name, text) for name, text in given.items() if name in KNOWN_BY]
        both = set.intersection(*sets) if sets else set()
        if len(both) != 1:
            return None
        (person,) = both
        return person if len(sets) >= NEEDED or self._only_things(person) else None

    def _owners(self, name: str, text: str) -> set[int]:
        if name == "address":
            return self.at_home(text)
        try:
            (one,) = Finder(self.bench.connection, self.bench.loaded.plan).find(
                ((Who(kind_of(name), text),),)
            )
        except RightsError:
            return set()
        return set(one.numbers)


#: An address of a mailbox, and a number to call, as people write them.
_MAIL = re.compile(r"[^\s@<>()\[\],;:]+@[^\s@<>()\[\],;:]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?<![\w+])\+?\(?\d[\d /.()-]{7,18}\d(?!\w)")


def mentioned(words: str) -> list[tuple[str, str]]:
    """What may identify somebody in these words: (of `KNOWN_BY`, the text), each once, and so many at most. Pure."""
    numbers = [one.group() for one in _NUMBER.finditer(words)]
    things = dict.fromkeys([*numbers, *(re.sub("[ :]", "", one) for one in numbers)])
    found = [("email", one.group().rstrip(".")) for one in _MAIL.finditer(words)]
    found += [("phone_number", one.group()) for one in _PHONE.finditer(words)]
    found += [(kind, one) for kind in ("customer_number", *INDIRECT) for one in things]
    return list(dict.fromkeys(found))[: 4 * _MOST_NUMBERS]


#: What stands between words, or ends a sentence.
_APART = re.compile(r"[^\w'/-]+")


def _in(text: str, part: str) -> bool:
    """Whether the words of `part` stand in `text` one after another: number 1 is not in number 12."""
    said, wanted = (f" {' '.join(_APART.sub(' ', one).split())} " for one in (text, part))
    return bool(wanted.strip()) and wanted in said


__all__ = ["Known", "mentioned", "waits"]
