"""What a case of random settings is, and how its numbers become files."""

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np

ROWS = 48
LATENTS = 16

# Of a library's own numbers; where float32 is further off, a comparison says nothing, and other weights are drawn.
WORST = 5e-3
# Of z and x; where weights lead further, each layer magnifies what float32 rounds, in the library's order or ours.
FARTHEST = 1e3


@dataclass
class Case:
    """One checkpoint of a library, with what the library computes from it.

    `forward` and `inverse` take a precision of `precisions`, x [N, ...] or z [N, ...] and a context [N, C] or None.
    """

    library: str
    """As Flowscope names it."""
    save: Callable[[Path], str]
    """Writes the checkpoint into a folder as people do, with what has to stand beside it; returns its file name."""
    x: np.ndarray
    z_in: np.ndarray
    forward: Callable[[str, np.ndarray, np.ndarray | None], tuple[np.ndarray, np.ndarray, np.ndarray]]
    """To z, log|det dz/dx| and log p(x)."""
    inverse: Callable[[str, np.ndarray, np.ndarray | None], np.ndarray] | None
    """To x; None where the library has none."""
    context: np.ndarray | None = None
    """Of the rows of x; latents take its first ones."""
    answers: dict[str, str | float] = field(default_factory=dict)
    """To what the file does not hold, where it is not the default."""
    refusal: str | None = None
    """A pattern of what Flowscope says where it refuses, with reason, to open the file; None where it opens."""
    precisions: tuple[str, ...] = ("float64", "float32")
    """Besides these, "rounded" is float32 with weights next to those of the checkpoint: matrices that are multiplied out, as
    ours are, round once more."""
    settings: dict = field(default_factory=dict)
    """For people who look for the cause of a failure."""


def generator(kind: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(kind.encode()), seed])


def pick(rng: np.random.Generator, options: list):
    return options[int(rng.integers(len(options)))]


def chance(rng: np.random.Generator, probability: float = 0.5) -> bool:
    return bool(rng.random() < probability)


def normal(rng: np.random.Generator, count: int, shape: tuple[int, ...], deviation: float = 1.0) -> np.ndarray:
    return rng.normal(0, deviation, (count, *shape)).astype(np.float32)


def tolerance(singles: list[np.ndarray], double: np.ndarray) -> float:
    return max(10 * max(worst(single, double) for single in singles), 2e-6 * float(np.abs(double).max()), 1e-5)


def worst(single: np.ndarray, double: np.ndarray) -> float:
    return float(np.abs(single.astype(np.float64) - double).max())


def nearby(values: np.ndarray) -> np.ndarray:
    """The values, and below them those next to them in float32: what rounding does to one of them is one draw of many."""
    return np.concatenate(
        [values, np.nextafter(values, np.float32(np.inf)), np.nextafter(values, np.float32(-np.inf))]
    )


def in_all(function, precisions, values: np.ndarray, context: np.ndarray | None) -> list[tuple[np.ndarray, ...]]:
    """What a function gives in each precision, by its outputs."""
    found = [function(precision, values, context) for precision in precisions]
    return list(zip(*found)) if isinstance(found[0], tuple) else [tuple(found)]


def numbers(case: Case) -> tuple[dict[str, np.ndarray], dict[str, float]] | None:
    """Arrays and tolerances; None where float32 is too far from float64 to compare with."""
    arrays = {"x": case.x, "z_in": case.z_in}
    inner = None
    if case.context is not None:
        inner = case.context[: len(case.z_in)]
        arrays |= {"context": case.context, "context_in": inner}
    computed = [(("z", "logdet", "log_prob"), case.forward, case.x, case.context)]
    if case.inverse:
        computed.append((("x",), case.inverse, case.z_in, inner))
    tolerances = {}
    for names, function, values, given in computed:
        near = nearby(values)
        repeated = None if given is None else np.concatenate([given] * (len(near) // len(given)))
        for name, (double, single, *rounded) in zip(names, in_all(function, case.precisions, near, repeated)):
            if not all(np.isfinite(one).all() for one in (double, single, *rounded)):
                return None
            own = slice(len(values))
            if worst(single[own], double[own]) > WORST:
                return None
            if name in ("z", "x") and np.abs(double[own]).max() > FARTHEST:
                return None
            tolerances[name] = tolerance([single, *rounded], double)
            arrays["x_from_z_f64" if name == "x" else f"{name}_f64"] = double[own]
    return arrays, tolerances


def write(case: Case, folder: Path, about: dict) -> bool:
    """False where another case has to be drawn."""
    # There is nothing to compare with what is not opened.
    found = ({}, {}) if case.refusal else numbers(case)
    if found is None:
        return False
    arrays, tolerances = found
    folder.mkdir(parents=True)
    checkpoint = case.save(folder)
    np.savez(folder / "io.npz", **arrays)
    text = {
        **about,
        "library": case.library,
        "checkpoint": checkpoint,
        "answers": case.answers,
        "tolerance": tolerances,
        "settings": case.settings,
        **({"refusal": case.refusal} if case.refusal else {}),
    }
    (folder / "case.json").write_text(json.dumps(text, indent=2, default=str))
    return True
