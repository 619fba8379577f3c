"""Every act on personal data is for exactly one declared purpose, and stands in the ledger (P-004).

    whoever writes        a statement that fills, changes or erases rows leaves an act of the purpose whose role it ran as
    a writer              serves one purpose by the record, or says which of the transaction (`bloesem.purpose`): no other
    the keeper            says it likewise; what it does not say is done for the accountability that the law asks
    the clock, requests   their own acts count what they did: `apply_…` and `age_…` leave no second one
    who only reads        `record_use`: the act of opening a purpose; whoever is staff leaves who read whom instead

Per statement, never per row: how many rows it was is counted where that is somebody's business. An act with a purpose that the
plan does not declare is refused, whoever writes it; a role of a scope counts for the purpose whose rows it reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.logbook import require_served
from bloesem.plan.sql.statement import Statement, tidy

#: The setting with which a writer, or the keeper, says for what it writes in this transaction.
SAID = "bloesem.purpose"
#: Acts that are about nobody.
OF_NOBODY = ("activation", "rehearsal", "clock", "demonstration")
#: Acts that these statements leave: many, and about nothing that is not counted elsewhere.
USE, COLLECT, CHANGE, ERASE = "use", "collect", "change", "erased"
KINDS = (USE, COLLECT, CHANGE, ERASE, "send")
RECORD_USE = "record_use(text)"
#: On every guarded table: of the plan's roles, and of the keeper.
TRIGGERS = ("bloesem_attributed", "bloesem_attributed_keeper")


def default(plan: Plan) -> str | None:
    """The purpose of what the law asks of the company itself: to honour rights, keep terms, and show it."""
    if plan.oversight is not None:
        return plan.oversight.purpose
    return next((p.key for p in plan.purposes if p.key == "law:accountability"), None)


def statements(plan: Plan) -> list[Statement]:
    s, keeper = ident(plan.schema), ident(plan.role("keeper"))
    made = [
        Statement("attributed", "an act is for one declared purpose", tidy(_declared(plan))),
        Statement(
            "attributed",
            "an act is for one declared purpose, trigger",
            f"CREATE OR REPLACE TRIGGER declared BEFORE INSERT ON {s}.act FOR EACH ROW EXECUTE FUNCTION {s}.act_declared()",
        ),
        Statement("attributed", "a statement of a purpose", tidy(_by_role(plan))),
        Statement("attributed", "a statement of the keeper's", tidy(_by_keeper(plan))),
        Statement("attributed", "a purpose is opened", tidy(_use(plan))),
    ]
    for function in ("act_declared()", "attributed()", "attributed_keeper()", RECORD_USE):
        name = function.partition("(")[0]
        made += [
            Statement(
                "attributed", f"{name}: the keeper's", f"ALTER FUNCTION {s}.{function} OWNER TO {keeper}"
            ),
            Statement(
                "attributed", f"{name}: not for all", f"REVOKE EXECUTE ON FUNCTION {s}.{function} FROM PUBLIC"
            ),
        ]
    readers = ", ".join(ident(plan.role(login)) for login in plan.processes if login not in plan.staff)
    if readers:
        made.append(
            Statement(
                "attributed",
                "a purpose is opened: by whom",
                f"GRANT EXECUTE ON FUNCTION {s}.{RECORD_USE} TO {readers}",
            )
        )
    return [*made, *_triggers(plan)]


def _triggers(plan: Plan) -> Iterator[Statement]:
    # PostgreSQL reads a trigger's condition anew for each statement: a list of all roles there costs more than the act.
    s = ident(plan.schema)
    for table in plan.tables:
        for name, whose in (
            (TRIGGERS[0], "current_user = current_setting('role')::name"),
            (TRIGGERS[1], f"current_user = {literal(plan.role('keeper'))}"),
        ):
            yield Statement(
                "attributed",
                f"{table.name}: {name}",
                f"CREATE OR REPLACE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON"
                f" {qualified(table.schema, table.name)} FOR EACH STATEMENT WHEN ({whose})"
                f" EXECUTE FUNCTION {s}.{name.removeprefix('bloesem_')}()",
            )


def _roles(plan: Plan) -> dict[str, str]:
    """Role (without its prefix) → SQL of the purpose that it acts for."""
    other = default(plan)
    said = f"NULLIF(current_setting({literal(SAID)}, true), '')"
    found = {p.name: literal(p.key) for p in plan.purposes}
    for scoped in plan.scoped:
        key = scoped.purpose or other
        found[scoped.name] = literal(key) if key else "NULL"
    for writer in plan.writers:
        found[writer.key] = literal(writer.purpose) if writer.purpose else said
    return found


def _stands_for(plan: Plan) -> dict[str, str]:
    """A role of a scope, or a writer → the declared purpose that its acts are of."""
    other = default(plan)
    found = {one.key: one.purpose or other for one in plan.scoped}
    found |= {one.key: one.purpose or other for one in plan.writers}
    return {role: key for role, key in found.items() if key}


def _declared(plan: Plan) -> str:
    """in: an act. out: with its purpose; refused where that is none of the plan's."""
    s, other = ident(plan.schema), default(plan)
    stands = _stands_for(plan)
    roles = [*(one.key for one in plan.scoped), *(one.key for one in plan.writers)]
    named = [key for key in roles if key not in stands]  # where nothing says for what
    keys = ", ".join(literal(key) for key in (*(p.key for p in plan.purposes), *named))
    scoped = " ".join(f"WHEN {literal(one)} THEN {literal(key)}" for one, key in stands.items())
    mapped = f"NEW.purpose := CASE NEW.purpose {scoped} ELSE NEW.purpose END;" if scoped else ""
    filled = (
        f"""
    IF NEW.purpose IS NULL AND NEW.kind NOT IN ({", ".join(map(literal, OF_NOBODY))}) THEN
        NEW.purpose := {literal(other)};
    END IF;"""
        if other
        else ""
    )
    known = f"NEW.purpose NOT IN ({keys})" if keys else "false"
    return f"""
CREATE OR REPLACE FUNCTION {s}.act_declared() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    {mapped}{filled}
    IF {known} THEN
        RAISE EXCEPTION 'an act is for one declared purpose, and this is none' USING ERRCODE = 'check_violation',
            HINT = 'P-004: name a purpose of the policy or the law that is in force';
    END IF;
    RETURN NEW;
END $$"""


