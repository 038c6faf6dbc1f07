"""Work that is done many times over, shared out over devices."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

_AXIS = "copies"


def shared_out(tree: Any, count: int) -> Any:
    """Arrays whose first axis counts to `count`, inside jit: as many on each device, where they come out even."""
    if jax.device_count() == 1 or count % jax.device_count():
        return tree
    return jax.lax.with_sharding_constraint(tree, _placing(PartitionSpec(_AXIS)))


def everywhere(tree: Any) -> Any:
    """Arrays, inside jit, of which each device has the whole."""
    return tree if jax.device_count() == 1 else jax.lax.with_sharding_constraint(tree, _placing(PartitionSpec()))


def _placing(spec: PartitionSpec) -> NamedSharding:
    return NamedSharding(Mesh(np.asarray(jax.devices()), (_AXIS,)), spec)
