"""May these people stand on a list that somebody else advertises by? The door's own decision, for a process that gives the
list to a recipient: asked in the transaction of the export (P-121, P-123; R-059, R-061).

`may_list(purpose, class, channel, product, people)` gives of each person why not (a code of `reasons`), or every contact
point that may be used now, by table and row. It runs as keeper and answers only to a login that serves the purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bloesem.consent.rules import CALLED, Rules
from bloesem.consent.tables import DOOR
from bloesem.plan.quoting import ident, literal
from bloesem.plan.sql.logbook import require_served
from bloesem.plan.sql.statement import Statement, tidy
from bloesem.sending import reasons as why
from bloesem.sending.decision import Asked, decision_sql, point_sql
from bloesem.sending.templates import Promotes, Template

MAY_LIST = "may_list(text, text, text, text, bigint[])"


@dataclass(frozen=True)
class _Listed(Asked):
    """A list promotes the product that the call names, where it names one."""

    def product_sql(self) -> str:
        return "product"


def statements(rules: Rules) -> list[Statement]:
    keeper = ident(rules.plan.role("keeper"))
    made = [
        ("a list", may_list(rules)),
        ("a list: the keeper's", f"ALTER FUNCTION {DOOR}.{MAY_LIST} OWNER TO {keeper}"),
        ("a list: nobody else's", f"REVOKE EXECUTE ON FUNCTION {DOOR}.{MAY_LIST} FROM PUBLIC"),
    ]
    for login in _serving(rules):
        role = ident(rules.plan.role(login))
        made.append((f"a list: {login} asks", f"GRANT USAGE ON SCHEMA {DOOR} TO {role}"))
        made.append((f"a list: {login} may", f"GRANT EXECUTE ON FUNCTION {DOOR}.{MAY_LIST} TO {role}"))
    return [Statement("sending", about, tidy(text)) for about, text in made]


def _serving(rules: Rules) -> list[str]:
    """The processes that serve a purpose of advertising: they alone give such lists."""
    advertising = set(rules.advertising)
    return [login for login, served in rules.plan.processes.items() if advertising & set(served)]


def may_list(rules: Rules) -> str:
    branches = "\n    ".join(
        f"IF purpose = {literal(asked.template.purpose)} AND class = {literal(asked.template.class_)}"
        f" AND channel = {literal(asked.channel)} THEN\n    RETURN QUERY {_query(rules, asked)};\n    RETURN;\n    END IF;"
        for asked in _all(rules)
    )
    return f"""
CREATE OR REPLACE FUNCTION {DOOR}.may_list(purpose text, class text, channel text, product text, people bigint[])
RETURNS TABLE (person bigint, why integer, of_table text, of_row bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    role text;
BEGIN{require_served(rules.plan)}
    {branches}
    RAISE EXCEPTION 'no list is made for that purpose, class and channel' USING ERRCODE = 'invalid_parameter_value',
        HINT = 'classes stand in messages/door.yaml, channels in the policy';
END $$"""


def _all(rules: Rules) -> Iterator[_Listed]:
    for name, rule in rules.file.classes.items():
        for purpose in rule.purposes if rule.advertising else ():
            if not rules.plan.purpose(purpose).active:
                continue
            for channel in rules.file.channels:
                promotes = Promotes(product="", seller=rules.file.own, similar=True)
                template = Template.model_construct(
                    key="list",
                    version=1,
                    class_=name,
                    purpose=purpose,
                    channels=(channel,),
                    promotes=promotes,
                    automated=False,
                )
                asked = _Listed(template, channel)
                if point_sql(rules, asked):
                    yield asked


def _query(rules: Rules, asked: _Listed) -> str:
    s = ident(rules.plan.schema)
    who = "SELECT DISTINCT unnest(people) AS person_id"
    decided = decision_sql(rules, asked, who, None)
    points = point_sql(rules, asked, whole=True)
    late = f"{_stale(rules, asked)} AND d.code NOT BETWEEN 1 AND {why.STALE.code}"
    code = f"(CASE WHEN {late} THEN {why.STALE.code} ELSE d.code END)"
    query = f"""WITH decided AS ({decided}), asked AS ({who})
    SELECT d.person_id, {code}::integer, point.of_table::text, point.row_id::bigint
    FROM decided d LEFT JOIN ({points}) AS point
        ON point.person_id = d.person_id AND point.rank = {why.ALLOWED.code} AND {code} = {why.ALLOWED.code}"""
    return query.replace("%(at)s", f"{s}.moment()").replace("%(today)s", f"{s}.today()")


def _stale(rules: Rules, asked: Asked) -> str:
    """Whether nobody is called, since the do-not-call list is older than the company allows, or was never imported."""
    if asked.channel != CALLED:
        return "false"
    s, fresh = ident(rules.plan.schema), literal(rules.file.phone_list.fresh)
    return f"COALESCE(((SELECT max(as_of) FROM {s}.phone_list_import) + interval {fresh})::date < %(today)s, true)"


__all__ = ["MAY_LIST", "may_list", "statements"]
