"""How `fuzz.py` damages files: bytes, headers, sizes, text, and what is packed in archives."""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator
WORDS = ["1e400", "-1", "0", "nan", "inf", "*", "", "9" * 30, "-9223372036854775808", "4294967296", "true", "é", '"']
WORDS += ["[[[", "]", "{", "\0", "\N{BOM}", "'", "1:2:3", "http://localhost/x.fits", "../x", "x" * 5000, "1e-400", "#"]
SIZES = [0, 1, -1, 2**15, 2**31 - 1, -(2**31), 2**32 - 1, 2**62, 2**63 - 1, 10**9, 255]
CARDS = ["NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "TFIELDS", "NSIDE", "BITPIX", "FREQ", "UNITFREQ", "ORDERING"]
CARDS += ["COORDSYS", "BAD_DATA", "INDXSCHM", "OBJECT", "FIRSTPIX", "LASTPIX", "SUPERSMP", "TFORM1", "TFORM2", "TTYPE1"]
CARDS += ["TUNIT1", "TSCAL1", "TZERO1", "TNULL1", "TDIM1", "POLCCONV", "DATASUM", "GRAIN", "XTENSION", "PIXTYPE"]
VALUES = ["0", "-1", "1", "3", "64", "536870912", "9223372036854775807", "-99999999999", "1E400", "NaN", "T", "''"]
VALUES += [
    "'K'",
    "'mK'",
    "'1E'",
    "'8D'",
    "'PD(99)'",
    "'0A'",
    "'G'",
    "'EXPLICIT'",
    "'RING'",
    "'(2,2)'",
    "1.5",
    "'9999999999D'",
]


def damage(content: bytes, kind: str, random: Random) -> bytes:
    """A file's content, damaged once to three times; `kind`: `fits`, `zip`, `text` or another."""
    ways = _BYTES + {"fits": [_card] * 8, "zip": [_member] * 10, "text": [_words] * 10}.get(kind, [])
    for _ in range(random.integers(1, 4)):
        content = ways[random.integers(len(ways))](content, random)
    return content


def _place(content: bytes, random: Random) -> int:
    return int(random.integers(len(content) + 1))


def _flip(content: bytes, random: Random) -> bytes:
    found = bytearray(content)
    for _ in range(int(random.integers(1, 9)) if found else 0):
        found[random.integers(len(found))] ^= 1 << random.integers(8)
    return bytes(found)


def _cut(content: bytes, random: Random) -> bytes:
    return content[: _place(content, random)]


def _noise(content: bytes, random: Random) -> bytes:
    place = _place(content, random)
    block = random.bytes(int(random.integers(1, 200)))
    return content[:place] + block + content[place + len(block) :]


def _remove(content: bytes, random: Random) -> bytes:
    place = _place(content, random)
    return content[:place] + content[place + int(random.integers(1, 3000)) :]


def _repeat(content: bytes, random: Random) -> bytes:
    place, length = _place(content, random), int(random.integers(1, 3000))
    return content[:place] + content[place : place + length] + content[place:]


def _swap(content: bytes, random: Random) -> bytes:
    first, second = sorted((_place(content, random), _place(content, random)))
    length = min(int(random.integers(1, 500)), second - first)
    a, b = content[first : first + length], content[second : second + length]
    return content[:first] + b + content[first + length : second] + a + content[second + length :]


def _size(content: bytes, random: Random) -> bytes:
    place, value = _place(content, random), SIZES[random.integers(len(SIZES))]
    form = ["<Q", ">Q", "<I", ">I", "<H"][random.integers(5)]
    block = struct.pack(form, value % 2 ** (8 * struct.calcsize(form)))
    return content[:place] + block + content[place + len(block) :]


def _more(content: bytes, random: Random) -> bytes:
    return content + random.bytes(int(random.integers(1, 6000)))


_BYTES: list[Callable[[bytes, Random], bytes]] = [
    _flip,
    _flip,
    _flip,
    _cut,
    _noise,
    _remove,
    _repeat,
    _swap,
    _size,
    _more,
]


def _card(content: bytes, random: Random) -> bytes:
    """A header card of FITS with another value, gone, or repeated."""
    name, value = CARDS[random.integers(len(CARDS))], VALUES[random.integers(len(VALUES))]
    place = content.rfind(f"{name:8s}".encode()) if random.integers(3) else content.find(f"{name:8s}".encode())
    card = f"{name:8s}= {value:>20s}"[:80].ljust(80).encode()
    if place < 0:  # one that the file lacks, in place of another
        place = 80 * int(random.integers(max(len(content) // 80, 1)))
    card = [card, card, b" " * 80, content[place - 80 : place]][random.integers(4)]
    return content[:place] + card.ljust(80) + content[place + 80 :]


def _words(content: bytes, random: Random) -> bytes:
    """Text of which a word, a line or a character is another."""
    text = content.decode("utf-8", "replace")
    parts = re.split(r"([ \t,;]+|\n)" if random.integers(3) else r"(\n)", text)
    place, word = int(random.integers(len(parts))), WORDS[random.integers(len(WORDS))]
    if random.integers(4) == 0:
        word = chr(int(random.integers(1, 0xD000))) * int(random.integers(1, 20))
    parts[place] = [word, parts[place] + word, "", parts[int(random.integers(len(parts)))]][random.integers(4)]
    return "".join(parts).encode("utf-8", "replace")


def _member(content: bytes, random: Random) -> bytes:
    """An archive, one of whose files is damaged and packed again with the right sums."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # damaged before
        return _flip(content, random)
    if not members:
        return content
    place = int(random.integers(len(members)))
    name, inner = members[place]
    members[place] = (name, _structure(inner, random) if name.startswith("structure") else _inner(inner, random))
    if random.integers(8) == 0:
        members.append((f"other{random.integers(3)}.npy", inner))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED if random.integers(2) else zipfile.ZIP_STORED) as archive:
        for name, part in members:
            archive.writestr(name, part)
    return target.getvalue()


def _inner(content: bytes, random: Random) -> bytes:
    """An array of NumPy: its header, or its numbers."""
    if random.integers(2):
        return _BYTES[random.integers(len(_BYTES))](content, random)
    shapes = [b"(99999999999,)", b"()", b"(0,)", b"(2, 2)", b"(-1,)", b"(" * 90, b"(3,)"]
    types = [b"'<f4'", b"'|O'", b"'<U9'", b"'|V0'", b"'>f8'", b"'<i8'", b"'|b1'", b"'<c16'"]
    start, old = content.find(b"'shape': "), content[content.find(b"'descr': ") + 9 : content.find(b", 'fortran")]
    if random.integers(2):
        return content.replace(old, types[random.integers(len(types))], 1)
    end = content.find(b")", start) + 1
    return content[: start + 9] + shapes[random.integers(len(shapes))] + content[end:]


def _structure(content: bytes, random: Random) -> bytes:
    """The structure of a model file, in which one value is another."""
    start = content.find(b"{", 80)
    try:
        tree = json.loads(content[start:])
    except ValueError:
        return _flip(content, random)
    spots: list[tuple[Any, Any]] = []
    _collect(tree, spots)
    holder, key = spots[random.integers(len(spots))]
    others = [
        None,
        -1,
        0,
        "x",
        float("nan"),
        [],
        {},
        True,
        10**30,
        {"array": 0, "jax": True},
        {"array": 10**9, "jax": 1},
    ]
    other = spots[random.integers(len(spots))]
    holder[key] = [*others, *[other[0][other[1]]] * 6][random.integers(len(others) + 6)]
    buffer = io.BytesIO()
    try:
        np.save(buffer, np.frombuffer(json.dumps(tree).encode(), np.uint8))
    except (ValueError, RecursionError):  # a tree within itself
        return _flip(content, random)
    return buffer.getvalue()


def _collect(node: Any, spots: list[tuple[Any, Any]]) -> None:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        spots.append((node, key))
        if isinstance(value, (dict, list)):
            _collect(value, spots)
