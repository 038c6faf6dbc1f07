"""Checkpoints: a folder to which a long run writes its state, and from which the same call continues."""

import contextlib
import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._core.archives import read_archive
from .._core.files import PathLike, is_part, replacing, sweep
from .._core.locks import LOCK
from .._core.reading import FileError, brief, read_text, reading
from .._version import __version__

FORMAT = 2
DEPENDENCIES = ("equinox", "numpyro", "blackjax", "optax", "optimistix", "interpax")
_RUN = "run.json"
AGAIN, ELSEWHERE = "delete it to repeat what it held", "start again in another folder"
"""What to do about a damaged file, which the run can repeat, or cannot."""


class Checkpoint:
    """A folder with the state of a run, and with what tells whether a later call is the same run.

    Every file appears whole or not at all, whenever the process is killed. Nothing in the folder can run.

    **Arguments:** `folder`: created where it is missing; `fingerprints`: by part, e.g. `"model"`, `"data"`, `"method"`.

    **Raises:** `ValueError` where the folder holds a run that differs, naming the parts, or anything else; `OSError`
    where it cannot be written.

    !!! example
        >>> checkpoint = Checkpoint("run", {"method": "Adam"})
        >>> checkpoint.write("state", {"step": np.asarray(10)})
        >>> Checkpoint("run", {"method": "Adam"}).read("state")["step"]
        array(10)
        >>> Checkpoint("run", {"method": "NUTS"})
        Traceback (most recent call last):
        ...
        ValueError: checkpoint = run holds another run: method differs. ...
    """

    def __init__(self, folder: PathLike, fingerprints: Mapping[str, str]):
        self.folder: Path = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)
        run = {"format": FORMAT, "sightline": __version__, "software": _software(), "parts": dict(fingerprints)}
        if (self.folder / _RUN).exists():
            self._compare(run)
            return
        others = sorted(one.name for one in self.folder.iterdir() if not is_part(one.name) and one.name != LOCK)
        if others:
            raise ValueError(
                f"checkpoint = {folder} is no run: it holds {', '.join(others[:3])} and no {_RUN}. Name a new folder."
            )
        with self._whole(_RUN) as temporary:
            temporary.write_text(json.dumps(run, indent=2), encoding="utf-8")

    def write(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes arrays under a name; those that were there are replaced when the new ones are safe on the disk.

        **Raises:** `OSError` for a full disk; what was there survives; `TypeError` for arrays of objects.
        """
        known = {key: np.asarray(array) for key, array in arrays.items()}
        objects = [key for key, array in known.items() if array.dtype.hasobject]
        if objects:
            raise TypeError(f"{', '.join(objects)} of {name} are no arrays of numbers: they cannot be kept.")
        with self._whole(f"{name}.npz") as temporary, open(temporary, "wb") as file:
            np.savez(file, **known)

    def read(self, name: str, cure: str = AGAIN) -> dict[str, np.ndarray] | None:
        """The arrays under a name; `None` where there are none.

        **Raises:** `sl.io.FileError`, a `ValueError`, for a damaged file.
        """
        path = self.folder / f"{name}.npz"
        if not path.exists():
            return None
        with self.damaged(name, cure):
            return read_archive(path)

    @contextlib.contextmanager
    def damaged(self, name: str, cure: str = AGAIN) -> Iterator[None]:
        """What fails while the arrays under a name are used tells which file it is, and what to do.

        **Raises:** `sl.io.FileError`, a `ValueError`.
        """
        try:
            yield
        except (ValueError, KeyError, TypeError, IndexError) as error:
            path = self.folder / f"{name}.npz"
            raise FileError(f"{path} is damaged ({brief(error)}): {cure}.") from None

    def names(self) -> list[str]:
        """The names under which there are arrays, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.npz") if not path.name.startswith("."))

    @contextlib.contextmanager
    def _whole(self, name: str):
        path = self.folder / name
        try:
            with replacing(path, overwrite=True) as temporary:
                yield temporary
        except OSError as error:
            why = error.strerror or error
            raise OSError(
                error.errno,
                f"The checkpoint {path} could not be written ({why}); what was there before is intact. Make room, then "
                "call again in the same way to continue from it.",
            ) from error

    def _compare(self, run: dict[str, Any]) -> None:
        with reading(self.folder / _RUN, "is no description of a run, name a new folder"):
            old = json.loads(read_text(self.folder / _RUN))
            parts, software = dict(old["parts"]), dict(old["software"])
            known = old["format"]
        if known != FORMAT:
            raise ValueError(f"checkpoint = {self.folder} has format {known}, not {FORMAT}: name a new folder.")
        changed = [name for name in {**parts, **run["parts"]} if parts.get(name) != run["parts"].get(name)]
        if changed:
            verb = "differs" if len(changed) == 1 else "differ"
            raise ValueError(
                f"checkpoint = {self.folder} holds another run: {', '.join(changed)} {verb}. Call as that run was "
                "called to continue it, or name a new folder."
            )
        other = [f"{name} {software.get(name)}" for name, one in run["software"].items() if software.get(name) != one]
        if other:
            now = ", ".join(f"{name} {one}" for name, one in run["software"].items() if software.get(name) != one)
            raise ValueError(
                f"checkpoint = {self.folder} was begun with {', '.join(other)}, this is {now}, which may round "
                "otherwise: continue with the former, or name a new folder."
            )


def _software() -> dict[str, str]:
    """What decides the last bits of a result."""
    import jaxlib

    others = {name: importlib.metadata.version(name) for name in DEPENDENCIES}
    kind = jnp.result_type(float).name
    backend = f"{jax.device_count()} of {jax.devices()[0].device_kind}"
    return {"sightline": __version__, "jax": jax.__version__, "jaxlib": jaxlib.__version__, **others} | {
        "precision": kind,
        "hardware": backend,
    }


def pack(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a PyTree, by their place in it.

    **Raises:** `TypeError` for a leaf that is neither an array nor a number, naming it.

    !!! example
        >>> pack({"mean": jnp.zeros(2), "key": jax.random.key(1)})
        {'0': array([0, 1], dtype=uint32), '1': array([0., 0.])}
    """
    return {str(place): _to_numpy(leaf, path) for place, (path, leaf) in enumerate(_leaves(tree))}


def unpack(arrays: Mapping[str, np.ndarray], like: Any) -> Any:
    """The PyTree of the shape of `like` that `pack` made `arrays` of.

    **Raises:** `ValueError` where it has other leaves.
    """
    leaves, structure = jax.tree.flatten(like)
    if {str(place) for place in range(len(leaves))} != set(arrays):
        raise ValueError(f"{len(arrays)} arrays were kept, {len(leaves)} are needed.")
    return jax.tree.unflatten(structure, [_like(arrays[str(i)], leaf) for i, leaf in enumerate(leaves)])


def _leaves(tree: Any) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _to_numpy(leaf: Any, path: Any) -> np.ndarray:
    if not isinstance(leaf, (jax.Array, np.ndarray, np.generic, bool, int, float, complex)):
        raise TypeError(f"{jax.tree_util.keystr(path)} is a {type(leaf).__name__}, no array: it cannot be kept.")
    array = np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
    return array.view(np.uint8 if array.itemsize == 1 else np.uint16) if array.dtype.kind == "V" else array


def _like(array: np.ndarray, leaf: Any) -> Any:
    if _is_key(leaf):
        return jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(leaf))
    dtype = np.asarray(leaf).dtype
    array = array.view(dtype) if dtype.kind == "V" else array
    if array.shape != np.shape(leaf) or array.dtype != dtype:
        raise ValueError(f"{array.dtype}{array.shape} was kept, {dtype}{np.shape(leaf)} is needed.")
    return (
        jnp.asarray(array) if isinstance(leaf, jax.Array) else type(leaf)(array.item()) if np.isscalar(leaf) else array
    )
