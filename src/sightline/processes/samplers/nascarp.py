"""The networks of NASCaRP, from the text files that hold their weights."""

import itertools
import os
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._core.files import PathLike
from ..._core.module import default_float
from ..._core.reading import FileError, read_text
from ..scattered_energy import ScatteredEnergy
from .base import AbstractInverse
from .dense import check_layers, dense

Scalar = Float[Array, ""]

_Law: Any = ScatteredEnergy  # whose domain belongs to the class
_STEEPNESS = 5.0  # beta of the map of energies
_POINT = {"gamma": 1e5, "e0": 10**-4.5}  # where the paper compares
_LARGEST = 0.1  # rms error there of what still is a network of this law


class NASCaRP(AbstractInverse):
    """A network y(u, log10 gamma, log10 e0) for the energy of inverse Compton photons; `sl.samplers.from_nascarp`.

    $$e_1 = e_0 + (e_{max} - e_0)\\,\\frac12\\left(1+\\frac{\\tanh 5y}{\\tanh 5}\\right),\\qquad
    e_{max} = \\frac{\\gamma b}{1+b},\\quad b = 4\\gamma e_0$$

    with y a dense tanh network held in [-1, 1]. Nothing wires its ends in, and it has the errors that it was trained
    to: `sl.testing.check_sampler` measures them, `Exact(law, guess=network)` removes them.

    **Arguments:** `weights`: one (out, in) a layer, 3 numbers entering; `biases`: one (out,) a layer; `distribution`:
    the law.

    **Raises:** `ValueError` for layers that do not follow one another.

    **Source:** Charles & Chen 2024, arXiv:2406.19385.

    !!! example
        >>> network = sl.samplers.NASCaRP((jnp.array([[2.0, 0.0, 0.0]]),), (jnp.array([-1.0]),))
        >>> bool(network(0.2, gamma=1e5, e0=1e-4) < network(0.8, gamma=1e5, e0=1e-4))
        True
    """

    weights: tuple[Float[Array, "out in"], ...]
    biases: tuple[Float[Array, " out"], ...]
    distribution: ScatteredEnergy = _Law()

    def __check_init__(self) -> None:
        check_layers(self.weights, self.biases, 3, "NASCaRP")

    def invert(self, u: Scalar, **parameters: Scalar) -> Scalar:
        gamma, e0 = parameters["gamma"], parameters["e0"]
        y = dense(jnp.stack([u, jnp.log10(gamma), jnp.log10(e0)]), self.weights, self.biases)
        part = 0.5 * (1 + jnp.tanh(_STEEPNESS * jnp.clip(y, -1, 1)) / np.tanh(_STEEPNESS))
        return e0 + (self.distribution.support(**parameters)[1] - e0) * part


def from_nascarp(path: PathLike, prefix: str = "net1") -> NASCaRP:
    """A network of NASCaRP from its text files, `prefix_layer0.txt`, `prefix_layer1.txt`, ... in a folder.

    The first row of a file has the weights of a layer, the numbers that leave running fastest in layer 0 and slowest
    in the others; then comes a bias a row.

    **Arguments:** `path`: the folder; `prefix`: of the names of the files.

    **Returns:** a sampler of `sl.processes.ScatteredEnergy`, called with u, gamma and e0.

    **Raises:** `FileNotFoundError`; `sl.io.FileError`, a `ValueError`, with the path, for files that are truncated, of
    layers that do not fit, or of a network for another law: whose rms error of C(x(u)) at gamma = 1e5, e0 = 10^-4.5
    exceeds 0.1.

    **Source:** as `NASCaRP`.

    !!! example
        >>> sl.samplers.from_nascarp("weights")
        Traceback (most recent call last):
        ...
        FileNotFoundError: path = weights has no file net1_layer0.txt: name the folder, and the prefix, of a network.
    """
    first = Path(os.fspath(path)) / f"{prefix}_layer0.txt"
    if not first.is_file():
        raise FileNotFoundError(
            f"path = {path} has no file {first.name}: name the folder, and the prefix, of a network."
        )
    files = [first, *_following(first, prefix)]
    weights, biases = [], []
    for file in files:
        weight, bias = _layer(file, 3 if not biases else len(biases[-1]), file is first)
        weights.append(weight)
        biases.append(bias)
    if len(biases[-1]) != 1:
        raise FileError(
            f"path = {files[-1]} ends the network with {len(biases[-1])} numbers, not one: a layer is missing."
        )
    return _checked(NASCaRP(weights=tuple(weights), biases=tuple(biases)), path)


def _following(first: Path, prefix: str) -> list[Path]:
    names = (first.with_name(f"{prefix}_layer{k}.txt") for k in itertools.count(1))
    return list(itertools.takewhile(Path.is_file, names))


def _layer(file: Path, inputs: int, is_first: bool) -> tuple[Array, Array]:
    rows = [row.split() for row in read_text(file).splitlines() if row.strip()]
    if len(rows) < 2 or any(len(row) != 1 for row in rows[1:]):
        raise FileError(f"path = {file} is no layer of NASCaRP: give a row of weights, then a bias a row.")
    weight, bias = _numbers(file, rows[0]), _numbers(file, [row[0] for row in rows[1:]])
    if weight.size != inputs * bias.size:
        raise FileError(
            f"path = {file} has {weight.size} weights and {bias.size} biases: {inputs} numbers enter this layer, so "
            f"that {inputs * bias.size} weights are needed. It is truncated, or of another network."
        )
    shaped = weight.reshape(inputs, -1).T if is_first else weight.reshape(-1, inputs)
    return jnp.asarray(shaped, default_float()), jnp.asarray(bias, default_float())


def _numbers(file: Path, words: list[str]) -> np.ndarray:
    try:
        found = np.array(words, float)
    except ValueError as error:
        raise FileError(f"path = {file} holds what is no number: {error}.") from None
    if not np.all(np.isfinite(found)):
        raise FileError(f"path = {file} holds numbers that are not finite.")
    return found


def _checked(network: NASCaRP, path: PathLike) -> NASCaRP:
    u = jnp.linspace(0, 1, 101)
    error = float(jnp.sqrt(jnp.mean((network.distribution.cumulative(network(u, **_POINT), **_POINT) - u) ** 2)))
    if not error <= _LARGEST:
        raise FileError(
            f"path = {path} is a network of another law: at gamma = 1e5, e0 = 10^-4.5 its rms error for inverse "
            f"Compton is {error:.2g}, more than {_LARGEST:g}."
        )
    return network
