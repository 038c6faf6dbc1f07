"""The simulator: fields and emission operators composed into one differentiable sky."""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from ..._core.fields import check_tree
from ..._core.given import own_copy
from ..._core.module import setting
from ...statistics.hooks import Split
from ..axes import Asked, asked
from ..emission import AbstractBackground, AbstractEmissionOperator, FreeFree
from ..fields import AbstractField
from ..fields.base import prepare_children
from ..geometry import Sightlines
from ..geometry.padding import fill, kept, padded
from ..observables import AbstractObservable, DispersionMeasure, EmissionMeasure, RotationMeasure
from ..stokes import Stokes
from ..transfer import AbstractTransfer, CellTransfer
from .base import AbstractSimulator, as_tuple
from .batched import split
from .checks import check_boxes, check_length, check_shapes, check_signs, check_types, of_axis
from .duplicates import check_duplicates
from .held import check_names, check_populations, fields_of
from .observe import arrays, as_stokes, fields_in_cells, measure_rays, observe_rays, warn_rotation
from .place import complete, seen, structures_of, structures_seen, sun_of, warn_suns
from .ranges import check_ranges
from .tolerance import with_tolerance
from .trace import Trace, trace_ray

if TYPE_CHECKING:
    import matplotlib.figure

Lines = Any  # a sky, or Sightlines


