"""Targets of which the log evidence is known: a funnel, GMM-40 and ManyWell-32 (Midgley et al. 2023, arXiv:2208.01893).

``python targets.py [SECONDS BLOCKS SIZE]`` trains a flow on samples of each, draws, and counts in how many blocks of draws the log
evidence is within two of its errors of the truth.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
from flowscope.checks import effective, evidence, smoothed  # noqa: E402

RANDOM = np.random.default_rng(40)
MEANS = RANDOM.uniform(-40, 40, (40, 2))
DEVIATION = np.log1p(np.e)
GRID = np.linspace(-4, 4, 400_001)


def funnel(x):
    v, w = x.T
    return -(v**2) / 4.5 - w**2 * np.exp(-v) / 2 - v / 2


def gmm40(x):
    squares = ((x[:, None, :] - MEANS) ** 2).sum(2)
    exponents = -squares / (2 * DEVIATION**2) - np.log(2 * np.pi * DEVIATION**2 * len(MEANS))
    top = exponents.max(1, keepdims=True)
    return np.log(np.exp(exponents - top).sum(1)) + top[:, 0]


def well(x):
    return -(x**4) + 6 * x**2 + 0.5 * x


def many_well32(x):
    return (well(x[:, ::2]) - x[:, 1::2] ** 2 / 2).sum(1)


def draw(name, n, random):
    """Samples, and the log evidence."""
    if name == "funnel":
        v = random.normal(0, 1.5, n)
        return np.stack([v, random.normal(0, np.exp(v / 2))], 1), np.log(2 * np.pi * 1.5)
    if name == "gmm40":
        return MEANS[random.integers(0, 40, n)] + random.normal(0, DEVIATION, (n, 2)), 0.0
    density = np.exp(well(GRID) - 9)
    below = np.cumsum(density)
    log_z = np.log(density.sum() * (GRID[1] - GRID[0])) + 9 + np.log(2 * np.pi) / 2
    x = random.normal(size=(n, 32))
    x[:, ::2] = np.interp(random.uniform(size=(n, 16)), below / below[-1], GRID)
    return x, 16 * log_z


def run(*words):
    subprocess.run(
        ["node", str(ROOT / "dist" / "cli.js"), *map(str, words)],
        check=True,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    seconds, blocks, size = (int(word) for word in (sys.argv[1:] + ["90", "100", "10000"][len(sys.argv) - 1 :]))
    os.environ["FLOWSCOPE_PYTHON"] = sys.executable
    for name in ("funnel", "gmm40", "many_well32"):
        with tempfile.TemporaryDirectory() as folder:
            x, truth = draw(name, 100_000, np.random.default_rng(1))
            data, trained, weighted = (Path(folder) / word for word in ("data.csv", "run", "weighted.npz"))
            header = ",".join(f"x{i}" for i in range(x.shape[1]))
            np.savetxt(data, x, delimiter=",", header=header, comments="", fmt="%.7g")
            run("train", "--data", data, "--preset", "nsf", "--output", trained, "--max-seconds", seconds)
            target = f"{Path(__file__).resolve()}:{name}"
            run("sample", trained, "--target", target, "--count", blocks * size, "--output", weighted)
            log_weights = np.load(weighted)["log_weight"].reshape(blocks, size)
        found = [evidence(smoothed(block)[0]) for block in log_weights]
        off = np.array([(value - truth) / error for value, error in found])
        share = np.mean([effective(np.exp(block - block.max())) / size for block in log_weights])
        print(
            f"{name}: within two errors in {(np.abs(off) <= 2).sum()} of {blocks}, {off.mean():+.2f} errors off on average, efficiency {share:.0%}",
            flush=True,
        )
