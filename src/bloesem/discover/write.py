"""A proposal as a data map that the loader accepts, and as JSON. The same proposal gives the same text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from bloesem.discover.catalogue import At
from bloesem.discover.proposal import Choice, FieldProposal, LinkProposal, Proposal, TableProposal

_HEAD = """\
# A proposal, made by `bloesem discover`: nobody has looked at it yet. Nothing is erased by it before somebody has.
#
# Each `decide` is a question. Where `holds`, `kind` or `data_categories` is written above it, that is the proposal: agree by
# deleting the `decide`. Where it is not, choose one of the alternatives, write it there, and delete the `decide`; of
# `{link: none}`, delete the link. `bloesem discover --agree 0.9 MAP` agrees at once with every proposal that is at least so
# sure. docs/datamap.md says what the words mean; `bloesem check --store URL POLICY MAP` says what is left.
"""
_DECLARE = """\
#
# The policy has no category for some of what stands here. These lines declare them, under `categories` of policy.yaml; name
# each under `reads` of the parts that need it (what no part reads goes with the first request), then discover again:
#
"""


def to_yaml(proposal: Proposal) -> str:
    """in: a proposal. out: YAML, tables by name and columns as the database has them."""
    return "\n".join([_HEAD.rstrip("\n"), *_notes(proposal), "", "dataset:", *_datasets(proposal)]) + "\n"


def _notes(proposal: Proposal) -> Iterator[str]:
    asked = proposal.undecided
    yield "#"
    yield f"# {len(proposal.tables)} tables, {asked} questions."
    if proposal.declare:
        yield from _DECLARE.splitlines()
        yield from (f"#   {line}" for line in proposal.declare)
        yield "#"
    for at in proposal.copies:
        yield f"# {printable('.'.join(at))} is a materialized view: it holds copies until it is refreshed."
    for at, why in sorted(proposal.unread.items()):
        yield f"# {printable('.'.join(at))} was judged by names alone: {why}."


def _datasets(proposal: Proposal) -> Iterator[str]:
    if not proposal.tables:
        yield f"  - {_flow({'fides_key': _key(proposal.database), 'meta': {'guarded': False}, 'collections': []})}"
    for schema in sorted({t.at[0] for t in proposal.tables}):
        key = _key(f"{proposal.database}.{schema}")
        yield f"  - fides_key: {_flow(key)}"
        yield f"    meta: {_flow({'schema': schema, 'guarded': False})}"
        yield "    collections:"
        for table in proposal.tables:
            if table.at[0] == schema:
                yield from _table(table)


def _table(table: TableProposal) -> Iterator[str]:
    yield f"      - name: {_flow(table.at[1])}"
    if table.categories:
        yield f"        data_categories: {_flow(list(table.categories))}"
    meta = list(_meta(table))
    if meta:
        yield "        meta:"
        yield from (f"          {line}" for line in meta)
    if not table.fields:
        yield "        fields: []"
        return
    yield "        fields:"
    for one in table.fields:
        yield from (f"          {line}" for line in _field_lines(one))


def _meta(table: TableProposal) -> Iterator[str]:
    if table.holds is not None and table.holds != "personal":
        yield f"holds: {table.holds}"
    if table.holds in ("reference", "system"):
        yield f"why: {_flow(f'{table.because} ({table.confidence:.2f})')}"
    if table.decide:
        yield "decide:"
        yield from (f"  - {_flow(_choice(c, table.at))}" for c in table.decide)
    if table.links:
        yield "links:"
        for link in table.links:
            yield from _link(link, table.at)


def _link(link: LinkProposal, at: At) -> Iterator[str]:
    said: dict[str, Any] = {"columns": list(link.columns)}
    if link.person is not None:
        said["person"] = link.person
    elif link.to is not None and link.kind is not None:
        said["to"] = _name(link.to, at)
        if link.of:
            said["of"] = list(link.of)
    if link.kind is not None:
        said["kind"] = link.kind
    if link.belongs == "that":
        said["belongs"] = "that"
    if link.when is not None:
        said["when"] = {"column": link.when[0], "equals": link.when[1]}
    for name in ("erase", "redact"):
        if getattr(link, name):
            said[name] = list(getattr(link, name))
    if link.placeholder is not None:
        said["placeholder"] = link.placeholder
    if not link.decide:
        said["why"] = f"{link.because} ({link.confidence:.2f})"
    first, *rest = said.items()
    yield f"  - {first[0]}: {_flow(first[1])}"
    for key, value in rest:
        yield f"    {key}: {_flow(value)}"
    if link.decide:
        yield "    decide:"
        yield from (f"      - {_flow(_choice(c, at))}" for c in link.decide)


def _field_lines(one: FieldProposal) -> Iterator[str]:
    """On one line; with its question on lines of its own, so that they can be deleted."""
    said = _field(one)
    if not one.decide:
        yield f"- {_flow(said)}"
        return
    meta = said.pop("meta")
    first, *rest = said.items()
    yield f"- {first[0]}: {_flow(first[1])}"
    for key, value in rest:
        yield f"  {key}: {_flow(value)}"
    yield "  meta:"
    for key, value in meta.items():
        if key != "decide":
            yield f"    {key}: {_flow(value)}"
    yield "    decide:"
    yield from (f"      - {_flow(choice)}" for choice in meta["decide"])


def _field(one: FieldProposal) -> dict[str, Any]:
    said: dict[str, Any] = {"name": one.name}
    if one.category is not None:
        said["data_categories"] = [one.category]
    fides: dict[str, Any] = {}
    if one.primary_key:
        fides["primary_key"] = True
    if one.identity is not None:
        fides["identity"] = one.identity
    if fides:
        said["fides_meta"] = fides
    meta: dict[str, Any] = {} if one.erased is None else {"erased": one.erased}
    if one.masked:
        meta["on_erase"] = "redact"
    if one.hidden:
        meta["on_show"] = "redact"
    if one.decide:
        meta["decide"] = [_choice(c, ("", "")) for c in one.decide]
    if meta:
        said["meta"] = meta
    if one.fields:
        said["fields"] = [_field(inner) for inner in one.fields]
    return said


def _choice(choice: Choice, at: At) -> dict[str, Any]:
    said = {key: _name(value, at) if key == "to" else value for key, value in choice.says.items()}
    return {**said, "because": choice.because, "confidence": choice.confidence}


def _name(to: At, at: At) -> str:
    """A table as the map names it: without its schema where that is the same, and no other is meant so."""
    return to[1] if to[0] == at[0] and "." not in to[1] else ".".join(to)


def _key(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_.<>-]", "_", text) or "_"


class _Dumper(yaml.SafeDumper):
    """Aliases nothing; what has line breaks is quoted with them escaped, on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if value.isprintable() else '"')


