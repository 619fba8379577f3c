"""L-032 to L-082: purposes, sources, rights and recipients, as the model has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bloesem.policy.lint.model import Hit, Notice, Words, searched
from bloesem.policy.model import Purpose

#: Messages for which the law of electronic advertising asks consent (XII.13 WER).
ELECTRONIC = frozenset({"email", "sms", "app"})
#: Words of the law's vocabulary for data that needs a condition (art. 9(2), 10).
SPECIAL = frozenset({"special-category", "criminal-data"})
_GROUNDS = ("18(1)(a)", "18(1)(b)", "18(1)(c)", "18(1)(d)")


def _line(row: Purpose) -> int | None:
    return row.advertising.line if row.advertising else (row.lines[-1] if row.lines else None)


def _interested(notice: Notice) -> Iterator[tuple[str, Purpose]]:
    """Rows that advertise on a legitimate interest, by electronic means."""
    for key, row in notice.policy.purposes.items():
        if row.advertising and row.basis == "legitimate-interest" and ELECTRONIC & set(row.channels):
            yield key, row


def two_bases(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-041: electronic advertising to customers on an interest, and on consent, and no word on which is when."""
    consents = [k for k, row in notice.policy.purposes.items() if row.basis == "consent" and _messages(row)]
    for key, row in _interested(notice):
        for other in consents:
            if _lacks(notice, words):
                yield Hit(_line(row), "", f"`{key}` and `{other}` both advertise electronically")


def _lacks(notice: Notice, words: Words) -> list[str]:
    """What the text does not say of the conditions under which no consent is asked."""
    text = notice.lines is not None
    return [thing for thing, one in words.needs.items() if text and not searched(one, notice.text)]


def _messages(row: Purpose) -> bool:
    return any(part.messages for part in row.parts.values())


