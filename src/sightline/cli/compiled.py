"""Compiled programs kept between runs of the command line, in the user's cache folder."""

import os
import platform
from pathlib import Path

from .._core.files import user_cache

_MOST = 2**29  # bytes that are kept
_QUICK = 0.1  # seconds below which compiling is not worth a file


def keep_compiled() -> None:
    """Lets JAX keep compiled programs, unless the environment says where, or, empty, that none are kept.

    Each machine has a folder of its own: programs are made for its processor.
    """
    import jax

    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    try:
        folder = user_cache() / "compiled" / platform.node()
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
    except (OSError, RuntimeError):  # no home, or a full or closed one: compiling anew does as well
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _QUICK)


def _sweep(folder: Path) -> None:
    """Removes the oldest files beyond what is kept."""
    files = sorted((file for file in folder.iterdir() if file.is_file()), key=lambda file: -file.stat().st_mtime)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > _MOST:
            file.unlink(missing_ok=True)
