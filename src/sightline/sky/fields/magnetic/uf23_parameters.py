"""The parameters of the eight models of Unger & Farrar 2024, ApJ 970, 95 (arXiv:2311.12120), table 3.

Values are those of the authors' code, to all its digits, where the paper rounds. `UF23` says which model is which.
"""

_VALUES = """
symbol    unit       base        neCL        expX       spur      cre10       synCG     twistX        nebCor
B_1       uG    1.0878565   1.4259645  0.99258148 -4.2993328  1.2035697  0.81386878  1.3741995     1.4081935
B_2       uG    2.6605034   1.3543223   2.1821124          -   2.747849    2.058693  2.0089881       3.52924
B_3       uG    3.1166311   3.4390669   3.1197345          -  3.2104342   2.9437335  1.5212463     4.1290147
phi_1     deg   263.16589   199.61898   247.45741  155.89875  265.15882   229.88551  235.60316     264.47529
phi_2     deg   97.782269   135.41461   98.578879          -  98.211313   97.388282  101.89856      97.57266
phi_3     deg   35.112281   64.909767   34.884485          -  35.944588   32.927367  56.187572     36.403798
alpha     deg     10.1069   11.867859    10.02707  12.074432  10.162759   9.9034844  12.100979     10.151183
z_d       kpc  0.79408965  0.67405199  0.71508681 0.75019749 0.80844932  0.62172353  0.9380618    0.81151971
w_d       kpc  0.10720909 0.061162799 0.098524736  0.1226312 0.10824003 0.066517521 0.14933338    0.11863734
phi_c     deg           -           -           -  157.18686          -           -          -             -
l_c       deg           -           -           -  31.839577          -           -          -             -
d_c       deg           -           -           -  10.318114          -           -          -             -
B_N       uG     3.255676   2.6256593   2.7077434  2.9286724  3.7308133   2.3991193          -     4.6491142
B_S       uG   -3.0914569  -2.5699466  -2.5677104 -2.5979895 -3.5039958  -2.0919944          -     -4.500661
r_t       kpc   10.193815   10.134257   10.134022  9.7536425  10.407507   9.4227834          -     10.205288
w_t       kpc   1.6936993   1.1547728   2.0956159  1.4210055  1.7398375  0.91608418          -     1.7004868
z_t       kpc   4.0242749   4.5585463   5.4564991  6.0941229    2.92728   5.5844594          -     3.5557767
B_p       uG   0.97775487  0.98387831    5.835799 0.99302987 0.96938453  0.80883734 0.62793114     1.3485916
p         1     1.4266186   1.6773615   1.9510779  1.3982374  1.4150957   1.5820957  2.3292519     1.3414395
r_p       kpc   7.2925417   7.4084361   2.4994376  7.1973387  7.2987296   7.4625235  7.9212358     7.2473841
w_p       kpc  0.11188158  0.14168192           - 0.12262244 0.10923051  0.15003765 0.29056201    0.14318227
z_p       kpc   4.4597373   3.6521188           -   4.485327  4.5748332    3.533855  2.6274437     4.8242603
A         kpc           -           -   6.1938701          -          -           -          -             -
xi        deg           -           -   20.926122          -          -           -          -             -
t         Myr           -           -           -          -          -           -  54.733549             -
striation 1    0.34557571  0.33600213    0.514405 0.33022369 0.24950386  0.63434763 0.77616317 3.8610837e-10
"""
# Standard deviations: roots of the diagonals of the covariance matrices published with the authors' code (appendix C),
# in whose lists of names the second of two r_t is w_t.
_ERRORS = """
symbol    unit  base  neCL  expX  spur cre10 synCG twistX nebCor
B_1       uG    0.14  0.26  0.15  0.18  0.14  0.12   0.17   0.19
B_2       uG    0.21  0.44  0.22     -  0.21   0.2    0.3   0.27
B_3       uG    0.15  0.34  0.16     -  0.15  0.14   0.26   0.21
phi_1     deg    8.5    11    10   1.4   7.6    13     11    8.5
phi_2     deg    2.8    12   3.2     -   2.8   3.3     10    3.2
phi_3     deg    2.2   4.4   2.4     -   2.2   2.4    6.1    2.5
alpha     deg   0.13  0.38  0.13   0.6  0.13  0.13   0.44   0.14
z_d       kpc  0.032 0.018 0.023 0.027 0.033 0.018  0.048  0.027
w_d       kpc  0.025  0.02 0.023 0.024 0.025 0.018  0.069  0.025
phi_c     deg      -     -     -     3     -     -      -      -
l_c       deg      -     -     -     3     -     -      -      -
d_c       deg      -     -     -   0.6     -     -      -      -
B_N       uG    0.31  0.17  0.19  0.23  0.37  0.12      -   0.41
B_S       uG     0.3  0.17  0.18  0.21  0.34  0.11      -    0.4
r_t       kpc   0.17   0.2  0.18  0.13   0.2 0.076      -   0.17
w_t       kpc    0.4  0.29  0.56   0.3  0.43  0.16      -   0.41
z_t       kpc    0.7  0.82  0.89   1.4  0.37  0.82      -   0.58
B_p       uG   0.033 0.031  0.36 0.037 0.034 0.024   0.02  0.036
p         1    0.092  0.11  0.14 0.094 0.092 0.094  0.099  0.098
r_p       kpc  0.057 0.048 0.072 0.063 0.062 0.048  0.036  0.066
w_p       kpc  0.029  0.03     - 0.034 0.027 0.022  0.035  0.033
z_p       kpc    0.4  0.28     -  0.42  0.42  0.24  0.097   0.51
A         kpc      -     -  0.78     -     -     -      -      -
xi        deg      -     -   1.8     -     -     -      -      -
t         Myr      -     -     -     -     -     -    1.1      -
striation 1    0.034 0.029  0.04 0.033 0.033 0.036  0.037      -
"""


def _columns(table: str) -> dict[str, dict[str, float]]:
    (_, _, *variants), *rows = (line.split() for line in table.strip().splitlines())
    filled = {name: [(row[0], row[k + 2]) for row in rows if row[k + 2] != "-"] for k, name in enumerate(variants)}
    return {name: {symbol: float(value) for symbol, value in column} for name, column in filled.items()}


UF23_PARAMETERS = _columns(_VALUES)
"""Best fit of each model by symbol: uG, kpc, deg, Myr. `striation` enters only predictions of polarised intensity."""

UF23_ERRORS = _columns(_ERRORS)
"""Standard deviation of each value of `UF23_PARAMETERS` that was fitted."""
