"""The likelihood of spectral parameters, with the amplitudes of every pixel eliminated."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..._core.given import check_kind
from ..._core.module import default_float
from ..._core.safe import staged_sum
from ...sky.axes import label as axis_label
from ...sky.geometry import AbstractSky
from ...sky.geometry.layouts import laid_out
from ...sky.instruments.bands import Bands
from ...sky.pixels import used
from ...statistics import AbstractLikelihood, Correlated, Gaussian
from ...statistics.layout import Layout
from ...statistics.noise import Data, Terms
from ...statistics.squares import Normal, Vector, least_squares
from ..component_sky import ComponentSky
from ..mixing import MixingMatrix
from . import pixels
from .amplitude_priors import Priors, check_complete, check_prior
from .amplitudes import Amplitudes
from .assembly import assembled
from .data import maps_and_noise, noise_of, of_the_same_pixels, to_bands
from .degeneracy import check_components, check_count, check_order, in_words
from .models import index_of, mixing_of, predicted_of, true_prediction, without_prediction
from .residuals import Residuals, check_references, in_bands, residuals, true_maps
from .systems import alike_of, diagonal, pixels_of, stacked


class SpectralLikelihood(AbstractLikelihood):
    """The likelihood of the spectral parameters of components, the amplitudes of every pixel eliminated.

    Of each pixel d = A(theta) s + n, whose amplitudes s maximise the likelihood where they have no prior:

    log L = -r.N^-1 r/2,  r = d - A s,  s = (A^T N^-1 A)^-1 A^T N^-1 d,

    and are integrated over where they have a Gaussian one. Gradient and curvature are those of the density in theta
    alone, from sums of a pixel over bands: no array of bands, components and pixels is kept. The unit of the data does
    not matter, nor does the brightness: residuals are summed, never powers of the data. An integral over flat
    amplitudes is refused: its volume, |A^T N^-1 A|^-1/2, grows where components become alike, and moves spectral
    indices by tens of standard deviations.

    The model is a `MixingMatrix`, or one within a `ComponentSky`, a `PredictedSky` or a `Model` of one.

    **Arguments:**

    - `bands`: `sl.instruments.Bands`.
    - `data`: a `Stokes` of the bands, or arrays, (k, bands, npix), with `unit` and, for Q and U, `convention`.
    - `parameters`: which, and in which order: some of `"IQU"`.
    - `noise`: standard deviations in the unit of the data, what broadcasts to its shape, or a `Stokes`; `None`: those
      of the depths of the bands. `covariance`: instead, one matrix a pixel and band, (bands, npix, k, k), in
      the unit of the data squared.
    - `mask`: pixels to use, (npix,) booleans; blank ones, and those of infinite noise, are left out as well.
    - `prior`: of the amplitudes: `None`, or for every component a numpyro `Normal`, or its standard deviation about 0,
      K_CMB at its reference.
    - `sky`: of arrays; `None`: the whole HEALPix sky of as many pixels.
    - `name`: what summaries and figures call it.

    **Raises:** `ValueError` for data of other bands, parameters, pixels or without unit, noise that is not positive,
    all pixels blank or masked, a flat prior of amplitudes, or one of some components only. A posterior refuses fewer
    bands than components, and components that no band tells apart.

    !!! example
        >>> bands = sl.instruments.Bands(frequency=[40.0, 100.0, 140.0, 280.0], depth=[37.0, 12.0, 5.0, 14.0])
        >>> mixing = sl.components.MixingMatrix(
        ...     cmb=sl.components.CMB(), dust=sl.components.ModifiedBlackbody(index=1.5, temperature=20.0)
        ... )
        >>> maps = np.ones((2, 4, 12)) * mixing(bands, 12).sum(axis=1)
        >>> likelihood = sl.SpectralLikelihood(bands, maps, unit="uK_CMB", convention="COSMO")
        >>> found = likelihood.amplitudes(mixing)
        >>> float(likelihood.log_likelihood(mixing)).__round__(6), found["cmb"].Q[0].round(9)
        (-0.0, Array(1.e-06, dtype=float64))

    **Source:** Stompor et al. 2009, MNRAS 392, 216, equations 5 and 6; Golub & Pereyra 1973, SIAM J. Numer. Anal. 10,
    413 (variable projection).
    """

    bands: Bands
    data: Data
    noise: Gaussian | Correlated
    kept: Int[Array | np.ndarray, " n"] | None
    sky: AbstractSky | None
    prior: Priors | None
    parameters: str = eqx.field(static=True)
    npix: int = eqx.field(static=True)
    alike: bool = eqx.field(static=True)
    name: str = eqx.field(static=True)
    notes: tuple[tuple[str, str], ...] = eqx.field(static=True)

    def __init__(
        self,
        bands: Bands,
        data: Any,
        parameters: str = "QU",
        noise: Any = None,
        mask: Any = None,
        prior: Any = None,
        *,
        covariance: Any = None,
        unit: str | None = None,
        convention: str | None = None,
        sky: AbstractSky | None = None,
        name: str = "bands",
    ):
        if not isinstance(bands, Bands):
            raise TypeError(f"SpectralLikelihood: bands is {bands!r}: give sl.instruments.Bands or instruments.load.")
        maps, sigma, known = maps_and_noise(data, bands, parameters, noise, covariance, unit, convention, sky)
        kept = used(maps.values, sigma, known, mask)
        self.npix = maps.values.shape[-1]
        self.kept = None if kept.size == self.npix else kept
        self.data = jnp.asarray(maps.values[..., kept], default_float())
        self.noise, self.bands, self.parameters = noise_of(sigma, known, kept), bands, parameters
        self.prior = None if prior is None else check_prior(prior, len(parameters), self.npix, kept)
        self.alike = sigma is not None and alike_of(sigma[..., kept], self.prior)
        self.sky, self.name = maps.sky, name
        self.notes = (("Stokes", f"{parameters}, K_CMB, COSMO (given in {maps.given})"),)
        self.notes += (("pixels", f"{kept.size} of {self.npix}"),)

    @property
    def observable(self) -> Callable[[Any], Array]:
        """What is compared with the data: of a model, with the amplitudes that fit them."""
        return self.mean

    def eliminated(self, model: Any) -> int:
        """How many amplitudes the data are fitted with: components, parameters and pixels."""
        return len(mixing_of(model).components) * self.data.shape[0] * self.data.shape[-1]

    def examine(self, model: Any) -> None:
        """Refuses a model whose components these bands cannot tell apart, or have no prior."""
        mixing = mixing_of(model)
        if self.prior is not None:
            check_complete(self.prior, mixing.components)
        else:
            matrix = self._columns(self._spread(mixing))
            check_components(matrix, diagonal(self.noise), mixing.components, self.place)

    def log_likelihood(self, model: Any) -> Float[Array, ""]:
        """log L; its gradient takes one pass over the bands, and the memory of a few maps."""
        return staged_sum(self.pointwise(model))

    def pointwise(self, model: Any) -> Terms:
        """log L of each pixel, (n,)."""
        mixing = mixing_of(model)
        if predicted_of(model) is not None:
            return -0.5 * jnp.sum(jnp.square(self._residuals(model)), axis=(0, 1))
        return -pixels.misfits(self._spread(mixing), self._pixels(mixing))

    def normal(self, model: Callable[[Vector], Any], vector: Vector) -> Normal:
        """-log L with gradient and curvature: those of the pixels, added up into what is free."""
        if predicted_of(model(vector)) is not None:
            return least_squares(lambda x: self._residuals(model(x)).ravel(), vector)
        seen, size = self._pixels(mixing_of(model(vector))), self.data.shape[-1]
        return assembled(lambda x: mixing_of(model(x)), self._spread, seen, vector, size)

    def amplitudes(self, model: Any) -> Amplitudes:
        """The maps of the components that fit the data best.

        **Returns:** `Amplitudes`, by the name of the component.

        **Raises:** `ValueError` for components that these bands cannot tell apart.
        """
        self.examine(model)
        mixing = mixing_of(model)
        of, seen = self._spread(mixing), self._pixels(mixing, self._left(model, self.data))
        return Amplitudes(pixels.solved(of, seen), mixing, self.parameters, self.sky, self.npix, self.kept)

    def cleaned(self, model: Any, data: Data, component: str) -> Float[Array, "k n"]:
        """The map of one component of other data of these bands, as `to_data` gives them, K_CMB.

        **Raises:** `ValueError` for what is no component.
        """
        mixing = mixing_of(model)
        return self._solved(self._spread(mixing), mixing, self._left(model, data))[index_of(component, mixing)]

    def to_data(self, maps: Any, unit: str | None = None, convention: str | None = None) -> Data:
        """Other maps of the same bands as this likelihood holds data, (k, bands, n): for `given` and `sl.fit_many`.

        **Arguments:** `maps`: a `Stokes`, or arrays, (k, bands, npix), with `unit` and `convention`, as the data.

        **Raises:** `ValueError` for maps of other bands or pixels, or blank where these are not.
        """
        given = to_bands(maps, self.bands, self.parameters, unit, convention, self.sky)
        return jnp.asarray(of_the_same_pixels(given.values, self.npix, self.kept), default_float())

    def residuals_of(self, model: Any, truth: ComponentSky, predicted: Any = None) -> dict[str, Residuals]:
        """What is wrong with the maps of the components, where the true sky is known.

        s_hat - s = (W A_true s_true - s) + W n, W = (A^T N^-1 A)^-1 A^T N^-1 of the model: what wrong spectra leave
        of each other, which no data average away, and the noise. What a `PredictedSky` predicts is taken off both.

        **Arguments:** `model`: of the fit; `truth`: the sky, of amplitudes that the data were made of; `predicted`: the
        true `PredictedSky` of what the model predicts, where the truth has no maps of it.

        **Returns:** `Residuals` by the name of the component, of those that the truth has too.

        **Raises:** `TypeError` for a truth that is no `ComponentSky`; `ValueError` where it is of other pixels, its
        amplitudes are at other frequencies, or what the model predicts is in neither or in both.
        """
        check_kind("truth", truth, ComponentSky, "sl.components.ComponentSky(mixing, amplitudes) of the true sky")
        found, mixing = self.amplitudes(model), mixing_of(model)
        of = self._spread(mixing)
        check_references(found, truth)
        check_order(truth.mixing, self.sky)
        known = true_maps(truth, self.parameters, self.sky, self.npix, self.kept)
        bright = in_bands(truth, known, self._columns(self._spread(truth.mixing))).astype(self.data.dtype)
        true = true_prediction(model, truth, predicted)
        bright = bright if true is None else bright - self._left(true, jnp.zeros_like(bright))
        taken = np.asarray(self._solved(of, mixing, self._left(model, bright)))
        return residuals(found, taken, known)

    def mean(self, model: Any) -> Data:
        """A s: the maps that the components make in the bands with the amplitudes that fit the data, (k, bands, n)."""
        mixing = mixing_of(model)
        of, left = self._spread(mixing), self._left(model, self.data)
        return self._maps(of, self._solved(of, mixing, left)) + (self.data - left)

    def deviance(self, model: Any) -> Float[Array, ""]:
        """chi^2 with the amplitudes that fit the data."""
        return self.noise.deviance(self.mean(model), self.data, model)

    def residuals(self, model: Any) -> Data | None:
        """Whitened residuals, model minus data; `None` with a prior of the amplitudes."""
        return None if self.prior is not None else self.noise.residuals(self.mean(model), self.data)

    def normalised(self, model: Any) -> Data:
        """(d - A s)/sigma."""
        return self.noise.information(self.data - self.mean(model), model)[0]

    def information(self, model: Any) -> Float[Array, " m"]:
        """P A(theta) s, whitened, where s and the projection P off the columns of A do not follow theta."""
        mixing = mixing_of(model)
        of = self._spread(mixing)
        still = jax.lax.stop_gradient(of)
        left = self._left(model, self.data)
        maps = self._maps(of, jax.lax.stop_gradient(self._solved(of, mixing, left))) + (self.data - left)
        return self.noise.information(maps - self._maps(still, self._solved(still, mixing, maps)), model)[0].ravel()

    def draw(self, model: Any, key: Array) -> Data:
        """Maps in the bands that the model might have given, with the amplitudes that fit these data."""
        return self.noise.draw(self.mean(model), model, key)

    def batch(self, index: Int[Array, " m"]) -> "SpectralLikelihood":
        """The likelihood of some of the pixels."""
        kept = jnp.arange(self.npix)[index] if self.kept is None else jnp.asarray(self.kept)[index]
        prior = jax.tree.map(lambda leaf: leaf[..., index] if leaf.ndim > 1 else leaf, self.prior)
        return eqx.tree_at(
            lambda one: (one.data, one.noise, one.kept, one.prior),
            self,
            (self.data[..., index], self.noise.restrict(index), kept, prior),
            is_leaf=lambda node: node is None,
        )

    def hold(self, model: Any, free: Any, shared: dict[Any, Any]) -> "SpectralLikelihood":
        """Nothing is held: the amplitudes follow every parameter."""
        del model, free, shared
        return self

    def check(self, free: Any) -> None:
        """Every leaf may be free."""
        del free

    def place(self, pixel: int) -> str:
        """Where a pixel is, in words."""
        return in_words(pixel, self.sky, self.kept)

    def layout(self, kept: Any, shape: tuple[int, ...]) -> Layout | None:
        """The maps of all bands on the sky."""
        rows = [f"${name}$, {axis_label('frequency', nu)}" for name in self.parameters for nu in self.bands.frequency]
        return laid_out(self.sky, kept, shape[-1], rows, "K_CMB")

    def describe(self) -> str:
        """The noise in words."""
        return self.noise.describe()

    def _residuals(self, model: Any) -> Data:
        """Whitened residuals of a model that predicts some components.

        **Raises:** `ValueError` with a prior of amplitudes.
        """
        if self.prior is not None:
            raise ValueError("SpectralLikelihood: a PredictedSky has no prior of the other amplitudes: leave it out.")
        return self.noise.residuals(self.mean(model), self.data)  # pyright: ignore[reportReturnType]

    def _left(self, model: Any, data: Data) -> Data:
        """Data without what the model predicts."""
        return without_prediction(model, data, self.bands, self.parameters, self.sky, self.npix, self.kept)

    def _pixels(self, mixing: MixingMatrix, data: Data | None = None) -> pixels.Pixels:
        check_count(len(self.bands), mixing.components)
        check_order(mixing, self.sky)
        if self.prior is not None:
            check_complete(self.prior, mixing.components)
        seen = self.data if data is None else data
        return pixels_of(mixing, self.bands.nodes(), seen, self.noise, self.alike, self.prior)

    def _spread(self, mixing: MixingMatrix) -> pixels.Spread:
        return pixels.spread(mixing, self.npix, self.kept)

    def _columns(self, of: pixels.Spread) -> Array:
        return pixels.columns(of, self.bands.nodes(), self.data.shape[-1])

    def _solved(self, of: pixels.Spread, mixing: MixingMatrix, data: Data) -> Float[Array, "components k n"]:
        return stacked(pixels.amplitudes(of, self._pixels(mixing, data)), len(mixing.components))

    def _maps(self, of: pixels.Spread, amplitudes: Float[Array, "components k n"]) -> Data:
        return pixels.mixed(self._columns(of), amplitudes)
