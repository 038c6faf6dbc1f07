"""What of a result depends on an input."""

from collections.abc import Callable
from typing import Any

import jax


def dependent(function: Callable[[Any], Any], argument: Any) -> list[bool]:
    """Which leaves of a result depend on an argument, as the program of the function has it.

    !!! example
        >>> dependent(lambda x: (2 * x, jnp.ones(3)), jnp.zeros(2))
        [True, False]
    """
    from jax.extend.core import Var

    program = jax.make_jaxpr(function)(argument).jaxpr
    reached = set(program.invars)
    for step in program.eqns:
        if any(isinstance(one, Var) and one in reached for one in step.invars):
            reached.update(step.outvars)
    return [isinstance(one, Var) and one in reached for one in program.outvars]
