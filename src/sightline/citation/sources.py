"""Which papers stand behind which class: keys of references.bib, by the beginning of its name."""

ALWAYS = ("Bradbury2018", "Kidger2021")
"""The software under everything."""

_NE2001 = ("Cordes2002", "Cordes2003")

_SOURCES = {
    "magnetic.LSA": ("Page2007",),
    "magnetic.JF12": ("Jansson2012",),
    "magnetic.JF12RandomAmplitude": ("Jansson2012b",),
    "magnetic.JF12Solenoidal": ("Jansson2012", "Kleimann2019"),
    "magnetic.UF23": ("Unger2024",),
    "magnetic.PT11": ("Pshirkov2011",),
    "magnetic.TF17": ("Terral2017",),
    "magnetic.KST24": ("Korochkin2025",),
    "magnetic.VectorPotentialGrid": ("Yee1966",),
    "magnetic.Turbulent": ("Jansson2012b", "Kolmogorov1941", "Wang2020"),
    "magnetic.HealpixRadialGrid": ("Gorski2005",),
    "electrons.HealpixRadialGrid": ("Gorski2005",),
    "cosmic_rays.HealpixRadialGrid": ("Gorski2005",),
    "electrons.Turbulent": ("Armstrong1995", "Kolmogorov1941"),
    "cosmic_rays.Turbulent": ("Kolmogorov1941",),
    "electrons.YMW16": ("Yao2017",),
    "electrons.NE2001": _NE2001,
    "electrons.NE2025": (*_NE2001, "Ocker2026"),
    "cosmic_rays.ExponentialDisk": ("Page2007",),
    "cosmic_rays.AnalyticDisk": ("Wang2020",),
    "emission.Synchrotron": ("Ginzburg1969", "Rybicki1979"),
    "emission.CircularSynchrotron": ("Legg1968", "Jones1977"),
    "emission.FaradayRotation": ("Burn1966", "Ferriere2021"),
    "emission.FaradayConversion": ("Shcherbakov2008",),
    "emission.RelativisticConversion": ("Jones1977", "Sazonov1969", "Shcherbakov2008"),
    "emission.FreeFree": ("Draine2011", "Rybicki1979"),
    "transfer.PolarisedTransfer": ("Landi1985",),
    "emission.CMB": ("Fixsen2009",),
    "emission.IsotropicBackground": ("Fixsen2011",),
}


def sources(cls: type) -> tuple[str, ...]:
    """The keys of one class: those of the longest name above that its own, `magnetic.JF12Disk`, begins with."""
    package = cls.__module__.split(".")
    if package[0] != "sightline" or len(package) < 2:
        return ()
    name = f"{package[-2]}.{cls.__name__}"
    fitting = [known for known in _SOURCES if name.startswith(known)]
    return _SOURCES[max(fitting, key=len)] if fitting else ()
