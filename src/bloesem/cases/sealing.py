"""What an officer has from a letter about who it is, sealed for the helper that compares it (`known`)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bloesem.cases.box import seal
from bloesem.gate.oversight import Oversight

#: What may be compared, each as the map or the door's rules know it; how many are needed.
KNOWN_BY = ("customer_number", "phone_number", "email", "address", "card", "charge_point")
NEEDED = 2
#: What stands on a thing that somebody uses. Of whom nothing else is known, it alone says who it is (P-012).
INDIRECT = ("card", "charge_point")


def about(number: str) -> str:
    return f"known of case {number}"


def written(ask: Oversight, actor: str, number: str, given: Mapping[str, str]) -> str:
    """What an officer has from a letter, sealed. out: recorded, few, many (tried too often), never, or not-now."""
    said = {name: text.strip() for name, text in given.items() if name in KNOWN_BY and text.strip()}
    if len(said) < NEEDED and not set(said) & set(INDIRECT):
        return "few"
    key = ask.rows("SELECT {s}.case_key()")[0][0]
    if key is None:
        return "not-now"
    sealed = seal(bytes(key), json.dumps(said).encode(), about(number))
    found = str(ask.rows("SELECT {s}.case_known(%s, %s, %s)", actor, number, sealed)[0][0])
    ask.connection.commit()
    return found


__all__ = ["INDIRECT", "KNOWN_BY", "NEEDED", "about", "written"]