class Simulator(AbstractSimulator):
    """What an instrument sees of a medium: a PyTree whose inexact-array leaves are exactly the parameters and grids.

    **Arguments:**

    - `magnetic_field`: uG; `electron_density`: cm^-3; `cosmic_rays`: see `sl.cosmic_rays`; `temperature`: K;
      all optional.
    - `emission`: the emission operators, summed.
    - `background`: what shines from behind, one or several, e.g. `sl.emission.CMB()`.
    - `radiation`: the photons that electrons scatter to gamma rays, see `sl.radiation`.
    - `fields`: further fields by name, for operators of your own: they find them in `plasma.extra`.
    - `transfer`: the solver.
    - `chunk`: rays of 256 cells evaluated at a time, or as many cells of others, on a CPU down to an eighth of them at
      several frequencies that coefficients are no powers of: memory grows with it, and on a CPU speed hardly; an
      accelerator wants many.

    **Raises:** at construction: `ValueError` where an operator needs a field that is missing, or two would count the
    same electrons twice; `TypeError` where a field does not return the shape its place demands.

    !!! example
        >>> simulator = sl.Simulator(
        ...     magnetic_field=sl.magnetic.LSA(),
        ...     electron_density=sl.electrons.ExponentialDisk(),
        ...     cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        ...     emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
        ... )
        >>> simulator(sl.HealpixSky(nside=8), frequency=[0.408, 23.0]).I.shape
        (2, 768)
    """

    magnetic_field: AbstractField | None = None
    electron_density: AbstractField | None = None
    cosmic_rays: AbstractField | None = None
    emission: tuple[AbstractEmissionOperator, ...] = eqx.field(default=(), converter=as_tuple)
    temperature: AbstractField | None = None
    background: tuple[AbstractBackground, ...] = eqx.field(default=(), converter=as_tuple)
    radiation: AbstractField | None = eqx.field(default=None, kw_only=True)
    fields: dict[str, AbstractField] = eqx.field(default_factory=dict, kw_only=True, converter=own_copy)
    transfer: AbstractTransfer = eqx.field(default=CellTransfer(), kw_only=True)
    chunk: int = setting(256, bounds=(1, None), kw_only=True)

    def __check_init__(self) -> None:
        check_types(self)
        check_shapes(self)
        check_signs(self)
        self._check_emission()
        warn_suns(self)

    def _check_emission(self) -> None:
        check_duplicates(self.emission, "emission")
        check_duplicates(self.background, "background")
        for operator in self.emission:
            self.require(operator.needs, type(operator).__name__)

    def check(self) -> None:
        """Checks leaves and needs again: `eqx.tree_at` skips the checks of construction.

        **Raises:** `TypeError` for leaves that are no arrays of the right shape, `ValueError` for missing fields.
        """
        check_tree(self)
        self._check_emission()

    def prepare(self) -> "Simulator":
        """This simulator with the global work of its fields done (synthesis, tables); calls do it themselves."""
        return prepare_children(self)

    @property
    def sun(self) -> tuple[float, float, float]:
        """Where the model has its Sun, kpc: from there a sky is seen of which no observer is said."""
        return sun_of(self)

    def __call__(self, sky: Lines, frequency: Any = None, *, energy: Any = None) -> Stokes:
        """Stokes parameters of the sky at frequencies, or its gamma rays at energies.

        **Arguments:**

        - `sky`: a sky, or `Sightlines` for other cells or observers.
        - `frequency`: GHz, or `energy`: GeV, from 1e-6 to 1e6; a number or a sequence, or an astropy quantity. The
          operators of that axis are summed.

        **Returns:** `Stokes`, (npix,) each for a number, (nfreq, npix) for a sequence; COSMO. K (Rayleigh-Jeans) for
        frequencies, photons GeV^-1 cm^-2 s^-1 sr^-1 for energies.

        **Raises:** `ValueError` for values that are not positive or not covered by an operator, no operators of the
        axis, both axes at once, or a grid whose box does not contain the observer; `TypeError` for leaves that are no
        arrays.

        **Warns:** `SpectralIndexWarning` for power laws of cosmic rays for which an operator is not made;
        `SpectrumRangeWarning` where a table of their spectrum does not reach the electrons that shine.
        """
        part, lines, given = self._seen(sky, asked(frequency, energy))
        filled = padded(arrays(lines), part.chunk)
        values, rotation = observe_rays(part, filled, jnp.atleast_1d(given.values))
        if lines.error is None and given.axis == "frequency":  # else it is known how accurate Q and U are
            warn_rotation(rotation, jnp.atleast_1d(given.values))
        return as_stokes(lines, kept(values, lines.size), given)

    def _seen(self, sky: Lines, given: Asked) -> "tuple[Simulator, Sightlines, Asked]":
        """What of this simulator makes the sky that is asked for, the sightlines of that, and what is asked for."""
        self.check()
        part, lines = of_axis(self, given.axis), seen(self, sky)
        check_boxes(self, lines)
        check_ranges(part, lines, given.values)
        return part, lines, given

    def rotation_per_cell(self, sky: Lines, frequency: Any) -> Float[Array, "*frequencies"]:
        """The largest Faraday rotation of P within one cell, |2 chi' D| [rad], per frequency; accurate below 1."""
        self.check()
        part, lines, given = of_axis(self, "frequency"), seen(self, sky), asked(frequency)
        check_boxes(self, lines)
        _, rotation = observe_rays(part, padded(arrays(lines), part.chunk), jnp.atleast_1d(given.values))
        return rotation.reshape(given.values.shape)

    def sightlines(
        self, sky: Any, frequency: Any = None, tolerance: float | None = None, *, energy: Any = None
    ) -> Sightlines:
        """The sightlines of a sky as this model sees them, complete: made outside jit, an argument of fits.

        With a tolerance they have the cheapest cells that meet it: the error of every map, I, Q and U at each
        frequency, is at most so much of its rms. Rays that need more cells get more; `lines.error` says what was
        reached. It is made for the values that the parameters have now: a fit that ends far away wants it made anew.

        **Arguments:**

        - `sky`: or `Sightlines`, of which the cells, the observer or both may be missing; or an observable, e.g.
          `sl.observables.RotationMeasure(sky)`, for its own sightlines.
        - `frequency`: GHz, or `energy`: GeV, of the maps; `tolerance`: of rms, e.g. 1e-3. Where it cannot be met,
          `ToleranceWarning` says what was reached.

        **Raises:** `ValueError` for a tolerance without a frequency, a frequency without a tolerance, or cells that
        were given beside a tolerance; `TypeError` inside jit.

        !!! example
            >>> lines = simulator.sightlines(sl.HealpixSky(nside=4), frequency=23.0, tolerance=1e-2)
            >>> bool(max(lines.error.relative.values()) < 1e-2), bool(lines.error.mean_cells < 100)
            (True, True)
        """
        if tolerance is not None:
            return with_tolerance(self, sky, frequency, tolerance, energy)
        if frequency is not None or energy is not None:
            raise ValueError(
                "frequency and energy choose cells by a tolerance: give it, e.g. tolerance=1e-3, or leave them out."
            )
        if isinstance(sky, AbstractObservable):
            return complete(seen(self, sky.sightlines), structures_seen(self, sky), self.chunk)
        return complete(seen(self, sky), structures_of(self), self.chunk)

    def hold(self, sky: Lines, names: str | Sequence[str]) -> Sightlines:
        """Sightlines that hold fields of this model: their values in every cell, which simulations take from there.

        For fits and samplers that leave some fields as they are: `sl.Posterior.hold` chooses them. Each component
        costs a number a cell of every ray. Stokes parameters of a simulator that differs in the fields named are wrong
        on these sightlines, and so are gradients with respect to them: zero.

        **Arguments:** `sky`: or `Sightlines`; `names`: dotted, e.g. `"electron_density"`, or
        `"magnetic_field.terms.disk"` for a term of a sum.

        **Raises:** `ValueError` for names that are not there, of a sum and its term, or of cosmic rays of several
        populations, whose terms are to be named; as a call for the rest.

        !!! example
            >>> held = simulator.hold(sl.HealpixSky(nside=8), ["electron_density", "cosmic_rays"])
            >>> stokes = simulator(held, frequency=2.3)
        """
        self.check()
        lines = self.sightlines(sky)
        check_boxes(self, lines)
        names = (names,) if isinstance(names, str) else names
        check_names(self, [*lines.held, *names])
        check_populations(self, names)
        fields = fields_of(self)
        chosen = {name: fields[name] for name in names}

        def hold(part: Sightlines) -> Sightlines:
            known = fields_in_cells(chosen, arrays(part), self.chunk)
            return eqx.tree_at(lambda s: s.known, part, part.known | known)

        if not lines.classes:
            return hold(lines)
        return eqx.tree_at(lambda s: s.classes, lines, tuple(map(hold, lines.classes)))

    def measure(self, observable: AbstractObservable, length: Any = None) -> Inexact[Array, "*values pixels"]:
        """An observable of this model, its values for every pixel on the last axis.

        **Arguments:** `observable`; `length`: where the rays end instead of where they would, (number of rays,) kpc.

        **Raises:** `ValueError` for missing fields, lengths that do not fit the rays, distances that a `Model` must
        give, or a grid whose box does not contain the observer.
        """
        lines = self._measured(observable)
        if length is None and observable.distance is not None:
            raise ValueError(
                f"{type(observable).__name__}: distance = {observable.distance!r} is in the nuisance of a sl.Model: "
                f"give sl.Model(simulator, nuisance={{{observable.distance!r}: ...}}), not a bare Simulator."
            )
        filled = padded(arrays(lines), self.chunk)
        if length is not None:
            length = fill(check_length(length, lines.size), filled.size - lines.size)
        bare = eqx.tree_at(lambda o: o.sightlines, observable, filled)
        return lines.sky.reduce(kept(measure_rays(self, bare, length), lines.size))

    def _measured(self, observable: AbstractObservable) -> Sightlines:
        """Sightlines of an observable that this simulator can measure."""
        self.check()
        self.require(observable.needs, type(observable).__name__)
        lines = seen(self, observable.sightlines)
        check_boxes(self, lines)
        return lines

    def split(self, observable: Any) -> Split | None:
        """How to predict an observable a few pixels at a time: what gradients of likelihoods ask for.

        **Arguments:** `observable`: one of `sl.observables`, or `sl.statistics.Brightness`.

        **Returns:** `None` where sky or sightlines have no parts.
        """
        if isinstance(observable, AbstractObservable):
            return split(self, observable, self._measured(observable))
        part, lines, _ = self._seen(observable.sightlines, observable.asked)
        return split(part, observable, lines)

    def rotation_measure(self, sky: Lines) -> Float[Array, " pixels"]:
        """RM, (npix,) rad m^-2, to the end of the rays or to the sources, positive for B towards the observer."""
        return RotationMeasure(sky)(self)

    def dispersion_measure(self, sky: Lines) -> Float[Array, " pixels"]:
        """DM, (npix,) pc cm^-3, to the end of the rays or to the sources."""
        return DispersionMeasure(sky)(self)

    def emission_measure(self, sky: Lines) -> Float[Array, " pixels"]:
        """EM, (npix,) pc cm^-6, to the end of the rays or to the sources, with the clumping of `FreeFree`, if any."""
        factors = [operator.clumping for operator in self.emission if isinstance(operator, FreeFree)]
        return EmissionMeasure(sky, *factors)(self)

    def trace(self, sky: Lines, frequency: Any = None, *, energy: Any = None) -> "Trace":
        """Every intermediate quantity along one ray, at one frequency or energy.

        **Arguments:** `sky`: of a single direction, e.g. `sl.Directions(30.0, 2.0)`; `frequency`: a number, GHz, or
        `energy`, GeV.

        **Raises:** `ValueError` for several rays or frequencies.
        """
        lines, given = self.sightlines(sky), asked(frequency, energy)
        if lines.size != 1 or given.values.ndim:
            raise ValueError(
                f"trace follows one ray at one {given.axis}, not {lines.size} rays and {given.values.size} values."
            )
        lines = lines.released().merged()
        stokes = self(lines, **{given.axis: given.values})
        return Trace(*trace_ray(of_axis(self, given.axis).prepare(), lines, given.values), stokes=stokes)

    def plot(self, frequency: Any = 23.0, **options: Any) -> "matplotlib.figure.Figure":
        """This simulator at a glance: `sl.plot.overview` of it.

        **Arguments:** `frequency`: of the maps, one number, GHz; `options`: the others of `sl.plot.overview`.

        **Returns:** the figure, `matplotlib.figure.Figure`.

        **Raises:** as `sl.plot.overview`.

        !!! example
            >>> figure = simulator.plot(1.4, sky=sl.HealpixSky(2), points=20)
        """
        return importlib.import_module("sightline.plot").overview(self, frequency, **options)
