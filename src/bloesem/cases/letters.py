"""Letters about a case: what the law asks, each once, with nothing of a person in it but where to look."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.types.json import Jsonb

from bloesem.cases.case import COLUMNS, Bench, Case
from bloesem.cases.model import SQL_ENDED
from bloesem.cases.threads import is_postal, lost
from bloesem.plan.model import TablePlan
from bloesem.plan.quoting import ident
from bloesem.sending.ready import rules_of

#: By template.
RECEIVED, PROVE, UNKNOWN, ANSWERED, EXTENDED, ASKED, LIFTS, WHICH = (
    "case-received", "case-prove", "case-unknown", "case-answered", "case-extended", "case-asked", "restriction-lifts",
    "case-which",
)  # fmt: skip
PROVE_AGAIN, UNPROVEN = "case-prove-again", "case-unproven"
#: The answer's letter on paper, which has the answer itself.
ON_PAPER = "case-answered-paper"
#: To one address, in a day: whoever fills in a form a thousand times gets no thousand letters.
MOST_LETTERS = 10


def _untold(s: str) -> str:
    """Extensions, and what was asked, of which nobody told the person yet."""
    return (
        f"FROM {s}.request_event e JOIN {s}.request_case c ON c.id = e.case_id"
        f" WHERE e.what IN ('extended', 'asked-specification') AND c.state NOT IN ({SQL_ENDED})"
        f" AND NOT EXISTS (SELECT FROM {s}.request_event t WHERE t.case_id = c.id AND t.what = 'told-' || e.id)"
    )


def waits(s: str) -> str:
    """A test, in SQL: whether somebody is to be told of an extension, or to be asked. in: the schema, quoted."""
    return f"EXISTS (SELECT {_untold(s)})"


@dataclass
class Letters:
    """Queued at the door, where they are there once."""

    bench: Bench
    _points: tuple[tuple[TablePlan, str], ...] | None = None

    @property
    def s(self) -> str:
        return self.bench.s

    def lost(self) -> int:
        """Letters about cases that did not arrive are told to the desk, once each: somebody there finds another way."""
        return self.bench.connection.execute(
            f"""
WITH lost AS ({lost(self.s)}),
told AS (INSERT INTO {self.s}.request_event (case_id, at, what, by, said, once)
    SELECT case_id, {self.s}.moment(), 'undelivered', 'clerk', template, 'lost ' || id FROM lost
    ON CONFLICT (once) DO NOTHING RETURNING case_id)
