"""Letters about a case: what the law asks, each once, with nothing of a person in it but where to look."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.types.json import Jsonb

from bloesem.cases.case import COLUMNS, Bench, Case
from bloesem.plan.model import TablePlan
from bloesem.plan.quoting import ident
from bloesem.sending.ready import rules_of

#: By template.
RECEIVED, PROVE, UNKNOWN, ANSWERED, EXTENDED, ASKED = (
    "case-received", "case-prove", "case-unknown", "case-answered", "case-extended", "case-asked",
)  # fmt: skip
#: To one address, in a day: whoever fills in a form a thousand times gets no thousand letters.
MOST_LETTERS = 10


@dataclass
class Letters:
    """Queued at the door, where they are there once."""

    bench: Bench
    _points: tuple[tuple[TablePlan, str], ...] | None = None

    @property
    def s(self) -> str:
        return self.bench.s

    def due(self) -> int:
        """Of an extension, and of what is asked, the person is told, once each."""
        rows = self.bench.connection.execute(
            f"SELECT c.id, e.id, e.what, e.said"
            f" FROM {self.s}.request_event e JOIN {self.s}.request_case c ON c.id = e.case_id"
            " WHERE e.what IN ('extended', 'asked-specification') AND c.state NOT IN ('answered', 'withdrawn', 'closed')"
            f" AND NOT EXISTS (SELECT FROM {self.s}.request_event t WHERE t.case_id = c.id"
            f" AND t.what = 'told-' || e.id)".encode()
        ).fetchall()
        for case_id, event, what, said in rows:
            found = self.bench.connection.execute(
                f"SELECT {COLUMNS} FROM {self.s}.request_case WHERE id = %s".encode(), [case_id]
            ).fetchone()
            assert found is not None
            case = Case(*found)
            with self.bench.connection.transaction():
                self.queue(case, EXTENDED if what == "extended" else ASKED, once=f":{event}", why=said or "")
                self.bench.event(case, f"told-{event}")
        return len(rows)

    def many(self, case: Case) -> bool:
        """Whether as many letters as anybody needs went to that address today already."""
        row = self.bench.connection.execute(
            f"SELECT count(*) FROM {self.s}.outbox WHERE lower(address) = lower(%s) AND template = ANY (%s)"
            f" AND decided_at > {self.s}.moment() - interval '1 day'".encode(),
            [self.address(case), [RECEIVED, PROVE, UNKNOWN]],
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
VALUES ('legal', 'law:accountability', 'email', %s, 1, %s, %s, %s, 'decided', {self.s}.moment(), {self.s}.moment(), %s)
ON CONFLICT (once) DO NOTHING""".encode(),
            [
                template,
                to,
                case.language,
                Jsonb({"number": case.number, **values}),
                f"{template}:{case.id}{once}",
            ],
        )

    def address(self, case: Case) -> str | None:
        """Where the person is reached: the address they wrote from, or the one on file."""
        if case.address:
            return case.address
        if case.person is None:
            return None
        for table, column in self.points():
            row = self.bench.connection.execute(
                f"SELECT {ident(column)} FROM {ident(table.schema)}.{ident(table.name)}"
                f" WHERE {ident(table.owners[0])} = %s AND {ident(column)} IS NOT NULL"
                f" ORDER BY {ident(table.id)} DESC LIMIT 1".encode(),
                [case.person],
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


__all__ = ["ANSWERED", "PROVE", "RECEIVED", "UNKNOWN", "Letters"]
