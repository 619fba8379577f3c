"""However a file is spoilt, the answer is a policy or an error that names the file: never a stack trace."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bloesem.errors import PolicyError
from bloesem.policy.checks import policy_problems
from bloesem.policy.model import Policy
from bloesem.source import SourceError, parse_text, refuse, validate

FILE = Path("policy.yaml")
TEXT = (Path(__file__).parents[3] / "company/minimal/policy/2026-01-01/policy.yaml").read_text(
    encoding="utf-8"
)
LINES = TEXT.splitlines(keepends=True)

spoilt_lines = st.one_of(
    st.sampled_from(
        ["", "\n", "x\n", "  - \n", "? [a]\n", "<<: {a: 1}\n", "\t\n", "&a *a\n", "!!set {a}\n", "'\n"]
    ),
    st.text(max_size=30),
    st.sampled_from(LINES),
)


def answered(text: str) -> None:
    try:
        document = parse_text(text, FILE)
        refuse(policy_problems(validate(document, Policy), document), PolicyError)
    except (SourceError, PolicyError) as error:
        assert all(line.startswith(str(FILE)) for line in error.thing.splitlines()), error.thing  # noqa: PT017
        assert error.remedy  # noqa: PT017


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.integers(0, 3), spoilt_lines)
def test_a_line_that_was_changed_lost_or_moved(at: int, lost: int, put: str) -> None:
    answered("".join([*LINES[:at], put, *LINES[at + lost :]]))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
@example("? {a: 1}\n: 2")
@example("a: &x {b: *x}")
@example("<<: [1]")
@example("- !!binary x")
@example("0\n\x850")  # a line break of Unicode inside a value
@example("%YAML 3.0\n---\na: 1")
@example("a: !!timestamp soon")
@example("a: !!int soon")
@example("\ud800")
def test_text_that_is_no_policy_at_all(text: str) -> None:
    answered(text)
