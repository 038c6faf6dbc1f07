"""The command that fits an X-ray spectrum."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .app import Json, Whole, app


@app.command
def spectrum(
    file: Path,
    /,
    *,
    model: str,
    output: Path,
    low: float | None = None,
    high: float | None = None,
    fix: Annotated[list[str] | None, Parameter(consume_multiple=True, negative=())] = None,
    background: str | None = None,
    response: str | None = None,
    area: str | None = None,
    row: Annotated[int | None, Whole] = None,
    group: Literal["as_filed", "ungrouped", "minimum_counts", "minimum_signal", "optimal"] | None = None,
    minimum: float | None = None,
    treatment: Literal["profiled", "marginal", "scaled", "none"] | None = None,
    json: Json = False,
) -> None:
    """Fit a model to an X-ray spectrum, without a run file.

    Writes into the folder what `sightline fit` does, with the run file that says the same: change it for other priors,
    several spectra, or draws by `sightline sample`. Norms start where each component has its share of the counts. Ended
    by anything, the same call goes on where it was.

    Parameters
    ----------
    file
        PHA file, which names its response and background, or is given them.
    model
        Classes of `sl.spectra` in small letters, +, * and brackets: "absorption * (power_law(index=1.8) + black_body)".
        Numbers are where the fit starts.
    output
        Folder of the results.
    low
        Least energy, keV.
    high
        Largest energy, keV.
    fix
        Parameters that stay as they are, e.g. column, or power_law.index; a redshift always does.
    background
        PHA file, or `none`.
    response
        RMF or RSP file.
    area
        ARF file, or `none`.
    row
        Of a file with several spectra, from 1.
    group
        Channels into groups.
    minimum
        Counts, or signal over noise, of each group.
    treatment
        Of a background that was observed: profiled without it, channel by channel.
    json
        Print the results as JSON, and nothing else.
    """
    import jax

    from .spectrum import Request, run

    given = {name: value for name, value in locals().items() if name in Request._fields} | {"fix": fix or []}
    with jax.enable_x64(True):
        run(Request(**given))
