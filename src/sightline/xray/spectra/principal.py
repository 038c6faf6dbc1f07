from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.module import default_float, param
from .channel_spectrum import AbstractChannelSpectrum, Numbered
from .principal_table import PrincipalTable, listed


class PrincipalComponents(AbstractChannelSpectrum):
    """A background in channels whose logarithm is a mean and principal components of backgrounds seen before.

    Counts s-1 in channel i are K exp(mu_i + sum_k a_k V_ki): no response folds them. `of` learns mu and V from spectra
    of the same detector, by the probability of their Poisson counts and not from logarithms of counts, which few counts
    spoil. V are scaled so that the a_k of those spectra have the mean 0 and the variance 1: `dist.Normal(0, 1)` is
    their prior, and as few of them as the data ask for are best.

    **Arguments:**

    - `table`: mu and V, an `sl.spectra.PrincipalTable`.
    - `coefficients`: a_k, (k,), 0 by default; `norm`: K, counts s-1 in all channels where all a_k are 0.

    **Raises:** `ValueError` for as many coefficients as there are no components; when it is called, for channels that
    the table does not have; `TypeError` for what is no table.

    !!! example
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> shapes = np.exp(np.outer(rng.normal(size=30), np.linspace(-0.3, 0.3, 50)))
        >>> seen = [sl.counts.Spectrum(rng.poisson(40 * one), exposure=1e4) for one in shapes]
        >>> behind = sl.spectra.PrincipalComponents.of(seen, components=1)
        >>> behind.coefficients.tolist(), round(float(behind.norm) / (50 * 40 / 1e4), 1)
        ([0.0], 1.0)

    **Source:** Simmonds et al. 2018, A&A 618, A66 (backgrounds by principal components of logarithms of counts);
    Collins, Dasgupta & Schapire 2001, Advances in Neural Information Processing Systems 14, 617 (of Poisson data).
    """

    cites: ClassVar[tuple[str, ...]] = ("Simmonds2018", "Collins2001")
    table: PrincipalTable
    coefficients: Float[Array, " k"] = param(symbol="a", doc="of the components, in standard deviations")
    norm: Float[Array, ""] = param(1.0, unit="s-1", bounds=(0, None), symbol="K")

    def __init__(self, table: PrincipalTable, coefficients: Any = None, norm: Any = 1.0) -> None:
        if not isinstance(table, PrincipalTable):
            raise TypeError(f"PrincipalComponents: table is {table!r}: give a sl.spectra.PrincipalTable.")
        self.table, self.norm = table, norm
        self.coefficients = jnp.zeros(table.components, default_float()) if coefficients is None else coefficients

    def __check_init__(self) -> None:
        shape = getattr(self.coefficients, "shape", None)
        if shape is not None and shape != (self.table.components,):
            raise ValueError(
                f"PrincipalComponents.coefficients has shape {shape}: give one for each of {self.table.components}."
            )

    @classmethod
    def of(cls, spectra: Sequence[Any], components: int = 3) -> "PrincipalComponents":
        """The components of observed backgrounds, with their mean counts s-1, of AREASCAL 1, as `norm`.

        What a spectrum has in channels that are bad is filled in by the mean.

        **Arguments:** `spectra`: `sl.counts.Spectrum`, of one detector, as they were counted, more than `components`,
        the more the better, e.g. `[sl.io.read_observation(path, response=...).on for path in paths]`. Bad channels are
        left out.

        **Raises:** `ValueError` for too few spectra or channels, other channels, and what was not counted, also by its
        `poisson`; `TypeError` for what are no spectra.
        """
        seen = listed(spectra)
        table = PrincipalTable.learnt(seen, components)
        share = np.exp(table.values[0])
        rates = [
            np.sum(one.counts[~one.bad]) / np.sum((share * one.area_scale)[~one.bad]) / one.exposure for one in seen
        ]
        return cls(table, None, sum(rates) / len(rates))

    def __call__(self, channels: Numbered) -> Float[Array, " m"]:
        mean, *parts = jnp.asarray(self.table.rows(channels.label), self.norm.dtype)
        return self.norm * jnp.exp(sum((a * part for a, part in zip(self.coefficients, parts, strict=True)), mean))
