"""What the fit of a mixture returns."""

import dataclasses

import numpy as np

WEIGHINGS = ("light", "mass")


def means(weights: np.ndarray, ages: np.ndarray, metallicities: np.ndarray) -> np.ndarray:
    """Mean log10(age/Gyr) and [M/H] by weights, (..., m, a): (..., 2); NaN where all are 0."""
    total = np.sum(weights, axis=(-2, -1))
    by_age = np.sum(weights * np.log10(np.maximum(ages, 1e-6)), axis=(-2, -1))
    by_metal = np.sum(weights * metallicities[:, None], axis=(-2, -1))
    return np.stack([by_age, by_metal], axis=-1) / np.where(total > 0, total, np.nan)[..., None]


@dataclasses.dataclass(frozen=True, eq=False)
class Mixture:
    """Populations and velocities of one spectrum or many; leading axes are those of the data.

    - `kinematics`, `errors`: (*batch, moments): velocity and dispersion, km/s, h_3, h_4...; errors are those of the
      variances, all else let free; multiply by (chi2/dof)^(1/2) where these are not trusted. Without draws NaN at a
      limit.
    - `population_errors`: (*batch, 2, 2), standard deviations of `mean_log_age` and `mean_metallicity`, each by light
      and by mass; NaN without draws.
    - `weights`: (*batch, m, a), mass formed on each node of the library, in the unit of the flux over Lsun A-1 Msun-1:
      with the integral of the Gauss-Hermite series. Of fluxes per observed A, multiply it by 4 pi D^2 (1 + z), D the
      luminosity distance.
    - `light`: (*batch, m, a), shares of the light, that of means over the range that was fitted and what velocities
      reach beside it; they sum to 1.
    - `polynomial`: (*batch, degree + 1), Legendre coefficients over the fitted range in ln wavelength; the first is 1.
    - `model`: (*batch, channels), in the unit of the flux, NaN beyond the library; `used`: whether a datum was fitted.
    - `chi2`, `dof`: (*batch,): of the data alone, and data less what was free.
    - `status`: (*batch,): `"converged"`, `"at a limit"`, `"step limit"`, `"no data"` or `"no light"`.
    - `additive`: (*batch, k), Legendre coefficients of what was added, in the unit of the flux.
    - `left_out`: how many data were left out of all, by reason.
    - `ages`, `metallicities`: of the nodes, Gyr and [M/H].

    !!! example
        >>> many = {"kinematics": (2, 4), "errors": (2, 4), "population_errors": (2, 2, 2), "weights": (2, 1, 3)}
        >>> many |= {"light": (2, 1, 3), "polynomial": (2, 1), "model": (2, 9), "chi2": (2,), "dof": (2,)}
        >>> known = {name: np.ones(shape) for name, shape in many.items()} | {"additive": np.zeros((2, 0))}
        >>> nodes = {"ages": np.array([1.0, 10.0, 100.0]), "metallicities": np.zeros(1), "left_out": {}}
        >>> used, status = np.ones((2, 9), bool), np.full(2, "converged")
        >>> found = sl.cubes.Mixture(**known, **nodes, used=used, status=status)
        >>> found.h4, found.mean_log_age(by="mass"), found[0].status
        (array([1., 1.]), array([1., 1.]), np.str_('converged'))
    """

    kinematics: np.ndarray
    errors: np.ndarray
    population_errors: np.ndarray
    weights: np.ndarray
    light: np.ndarray
    polynomial: np.ndarray
    model: np.ndarray
    used: np.ndarray
    chi2: np.ndarray
    dof: np.ndarray
    status: np.ndarray
    additive: np.ndarray
    left_out: dict[str, int]
    ages: np.ndarray
    metallicities: np.ndarray

    @property
    def velocity(self) -> np.ndarray:
        """(*batch,), km/s, relative to the redshift that was given."""
        return self.kinematics[..., 0]

    @property
    def dispersion(self) -> np.ndarray:
        """(*batch,), km/s."""
        return self.kinematics[..., 1]

    def moment(self, order: int) -> np.ndarray:
        """h_3, h_4 and so on, (*batch,).

        **Raises:** `ValueError` for one that was not fitted.
        """
        if not 3 <= order <= self.kinematics.shape[-1]:
            raise ValueError(f"order = {order}: this fit has moments 3 to {self.kinematics.shape[-1]}.")
        return self.kinematics[..., order - 1]

    @property
    def h3(self) -> np.ndarray:
        """(*batch,): positive where the slower side is the steeper."""
        return self.moment(3)

    @property
    def h4(self) -> np.ndarray:
        """(*batch,): positive where the wings are wide."""
        return self.moment(4)

    def mean_log_age(self, by: str = "light") -> np.ndarray:
        """Mean of log10(age/Gyr), (*batch,), weighed by `"light"` or by `"mass"` formed."""
        return means(self._chosen(by), self.ages, self.metallicities)[..., 0]

    def mean_metallicity(self, by: str = "light") -> np.ndarray:
        """Mean of [M/H], dex, (*batch,), weighed by `"light"` or by `"mass"` formed."""
        return means(self._chosen(by), self.ages, self.metallicities)[..., 1]

    def _chosen(self, by: str) -> np.ndarray:
        if by not in WEIGHINGS:
            raise ValueError(f"by = {by!r}: choose one of {', '.join(map(repr, WEIGHINGS))}.")
        return self.light if by == "light" else self.weights

    def __getitem__(self, index: object) -> "Mixture":
        """The results of some of the spectra."""
        shared = ("left_out", "ages", "metallicities")
        names = [field.name for field in dataclasses.fields(self) if field.name not in shared]
        return dataclasses.replace(self, **{name: getattr(self, name)[index] for name in names})

    def summary(self) -> str:
        """A line for each spectrum."""
        lines = ["   V [km/s]  sigma [km/s]  log age/Gyr   [M/H]  chi2/dof  status"]
        columns = self.velocity, self.dispersion, self.mean_log_age(), self.mean_metallicity(), self.chi2 / self.dof
        rows = zip(*map(np.ravel, columns), np.ravel(self.status), strict=True)
        lines += ["{:11.1f} {:13.1f} {:12.3f} {:7.3f} {:9.3f}  {}".format(*row) for row in rows]
        out = ", ".join(f"{count} {why}" for why, count in self.left_out.items() if count)
        return "\n".join([*lines, f"data left out: {out or 'none'}"])

    def __repr__(self) -> str:
        return self.summary()
