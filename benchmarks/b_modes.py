"""Makes the table of `sl.cosmology.BModes`: `python benchmarks/b_modes.py [path]`, with CAMB installed.

Parameters that are not named here are those of CAMB by default.
"""

import sys
from pathlib import Path

import camb
import numpy as np
from scipy.optimize import brentq

TABLE = Path(__file__).parents[1] / "src/sightline/components/cosmology/data/b_modes.csv"
LAST, ACCURACY = 512, 2.0


def results(tilt=None):
    """CAMB's results for r = 1, with the tilt of the tensors given, or that of single-field inflation."""
    parameters = camb.CAMBparams()
    parameters.set_cosmology(H0=67.5, ombh2=0.022, omch2=0.122)
    parameters.InitPower.set_params(As=2e-9, ns=0.965, r=1.0, nt=tilt, ntrun=0.0 if tilt == 0 else None)
    parameters.WantTensors = True
    parameters.set_for_lmax(3000, lens_potential_accuracy=2)
    parameters.set_accuracy(AccuracyBoost=ACCURACY, lAccuracyBoost=ACCURACY)
    parameters.max_l_tensor, parameters.max_eta_k_tensor = 1000, 4000
    return camb.get_results(parameters)


def spectra(found):
    """BB of tensors and of lensing, (513,) each, uK^2."""
    powers = found.get_cmb_power_spectra(CMB_unit="muK", raw_cl=True, lmax=LAST)
    return powers["tensor"][:, 2], powers["lensed_scalar"][:, 2]


def header(found):
    """What the numbers were made with."""
    own = found.Params
    depth = brentq(lambda tau: camb.get_zre_from_tau(own, tau) - own.Reion.redshift, 0.03, 0.15)
    return [
        f"# BB power spectra C_l [uK^2] of the CMB by CAMB {camb.__version__} (Lewis, Challinor & Lasenby 2000)",
        f"# H0 = {own.H0}, ombh2 = {own.ombh2}, omch2 = {own.omch2}, omnuh2 = {own.omnuh2:.6g} (one massive "
        f"neutrino of {own.num_nu_massive + own.num_nu_massless:.6g}), omk = {own.omk}, TCMB = {own.TCMB}, "
        f"YHe = {own.YHe:.6f}, reionisation at z = {own.Reion.redshift} (tau = {depth:.5f})",
        f"# As = {own.InitPower.As}, ns = {own.InitPower.ns}, scalar pivot {own.InitPower.pivot_scalar}/Mpc, r = 1 at "
        f"{own.InitPower.pivot_tensor}/Mpc; lensing potential non-linear by {own.NonLinearModel.halofit_version}; "
        f"accuracy {ACCURACY:g}",
        f"# tensor: nt = {own.InitPower.nt:.5f}, ntrun = {own.InitPower.ntrun:.5f}, that of single-field inflation "
        "with r = 1; flat: nt = 0",
        "# degree, tensor, flat, lensing",
    ]


def main():
    tilted, flat = results(), results(0.0)
    columns = (*spectra(tilted), spectra(flat)[0])
    rows = [f"{l}, {t:.7g}, {f:.7g}, {b:.7g}" for l, (t, b, f) in enumerate(zip(*columns, strict=True))]
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE
    path.write_text("\n".join([*header(tilted), *rows]) + "\n")


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
