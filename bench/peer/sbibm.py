"""Tasks of the benchmark of simulation-based inference (Lueckmann et al. 2021, arXiv:2101.04653), for bench/quality/sbibm.mjs.

Its package is read as an archive: observations and reference posteriors are files in it, and importing it needs Pyro.

    sbibm.py data ARCHIVE TASK COUNT SEED FOLDER    train.csv, context-K.npy of each observation, bounds as JSON
    sbibm.py pairs ARCHIVE TASK FOLDER              pair-K.npy [2, N, D] of references and of samples-K.csv within the bounds, and the
                                                    share of samples within them as JSON
    sbibm.py c2st FOLDER SEEDS                      accuracies of the benchmark's classifier for each pair-K.npy and seed, as JSON
"""

import bz2
import csv
import io
import json
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

OBSERVATIONS = range(1, 11)


def two_moons(theta, random, _archive):
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


def slcp(theta, random, _archive):
    s1, s2, rho = theta[:, 2, None] ** 2, theta[:, 3, None] ** 2, np.tanh(theta[:, 4, None])
    u, v = random.normal(size=(2, len(theta), 4))
    x = theta[:, 0, None] + s1 * u
    y = theta[:, 1, None] + s2 * (rho * u + np.sqrt(1 - rho**2) * v)
    return np.stack([x, y], 2).reshape(len(theta), 8)


def gaussian_mixture(theta, random, _archive):
    return theta + random.normal(size=theta.shape) * random.choice([1.0, 0.1], (len(theta), 1))


def gaussian(theta, random, _archive):
    return theta + random.normal(0, np.sqrt(0.1), theta.shape)


def normal(count, random):
    return random.normal(0, np.sqrt(0.1), (count, 10))


def precision():
    """The precision matrix of an offset and of a filter whose second differences are small."""
    size = 9
    first = np.eye(size) - np.eye(size, k=-1)
    smooth = first @ first + np.diag(np.sqrt(np.arange(size) / size))
    result = np.zeros((size + 1, size + 1))
    result[0, 0] = 0.5
    result[1:, 1:] = smooth.T @ smooth
    return result


def smooth_filters(count, random):
    return random.multivariate_normal(np.zeros(10), np.linalg.inv(precision()), count)


def spikes(theta, random, archive):
    """The number of spikes in 100 steps, and how they go with the stimulus at nine delays."""
    design, stimulus = (tensor(archive, f"bernoulli_glm/files/{name}.pt") for name in ("design_matrix", "stimulus_I"))
    rates = 1 / (1 + np.exp(-theta @ design.T))
    spiked = (random.uniform(size=rates.shape) < rates).astype(float)
    delayed = [spiked[:, delay:] @ stimulus.ravel()[: spiked.shape[1] - delay] for delay in range(9)]
    return np.stack([spiked.sum(1), *delayed], 1)


def uniform(size, bound):
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


def tensor(archive, name):
    import torch

    with zipfile.ZipFile(archive) as file:
        return torch.load(io.BytesIO(file.read(f"sbibm/tasks/{name}")), weights_only=True).numpy().astype(float)


def rows(archive, task, observation, name):
    path = f"sbibm/tasks/{task}/files/num_observation_{observation}/{name}"
    with zipfile.ZipFile(archive) as file:
        data = file.read(path)
    text = (bz2.decompress(data) if name.endswith(".bz2") else data).decode()
    return np.array(list(csv.reader(io.StringIO(text)))[1:], float)


def write_data(archive, task, count, seed, folder):
    simulate, prior, bound = TASKS[task]
    random = np.random.default_rng(int(seed))
    theta = prior(int(count), random)
    x = simulate(theta, random, archive)
    names = [[f"{letter}{i + 1}" for i in range(values.shape[1])] for letter, values in (("t", theta), ("x", x))]
    table = np.concatenate([theta, x], 1)
    np.savetxt(folder / "train.csv", table, delimiter=",", header=",".join([*names[0], *names[1]]), comments="", fmt="%.9g")
    for k in OBSERVATIONS:
        np.save(folder / f"context-{k}.npy", np.repeat(rows(archive, task, k, "observation.csv"), 10_000, 0).astype("f4"))
    print(json.dumps({"parameters": names[0], "observed": names[1], "bound": bound}))


def write_pairs(archive, task, folder):
    bound = TASKS[task][2]
    shares = []
    for k in OBSERVATIONS:
        reference = rows(archive, task, k, "reference_posterior_samples.csv.bz2")
        samples = np.loadtxt(folder / f"samples-{k}.csv", delimiter=",", skiprows=1)
        inside = samples if bound is None else samples[(np.abs(samples) <= bound).all(1)]
        count = min(len(reference), len(inside))
        np.save(folder / f"pair-{k}.npy", np.stack([reference[:count], inside[:count]]).astype("f4"))
        shares.append(len(inside) / len(samples))
    print(json.dumps(shares))


def accuracies(folder, seeds):
    import torch
    from sbi.utils.metrics import c2st

    torch.set_num_threads(1)

    def of_seeds(k):
        pair = [torch.from_numpy(samples) for samples in np.load(folder / f"pair-{k}.npy")]
        width = 10 * pair[0].shape[1]
        # The classifier of the benchmark.
        settings = {"activation": "relu", "hidden_layer_sizes": (width, width), "max_iter": 10_000, "solver": "adam"}
        return [float(c2st(*pair, seed=seed, classifier="mlp", classifier_kwargs=settings)) for seed in range(1, seeds + 1)]

    with ThreadPoolExecutor(2) as pool:
        print(json.dumps(list(pool.map(of_seeds, OBSERVATIONS))))


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "data":
        archive, task, count, seed, folder = rest
        write_data(archive, task, count, seed, Path(folder))
    elif command == "pairs":
        archive, task, folder = rest
        write_pairs(archive, task, Path(folder))
    else:
        folder, seeds = rest
        accuracies(Path(folder), int(seeds))
