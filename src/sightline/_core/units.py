"""Astropy quantities at the boundary: converted to the documented unit once, never carried inside."""

from typing import Any


def strip_unit(value: Any, unit: str, name: str) -> Any:
    """The number of `value` in `unit` if it is an astropy quantity, or a list of them; `value` itself otherwise.

    **Arguments:**

    - `value`: a number, an array, an astropy quantity, or a list or tuple of these.
    - `unit`: the documented unit, in astropy's notation; `""` is dimensionless.
    - `name`: what the value is, for the error message.

    **Raises:** `ValueError` where the quantity's dimension is not that of `unit`.

    !!! example
        >>> import astropy.units as u
        >>> strip_unit(500 * u.MHz, "GHz", "frequency")
        np.float64(0.5)
    """
    if isinstance(value, (list, tuple)):
        return type(value)(strip_unit(item, unit, name) for item in value)
    if not hasattr(value, "to_value"):
        return value
    import astropy.units as u

    try:
        return value.to_value(u.Unit(unit))
    except u.UnitConversionError:
        wanted = f"a quantity convertible to {unit!r}" if unit else "a dimensionless number"
        raise ValueError(f"{name} was given in {str(value.unit)!r}: pass {wanted}, or a plain number.") from None
