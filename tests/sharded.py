"""What a process does on its devices, for `test_sharding.py`: `python sharded.py file [rank count address]`."""

import sys

import jax
import numpy as np


def main(path: str, rank: str = "0", count: str = "1", address: str = "") -> None:
    if int(count) > 1:
        jax.distributed.initialize(address, int(count), int(rank))
    import jax.numpy as jnp
    import numpyro.distributions as dist

    import sightline as sl

    jax.config.update("jax_enable_x64", True)
    simulator = sl.Simulator(
        magnetic_field=sl.magnetic.LSA(),
        electron_density=sl.electrons.Uniform(0.01),
        cosmic_rays=sl.cosmic_rays.ExponentialDisk(),
        emission=(sl.emission.Synchrotron(), sl.emission.FaradayRotation()),
        chunk=1,
    )
    plain = sl.Sightlines(sl.HealpixSky(2), sl.RadialCells(cells=64, distance=6.0))
    edges = sl.Sightlines(sl.HealpixSky(2)).seen_from(sl.SUN)
    coarse = sl.Sightlines(sl.HealpixSky(2), sl.RadialCells(cells=32, distance=6.0))
    order = np.random.default_rng(0).permutation(48)
    classes = plain.with_classes((plain.take(order[:30]), coarse.take(order[30:])), np.argsort(order))
    sources = sl.SourceCatalogue(np.linspace(0, 350, 7), np.linspace(-60, 60, 7), np.linspace(1, 9, 7))
    found = {}
    for name, lines in {"plain": plain, "edges": edges, "classes": classes}.items():
        given = sl.shard(lines)
        found[name] = jnp.stack([getattr(simulator(given, [2.4, 23.0]), part) for part in "IQU"])
    found["rm"] = simulator.rotation_measure(sl.shard(sources))
    data, names = simulator(plain, 2.4) * 1.1, {"magnetic_field.b0": dist.Uniform(0, 10)}
    likelihoods = [
        sl.MapLikelihood(plain, 2.4, data=data, noise=1e-4),
        sl.SourceLikelihood(sl.observables.RotationMeasure(sources), np.ones(7), error=5.0),
    ]
    posterior = sl.shard(sl.Posterior(sl.ParameterSpace(simulator, names), likelihoods))
    start = posterior.space.to_unconstrained(posterior.space.initial)
    found["density"], slope = jax.value_and_grad(posterior.log_density)(start)
    found["gradient"] = slope["magnetic_field.b0"]
    found["held"] = posterior.hold().log_density(start)
    found["residuals"] = posterior.residuals(posterior.space.initial)
    np.savez(f"{path}_{rank}.npz", **{name: np.asarray(value) for name, value in found.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
