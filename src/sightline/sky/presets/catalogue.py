"""The presets by name."""

import difflib
from collections.abc import Callable
from functools import partial

from . import skies
from .preset import Entry, Listing, Preset

_UF23 = ("base", "neCL", "expX", "spur", "cre10", "synCG", "twistX", "nebCor")
_TF17 = ("Ad1C0", "Ad1C1", "Bd1C0", "Bd1C1", "Dd1C0", "Dd1C1")


def _table() -> dict[Entry, Callable[[Entry], Preset]]:
    ne2001 = ("Cordes2002", "Cordes2003")
    jf12 = ("Jansson2012", "Jansson2012b")
    regular = "Jansson & Farrar: regular, striated and random field, NE2001 electrons"
    table = {
        Entry("LSA", "WMAP's spiral arms, YMW16 electrons", ("Page2007", "Diao2024", "Yao2017")): skies.lsa,
        Entry("JF12", regular, (*jf12, *ne2001)): skies.jf12,
        Entry("JF12b", "JF12 adjusted to the Planck maps", (*jf12, "Planck2016", *ne2001)): skies.jf12b,
        Entry("JF12sol", "JF12 made free of divergence", (*jf12, "Kleimann2019", *ne2001)): skies.jf12_solenoidal,
    }
    for variant in _UF23:
        name, keys = ("NE2001", ne2001) if variant == "neCL" else ("YMW16", ("Yao2017",))
        entry = Entry(f"UF23-{variant}", f"Unger & Farrar's {variant}, {name} electrons", ("Unger2024", *keys))
        table[entry] = partial(skies.uf23, variant)
    for variant in ("ASS", "BSS"):
        entry = Entry(f"PT11-{variant}", f"Pshirkov et al., {variant}, NE2001 electrons", ("Pshirkov2011", *ne2001))
        table[entry] = partial(skies.pt11, variant)
    for variant in _TF17:
        entry = Entry(f"TF17-{variant}", f"Terral & Ferriere's {variant}, NE2001 electrons", ("Terral2017", *ne2001))
        table[entry] = partial(skies.tf17, variant)
    summary = "Korochkin et al.: arms, toroids, X field, Local Bubble, YMW16 electrons"
    return table | {Entry("KST24", summary, ("Korochkin2025", "Yao2017")): skies.kst24}


_PRESETS = _table()


def load(name: str) -> Preset:
    """A published sky by its name.

    **Arguments:** `name`: one of `sl.presets.list()`, in capitals or not.

    **Returns:** an `sl.presets.Preset`.

    **Raises:** `ValueError` for an unknown name, with the nearest ones.

    !!! example
        >>> sl.presets.load("UF23-base").observer
        (-8.178, 0.0, 0.0)
    """
    wanted = str(name).lower()
    for entry, build in _PRESETS.items():
        if entry.name.lower() == wanted:
            return build(entry)
    near = difflib.get_close_matches(wanted, [entry.name.lower() for entry in _PRESETS], n=3, cutoff=0.3)
    names = [entry.name for entry in _PRESETS if not near or entry.name.lower() in near]
    raise ValueError(f"There is no preset {name!r}: choose one of {', '.join(names)}.")


def list() -> Listing:
    """All presets with a summary and the keys of their papers, which `sl.citation(preset)` gives in BibTeX.

    **Returns:** an `sl.presets.Listing`, which prints as a table.

    !!! example
        >>> [entry.name for entry in sl.presets.list()][:3]
        ['LSA', 'JF12', 'JF12b']
    """
    return Listing(_PRESETS)
