"""No call is recorded but under a declared announcement, by staff who were told (WEC art. 124 and 128, CAO 68 and 81; R-063).

The table of recordings refuses, whoever writes: sound whose announcement is none of the record's, which says its purposes and
how long it is kept; sound from a day on which nobody can show that staff were told. An announcement is for purposes for
which the policy records, and no hold keeps a sound: it goes by their clocks and the cap of the law.
"""

from __future__ import annotations

from bloesem.plan.model import Plan, RecordingPlan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.statement import Statement, tidy

#: Columns of a table of recordings: the words that were said, and the sound.
SAID, SOUND = "announcement", "audio"
BROKEN = "recording_announced"


def statements(plan: Plan) -> list[Statement]:
    said = plan.recordings
    made: list[Statement] = []
    for table in plan.tables if said is not None else ():
        names = {column.name for column in table.columns}
        if said is None or not {SAID, SOUND} <= names or table.record_date is None:
            continue
        s, keeper = ident(plan.schema), ident(plan.role("keeper"))
        function = f"{s}.{ident(f'{table.name}_announced')}"
        made += [
            Statement("recordings", f"{table.name}: announced", tidy(_announced(plan, table, said))),
            Statement(
                "recordings", f"{table.name}: the keeper's", f"ALTER FUNCTION {function}() OWNER TO {keeper}"
            ),
            Statement(
                "recordings",
                f"{table.name}: nobody else's",
                f"REVOKE EXECUTE ON FUNCTION {function}() FROM PUBLIC",
            ),
            Statement(
                "recordings",
                f"{table.name}: announced, trigger",
                f"CREATE OR REPLACE TRIGGER announced BEFORE INSERT OR UPDATE OF {SAID}, {SOUND} ON"
                f" {qualified(table.schema, table.name)} FOR EACH ROW EXECUTE FUNCTION {function}()",
            ),
        ]
    return made


def _announced(plan: Plan, table: TablePlan, said: RecordingPlan) -> str:
    keys = ", ".join(map(literal, said.announcements)) or "NULL"
    day = f"NEW.{ident(str(table.record_date))}"
    return f"""
CREATE OR REPLACE FUNCTION {ident(plan.schema)}.{ident(f"{table.name}_announced")}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.{SOUND} IS NULL THEN
        RETURN NEW;
    END IF;
    IF (NEW.{SAID} IN ({keys})) IS NOT TRUE THEN
        RAISE EXCEPTION '{table.name}_announced: a call is recorded under a declared announcement, or not at all'
            USING ERRCODE = 'check_violation', CONSTRAINT = {literal(BROKEN)},
            HINT = 'R-063: who speaks hears first of its purposes, and how long it is kept';
    ELSIF ({day} BETWEEN date {literal(said.told.isoformat())} AND date {literal(said.review.isoformat())}) IS NOT TRUE THEN
        RAISE EXCEPTION 'nobody can show that staff were told of recordings' USING ERRCODE = 'check_violation',
            CONSTRAINT = {literal(BROKEN)}, HINT = 'R-067: tell them, and write it down in record/recordings.yaml';
    END IF;
    RETURN NEW;
END $$"""


__all__ = ["BROKEN", "SAID", "statements"]
