"""C2ST by the classifier of sbibm, for bench/quality/c2st.mjs.

    c2st.py pairs REFERENCES FOLDER BOUND    pair-K.npy [2, N, D] of references and of samples-K.csv within the bound
    c2st.py c2st FOLDER SEEDS                accuracies for each pair-K.npy and seed, as JSON
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

OBSERVATIONS = range(1, 11)


def write_pairs(references, folder, bound):
    for k in OBSERVATIONS:
        reference = np.load(references / f"reference-{k}.npy")
        samples = np.loadtxt(folder / f"samples-{k}.csv", delimiter=",", skiprows=1)
        inside = samples[(np.abs(samples) <= bound).all(1)]
        count = min(len(reference), len(inside))
        np.save(folder / f"pair-{k}.npy", np.stack([reference[:count], inside[:count]]).astype("f4"))


def accuracies(folder, seeds):
    import torch
    from sbi.utils.metrics import c2st

    torch.set_num_threads(1)

    def of_seeds(k):
        pair = [torch.from_numpy(samples) for samples in np.load(folder / f"pair-{k}.npy")]
        width = 10 * pair[0].shape[1]
        settings = {"activation": "relu", "hidden_layer_sizes": (width, width), "max_iter": 10_000, "solver": "adam"}
        return [float(c2st(*pair, seed=seed, classifier="mlp", classifier_kwargs=settings)) for seed in range(1, seeds + 1)]

    with ThreadPoolExecutor(2) as pool:
        print(json.dumps(list(pool.map(of_seeds, OBSERVATIONS))))


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "pairs":
        write_pairs(Path(rest[0]), Path(rest[1]), float(rest[2]))
    else:
        accuracies(Path(rest[0]), int(rest[1]))