def on_interest(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-042: without consent only on the exception's conditions, which the text says."""
    missing = _lacks(notice, words)
    for key, row in _interested(notice):
        if missing:
            yield Hit(
                _line(row), "", f"`{key}` runs on an interest, and the text lacks {' and '.join(missing)}"
            )


def for_affiliates(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-043."""
    for key, row in _interested(notice):
        if row.affiliates:
            yield Hit(_line(row), "", f"`{key}` advertises products of others without consent")


def contradiction(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-032: advertising to former customers runs from an event that nothing else runs from, and that nobody defined."""
    rows = notice.policy.purposes
    for key, row in rows.items():
        if row.advertising is None or not row.advertising.former_customers:
            continue
        others = {t.after for k, one in rows.items() if k != key for t in one.keep.terms}
        for term in row.keep.terms:
            event = notice.policy.events.get(term.after)
            if term.after not in others and event is not None and event.undefined:
                yield Hit(
                    row.lines[-1] if row.lines else None,
                    "",
                    f"`{key}` runs from `{term.after}`, no other does",
                )


def no_term(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-033: a row that keeps nothing itself says nothing of the data that it works on."""
    for key, row in notice.policy.purposes.items():
        said = (row.retention_text or {}).get(notice.policy.language, "")
        says = re.search(r"\d", said) or (words.claim and searched(words.claim, said))
        if not row.keep.terms and not row.keep.hold and not says:
            yield Hit(row.lines[-1] if row.lines else None, said, f"`{key}` has no period")


def over_broad(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-035: a part whose text keeps under a legal term what no law asks to be kept; the law's words say what one does."""
    asked = {word for floor in notice.law.floors for word in floor.is_}
    asked |= {
        word for one in notice.law.purposes if one.basis == "legal-obligation" for word in one.reads.is_
    }
    for row in notice.policy.purposes.values():
        line, evidence = _quoted(notice, row.lines, words.claim)
        more = {
            key: [one for one in part.reads if not _asked(notice, one, asked)]
            for key, part in row.parts.items()
            if (part.basis or row.basis) == "legal-obligation"
        }
        named = [f"`{key}` ({', '.join(reads)})" for key, reads in more.items() if reads]
        if named:
            yield Hit(line, evidence, f"under a legal term, though no law asks it: {'; '.join(named)}")


def _asked(notice: Notice, category: str, words: set[str]) -> bool:
    """Whether a law's word is on the category, or on one below it."""
    return any(
        words & set(one.is_)
        for key, one in notice.policy.categories.items()
        if key == category or key.startswith(f"{category}.")
    )


def _quoted(notice: Notice, lines: Sequence[int], expression: str | None) -> tuple[int | None, str]:
    """Of these lines the last that says it, with its words; else the first, with none."""
    for number in sorted(lines, reverse=True):
        if expression and notice.lines and number <= len(notice.lines):
            found = searched(expression, notice.lines[number - 1])
            if found:
                return number, found[0]
    return (lines[0] if lines else None), ""


def without_account(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-027: where the text says itself whom it has data of before any account, while terms start with one."""
    if not any(one.id == "L-027" for one in notice.known):
        return
    for who, expression in words.topics.items():
        line = notice.first(expression)
        found = searched(expression, (notice.lines or ())[line - 1]) if line else None
        if found:
            yield Hit(line, found[0], f"no term for {who} and never gets an account")


def special(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-051: special data that the text announces, and no condition."""
    for key, category in notice.policy.categories.items():
        if SPECIAL & set(category.is_) and category.condition is None and not category.not_collected:
            kind = notice.policy.types.get(category.type)
            yield Hit(category.line or (kind.announced if kind else None), "", f"`{key}` has no condition")


def sources(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-055: sources that the model has and the text does not name; and those that the text speaks of elsewhere alone."""
    listed = [one.line for one in notice.policy.sources.values() if one.line]
    for key, one in notice.policy.sources.items():
        if one.undeclared:
            yield Hit(one.line or min(listed, default=None), "", f"the text does not name the source `{key}`")
    lines = notice.lines or ()
    inside = "\n".join(lines[number - 1] for number in set(listed) if number <= len(lines))
    for topic, expression in words.topics.items():
        line = notice.first(expression)
        found = searched(expression, lines[line - 1]) if line else None
        if found and not searched(expression, inside):
            yield Hit(line, found[0], f"the list of sources does not have {topic}")


def employer(notice: Notice, words: Words) -> Iterator[Hit]:
    """L-057: what is paid back goes by the employer, who is in no list of recipients; also where the model has no such."""
    kind = notice.policy.recipients.get("employer")
    line = notice.first(words.claim)
    if words.claim is None or line is None or (kind is not None and not kind.undeclared):
        return
    found = searched(words.claim, (notice.lines or ())[line - 1])
    if found:
        yield Hit(line, found[0], "the employer gets what is paid back, and is in no list of recipients")


def lacks_right(notice: Notice, article: str) -> Iterator[Hit]:
    """L-059, L-060: no right of the text stands on this article. A policy that says nothing of rights is not judged."""
    rights = notice.policy.rights.values()
    if rights and not any(right.article.startswith(article) for right in rights):
        lines = [line for right in rights for line in right.lines]
        yield Hit(min(lines, default=None), "", f"no right of art. {article}")


def withdrawal(notice: Notice, _: Words) -> Iterator[Hit]:
    return lacks_right(notice, "7(3)")


def automated(notice: Notice, _: Words) -> Iterator[Hit]:
    return lacks_right(notice, "22")


def restriction(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-072."""
    for right in notice.policy.rights.values():
        if right.article.startswith("18"):
            missing = [g for g in _GROUNDS if all(c.article != g for c in right.conditions)]
            if missing:
                yield Hit(right.lines[-1] if right.lines else None, "", f"not named: {', '.join(missing)}")


def platforms(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-076: called a processor, though it may decide with us."""
    for key, kind in notice.policy.recipients.items():
        if kind.role == "processor" and "joint-controller" in kind.may_be:
            yield Hit(kind.line, "", f"kind `{key}` is called a processor")


def affiliates(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-078: their products are advertised, and none of them receives anything for that."""
    kinds = notice.policy.recipients.values()
    for key, row in notice.policy.purposes.items():
        for_it = any(k.role != "processor" and {key, *row.parts} & set(k.purposes) for k in kinds)
        if row.affiliates and not for_it:
            yield Hit(_line(row), "", f"`{key}` advertises for affiliates, and none has a role in it")


def twice(notice: Notice, _: Words) -> Iterator[Hit]:
    """L-081: one name under two kinds."""
    seen: dict[str, str] = {}
    for key, kind in notice.policy.recipients.items():
        for name in kind.names:
            if name in seen:
                yield Hit(kind.line, name, f"also under `{seen[name]}`")
            seen.setdefault(name, key)
