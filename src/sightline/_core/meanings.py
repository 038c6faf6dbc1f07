"""What a parameter is, in words: its `doc`, or what the docstring of its class says of it."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

_NAMES = r"(?:`\w+`[^`:;]*,\s*)*`{name}`[^`:;]*(?:,\s*`\w+`[^`:;]*)*"


def meaning(cls: type, name: str, metadata: Mapping[str, Any]) -> str:
    """What a field of a class is, in a few words; empty where nobody says.

    Of a docstring, what stands behind the name and a colon in its `**Arguments:**`, to the next semicolon or argument.

    !!! example
        >>> meaning(sl.magnetic.LSA, "psi0", {})
        'pitch angle at r = 8 kpc'
    """
    if metadata.get("doc"):
        return str(metadata["doc"])
    section = re.search(r"\*\*Arguments:\*\*(.*?)(?=\n\s*(?:\*\*|!!!)|\Z)", inspect.getdoc(cls) or "", re.DOTALL)
    text = re.sub(r"\s+", " ", section[1].replace("\n- ", "; ")) if section else ""
    found = re.search(_NAMES.format(name=re.escape(name)) + r":\s*(?!`)(.*?)(?=;|, `\w+`:|\.? `\w+`:|\Z)", text)
    words = found[1].strip(" .") if found else ""
    plain = words.replace("^", "").removesuffix(f", {metadata.get('unit', '')}")  # a table has a column of units
    return plain if re.search("[a-z]{4}", plain) else ""  # and of numbers