UPDATE {self.s}.request_case c SET params = c.params || '{{"message": true}}' FROM told WHERE c.id = told.case_id""".encode()
        ).rowcount

    def due(self) -> int:
        """Of an extension, and of what is asked, the person is told, once each."""
        rows = self.bench.connection.execute(
            f"SELECT c.id, e.id, e.what, e.said {_untold(self.s)}".encode()
        ).fetchall()
        for case_id, event, what, said in rows:
            found = self.bench.connection.execute(
                f"SELECT {COLUMNS} FROM {self.s}.request_case WHERE id = %s".encode(), [case_id]
            ).fetchone()
            assert found is not None
            case = Case(*found)
            with self.bench.connection.transaction():
                if what == "extended" and self._too_late(case):
                    continue
                template = EXTENDED if what == "extended" else ASKED
                more = {"remedies": self.remedies(case)} if template == EXTENDED else {}
                self.queue(case, template, once=f":{event}", why=said or "", **more)
                self.bench.event(case, f"told-{event}")
        return len(rows)

    def _too_late(self, case: Case) -> bool:
        """Of an extension that nobody was told within the first month, as nothing ran meanwhile: it is none (R-007). The
        case is due when it was, and the officer sees why."""
        row = self.bench.connection.execute(
            f"UPDATE {self.s}.request_case SET extended_why = NULL, params = params || '{{\"message\": true}}'"
            f" WHERE id = %s AND due < {self.s}.today() RETURNING true".encode(),
            [case.id],
        ).fetchone()
        if row is None:
            return False
        self.bench.connection.execute(
            f"UPDATE {self.s}.request_event SET what = 'extended-late' WHERE case_id = %s AND what = 'extended'".encode(),
            [case.id],
        )
        return True

    def many(self, case: Case) -> bool:
        """Whether as many letters as anybody needs went to that address, or to that person, today already. By their cases:
        the outbox forgets an address as soon as the door has sent a letter."""
        row = self.bench.connection.execute(
            f"SELECT count(*) FROM {self.s}.request_case c CROSS JOIN unnest(%s::text[]) AS t (template)"
            f" JOIN {self.s}.outbox o ON o.once = t.template || ':' || c.id"
            " WHERE (lower(c.address) = lower(%s) OR c.person_id = %s)"
            f" AND o.decided_at > {self.s}.moment() - interval '1 day'".encode(),
            [[RECEIVED, PROVE, UNKNOWN], self.address(case), case.person],
        ).fetchone()
        return row is not None and row[0] >= MOST_LETTERS

    def queue(self, case: Case, template: str, *, once: str = "", **values: str) -> None:
        """Queued at the door as what the law asks, under the case's own name: asked for again, it is there once."""
        to = self.address(case)
        if to is None or (template in (RECEIVED, UNKNOWN) and self.many(case)):
            return
        self.bench.connection.execute(
            f"""
INSERT INTO {self.s}.outbox (class, purpose, channel, template, version, address, language, contents, state,
    decided_at, due_at, once)
VALUES ('legal', 'law:accountability', %s, %s, 1, %s, %s, %s, 'decided', {self.s}.moment(), {self.s}.moment(), %s)
ON CONFLICT (once) DO NOTHING""".encode(),
            [
                "post" if is_postal(to) else "email",
                ON_PAPER if is_postal(to) and template == ANSWERED else template,
                to,
                case.language,
                Jsonb({"number": case.number, **values}),
                f"{template}:{case.id}{once}",
            ],
        )

    def remedies(self, case: Case) -> str:
        """Where to turn to, as an answer says it: whoever waits longer, or is not found, may go there at once (P-179)."""
        return "\n".join(self.bench.composer().remedies(case.language))

    def address(self, case: Case) -> str | None:
        """Where the person is reached: the address they wrote from, or the one on file. Of whoever asked for themselves on
        their own page: the one on file now, and what it was then (`keep`) where there is none any more."""
        if case.address and not (case.channel == "page" and case.params.get("on_behalf", "self") == "self"):
            return case.address
        return self._on_file(case.person) or case.address

    def keep(self, case: Case) -> None:
        """Beside the case, until it is answered: an erasure, or the clock, may take the address on file before that."""
        if case.address is None and case.person is not None:
            self.bench.connection.execute(
                f"UPDATE {self.s}.request_case SET address = %s WHERE id = %s AND address IS NULL".encode(),
                [self.address(case), case.id],
            )

    def _on_file(self, person: int | None) -> str | None:
        if person is None:
            return None
        for table, column in self.points():
            row = self.bench.connection.execute(
                f"SELECT {ident(column)} FROM {ident(table.schema)}.{ident(table.name)}"
                f" WHERE {ident(table.owners[0])} = %s AND {ident(column)} IS NOT NULL"
                f" ORDER BY {ident(table.id)} DESC LIMIT 1".encode(),
                [person],
            ).fetchone()
            if row is not None:
                return str(row[0])
        return None

    def points(self) -> tuple[tuple[TablePlan, str], ...]:
        """Where e-mail addresses lie, the person's own before their employer's (the door's order)."""
        if self._points is None:
            rules, plan = rules_of(self.bench.loaded), self.bench.loaded.plan
            named = rules.file.channels.get("email", ()) if rules is not None else ()
            self._points = tuple((plan.table(one.table), one.value[0]) for one in named)
        return self._points


__all__ = ["ANSWERED", "PROVE", "RECEIVED", "UNKNOWN", "WHICH", "Letters", "waits"]