_Dumper.add_representer(str, _text)


def _flow(value: Any) -> str:
    """On one line, with quotes where YAML needs them."""
    text = yaml.dump(
        {"v": value},
        Dumper=_Dumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=10**9,
    ).strip()
    return text[len("{v: ") : -1]


def printable(name: str) -> str:
    """A name for a comment or a terminal: control characters and line breaks as they are written in quotes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)


# ---- for programs ------------------------------------------------------------------------------------------------------


def to_json(proposal: Proposal) -> dict[str, Any]:
    """The same with the ground and confidence of everything, also of what nobody is asked."""
    return {
        "database": proposal.database,
        "people": [".".join(t.at) for t in proposal.tables if t.holds == "people"],
        "questions": proposal.undecided,
        "declare": list(proposal.declare),
        "tables": [_table_json(t) for t in proposal.tables],
        "copies": [".".join(at) for at in proposal.copies],
        "unread": {".".join(at): why for at, why in sorted(proposal.unread.items())},
    }


def _table_json(table: TableProposal) -> dict[str, Any]:
    return {
        "schema": table.at[0],
        "name": table.at[1],
        "holds": table.holds,
        "because": table.because,
        "confidence": table.confidence,
        "data_categories": list(table.categories),
        "decide": _choices(table.decide),
        "links": [_link_json(link) for link in table.links],
        "columns": [_field_json(one) for one in table.fields],
    }


def _link_json(link: LinkProposal) -> dict[str, Any]:
    return {
        "columns": list(link.columns),
        "to": ".".join(link.to) if link.to else None,
        "of": list(link.of),
        "person": link.person,
        "kind": link.kind,
        "belongs": link.belongs,
        "when": {"column": link.when[0], "equals": link.when[1]} if link.when else None,
        "erase": list(link.erase),
        "redact": list(link.redact),
        "placeholder": link.placeholder,
        "because": link.because,
        "confidence": link.confidence,
        "decide": _choices(link.decide),
    }


def _field_json(one: FieldProposal) -> dict[str, Any]:
    return {
        "name": one.name,
        "data_categories": [one.category] if one.category else [],
        "erased": one.erased,
        "on_erase": "redact" if one.masked else None,
        "on_show": "redact" if one.hidden else None,
        "identity": one.identity,
        "primary_key": one.primary_key,
        "because": one.because,
        "confidence": one.confidence,
        "decide": _choices(one.decide),
        "fields": [_field_json(inner) for inner in one.fields],
    }


def _choices(choices: Sequence[Choice]) -> list[Mapping[str, Any]]:
    return [
        {
            **{key: ".".join(value) if key == "to" else value for key, value in c.says.items()},
            "because": c.because,
            "confidence": c.confidence,
        }
        for c in choices
    ]
