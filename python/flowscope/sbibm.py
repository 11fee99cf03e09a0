"""
Tasks of the benchmark of simulation-based inference (Lueckmann et al. 2021, arXiv:2101.04653), for `flowscope reproduce`.

Its package is read as an archive: observations and reference posteriors are files in it, and importing it needs Pyro.

    python -m flowscope.sbibm FOLDER TASK COUNT SEED

It writes `simulations.csv` and, for observation K, `reference-K.npy` into the folder, and prints as JSON: the names of
observed columns, the bound of the prior, what takes parameters out of it, and the observations. The package is downloaded
into the folder's parent unless it is there.
"""

import bz2
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

OBSERVATIONS = range(1, 11)
SHA256 = "12ecc6b4d327b92f9225f08faa6405e4274fb8e75943d86a53157d1b1bcfaf74"


def two_moons(theta: np.ndarray, random: np.random.Generator, _archive: Path) -> np.ndarray:
    angle = random.uniform(-np.pi / 2, np.pi / 2, len(theta))
    radius = random.normal(0.1, 0.01, len(theta))
    a, b = theta.T
    return np.stack(
        [
            radius * np.cos(angle) + 0.25 - np.abs(a + b) / np.sqrt(2),
            radius * np.sin(angle) + (b - a) / np.sqrt(2),
        ],
        1,
    )


def slcp(theta: np.ndarray, random: np.random.Generator, _archive: Path) -> np.ndarray:
    s1, s2, rho = theta[:, 2, None] ** 2, theta[:, 3, None] ** 2, np.tanh(theta[:, 4, None])
    u, v = random.normal(size=(2, len(theta), 4))
    x = theta[:, 0, None] + s1 * u
    y = theta[:, 1, None] + s2 * (rho * u + np.sqrt(1 - rho**2) * v)
    return np.stack([x, y], 2).reshape(len(theta), 8)


def gaussian_mixture(theta: np.ndarray, random: np.random.Generator, _archive: Path) -> np.ndarray:
    return theta + random.normal(size=theta.shape) * random.choice([1.0, 0.1], (len(theta), 1))


def gaussian(theta: np.ndarray, random: np.random.Generator, _archive: Path) -> np.ndarray:
    return theta + random.normal(0, np.sqrt(0.1), theta.shape)


def normal(count: int, random: np.random.Generator) -> np.ndarray:
    return random.normal(0, np.sqrt(0.1), (count, 10))


def precision() -> np.ndarray:
    """The precision matrix of an offset and of a filter whose second differences are small."""
    size = 9
    first = np.eye(size) - np.eye(size, k=-1)
    smooth = first @ first + np.diag(np.sqrt(np.arange(size) / size))
    result = np.zeros((size + 1, size + 1))
    result[0, 0] = 0.5
    result[1:, 1:] = smooth.T @ smooth
    return result


def smooth_filters(count: int, random: np.random.Generator) -> np.ndarray:
    return random.multivariate_normal(np.zeros(10), np.linalg.inv(precision()), count)


def spikes(theta: np.ndarray, random: np.random.Generator, archive: Path) -> np.ndarray:
    """The number of spikes in 100 steps, and how they go with the stimulus at nine delays."""
    design, stimulus = (tensor(archive, f"bernoulli_glm/files/{name}.pt") for name in ("design_matrix", "stimulus_I"))
    rates = 1 / (1 + np.exp(-theta @ design.T))
    spiked = (random.uniform(size=rates.shape) < rates).astype(float)
    delayed = [spiked[:, delay:] @ stimulus.ravel()[: spiked.shape[1] - delay] for delay in range(9)]
    return np.stack([spiked.sum(1), *delayed], 1)


def uniform(size: int, bound: float) -> Callable[[int, np.random.Generator], np.ndarray]:
    return lambda count, random: random.uniform(-bound, bound, (count, size))


#: Simulator, prior, and the bound of a prior that is a box.
TASKS = {
    "two_moons": (two_moons, uniform(2, 1), 1),
    "slcp": (slcp, uniform(5, 3), 3),
    "gaussian_linear": (gaussian, normal, None),
    "gaussian_linear_uniform": (gaussian, uniform(10, 1), 1),
    "gaussian_mixture": (gaussian_mixture, uniform(2, 10), 10),
    "bernoulli_glm": (spikes, smooth_filters, None),
}


def tensor(archive: Path, name: str) -> np.ndarray:
    import torch

    with zipfile.ZipFile(archive) as file:
        return torch.load(io.BytesIO(file.read(f"sbibm/tasks/{name}")), weights_only=True).numpy().astype(float)


def rows(archive: Path, task: str, observation: int, name: str) -> np.ndarray:
    path = f"sbibm/tasks/{task}/files/num_observation_{observation}/{name}"
    with zipfile.ZipFile(archive) as file:
        data = file.read(path)
    text = (bz2.decompress(data) if name.endswith(".bz2") else data).decode()
    return np.array(list(csv.reader(io.StringIO(text)))[1:], float)


def downloaded(folder: Path) -> Path:
    """The package as an archive; nothing of it is run."""
    archive = folder / "sbibm-1.1.0-py2.py3-none-any.whl"
    if not archive.exists():
        words = ["pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "-d", str(folder), "sbibm==1.1.0"]
        subprocess.run([sys.executable, "-m", *words], check=True, stdout=sys.stderr)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{archive} is not the published package; remove it to download it again.")
    return archive


def main(folder: Path, task: str, count: int, seed: int) -> None:
    archive = downloaded(folder.parent)
    simulate, prior, bound = TASKS[task]
    random = np.random.default_rng(seed)
    theta = prior(count, random)
    x = simulate(theta, random, archive)
    parameters, observed = ([f"{letter}{i + 1}" for i in range(values.shape[1])] for letter, values in (("t", theta), ("x", x)))
    table = np.concatenate([theta, x], 1)
    head = ",".join([*parameters, *observed])
    np.savetxt(folder / "simulations.csv", table, delimiter=",", header=head, comments="", fmt="%.9g")
    observations = []
    for k in OBSERVATIONS:
        np.save(folder / f"reference-{k}.npy", rows(archive, task, k, "reference_posterior_samples.csv.bz2").astype("f4"))
        observations.append(rows(archive, task, k, "observation.csv")[0].tolist())
    transforms = {} if bound is None else {name: f"logit:{-bound}:{bound}" for name in parameters}
    print(json.dumps({"observed": observed, "bound": bound, "transforms": transforms, "observations": observations}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