_KIND = f"CASE TG_OP WHEN 'INSERT' THEN '{COLLECT}' WHEN 'UPDATE' THEN '{CHANGE}' ELSE '{ERASE}' END"


def _insert(s: str, kind: str, counts: str) -> str:
    return f"""INSERT INTO {s}.act (as_of, kind, purpose, policy, counts)
    VALUES ({s}.moment(), {kind}, said, (SELECT policy FROM {s}.installed ORDER BY id DESC LIMIT 1), {counts});"""


def _by_role(plan: Plan) -> str:
    """The trigger's function for statements that ran as a role that was taken: which, nobody but PostgreSQL says. What is no
    role of the plan (a migration, as owner) has no purpose, and leaves no act."""
    s = ident(plan.schema)
    cases = " ".join(
        f"WHEN {literal(plan.role(name))} THEN {of}" for name, of in sorted(_roles(plan).items())
    )
    purpose = f"CASE current_setting('role') {cases} ELSE '' END" if cases else "''"
    return f"""
CREATE OR REPLACE FUNCTION {s}.attributed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := {purpose};
BEGIN
    IF said = '' THEN
        RETURN NULL;
    ELSIF said IS NULL THEN
        RAISE EXCEPTION 'nobody said for which purpose this is written' USING ERRCODE = 'insufficient_privilege',
            HINT = 'P-004: a writer serves one declared purpose in a transaction, and says which';
    END IF;
    {_insert(s, _KIND, "jsonb_build_object('statements', jsonb_build_object(TG_TABLE_NAME, 1))")}
    RETURN NULL;
END $$"""


def _by_keeper(plan: Plan) -> str:
    """The same for what runs as keeper, but for what counts itself: the functions of the clock. Who says by the setting that
    it is one of these is asked where it was called from."""
    s, other = ident(plan.schema), default(plan)
    called = [f"strpos(stack, {literal(f'function {plan.schema}.{what}_')}) > 0" for what in ("apply", "age")]
    return f"""
CREATE OR REPLACE FUNCTION {s}.attributed_keeper() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := COALESCE(NULLIF(current_setting({literal(SAID)}, true), ''), {literal(other) if other else "NULL"});
    stack text;
BEGIN
    IF said IS NULL THEN
        RETURN NULL;
    END IF;
    IF current_setting('application_name') = 'bloesem clock' THEN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF {" OR ".join(called)} THEN
            RETURN NULL;
        END IF;
    END IF;
    {_insert(s, _KIND, "jsonb_build_object('statements', jsonb_build_object(TG_TABLE_NAME, 1))")}
    RETURN NULL;
END $$"""


def _use(plan: Plan) -> str:
    """`record_use(purpose)`: a process reads for a purpose that it serves; who is staff says who reads whom instead. For
    what a role of a scope stands, the act itself finds (`act_declared`)."""
    s = ident(plan.schema)
    return f"""
CREATE OR REPLACE FUNCTION {s}.record_use(purpose text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role text;
    said text := purpose;
BEGIN{require_served(plan)}
    {_insert(s, f"'{USE}'", "'{}'")}
END $$"""


__all__ = ["KINDS", "RECORD_USE", "SAID", "TRIGGERS", "default", "statements"]
