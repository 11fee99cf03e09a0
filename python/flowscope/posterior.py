"""Draws of a flow, and their importance weights, as ArviZ holds them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: Fields of a check, by the names that `flowscope sample --target` gives its arrays.
_FIELDS = {"x": "x", "log_q": "log_q", "log_weight": "log_weights", "weight": "weights"}


def to_arviz(
    draws: str | os.PathLike[str] | Mapping[str, Any] | Any,
    *,
    names: Sequence[str] | None = None,
    resample: int | None = None,
    seed: int = 0,
) -> Any:
    """An ArviZ InferenceData of draws and their weights, in one chain; `.to_netcdf(path)` writes it.

    `draws` is an `.npz` of `flowscope sample --target … --output weighted.npz`, arrays by the same names (`x` [N, D], and
    `log_q`, `log_weight` and `weight` [N], which may be missing), or what `flowscope.check(flow, log_prob)` returned.

    The posterior has a variable for each of `names`, the columns of `x` in their order; `theta[0]`, `theta[1]`, … become one
    variable `theta`. Without names it has one, `x`. `sample_stats` has `log_q`, `log_weight` and `weight`, whose mean is 1,
    and `lp`, log_q + log_weight: the target's log density as it was computed.

    Summaries and plots of ArviZ take no weights: they count every draw once, which is right for the flow, not for the
    target. `resample=N` draws N rows with chances in proportion to `weight`, with replacement, so that they count the same;
    `sample_stats` then has `log_q` and `lp` alone. Rows with large weights occur several times, which ArviZ' effective sample
    sizes cannot see: ask for no more rows than count (`found.ess`, "Effective draws"). With Pareto k above 0.7 no
    resampling helps.

    ArviZ 1 has no InferenceData; there it is a DataTree of the same groups.
    """
    try:
        import arviz
        import xarray
    except ImportError as error:
        raise ImportError(f"flowscope.to_arviz needs ArviZ ({error}): pip install arviz") from error
    arrays = _arrays(draws)
    x = arrays.pop("x")
    if names is None:
        names = [f"x[{i}]" for i in range(x.shape[1])]
    if isinstance(names, str) or len(names) != x.shape[1] or len(set(names)) != len(names):
        raise ValueError(f"names are {names!r}; expected {x.shape[1]} different ones, for the columns of x.")
    if resample is not None:
        picked = _picked(arrays, resample, seed)
        x, arrays = x[picked], {name: values[picked] for name, values in arrays.items()}
    stats = {**arrays}
    if "log_q" in arrays and "log_weight" in arrays:
        stats["lp"] = arrays["log_q"] + arrays["log_weight"]
    if resample is not None:
        stats = {name: values for name, values in stats.items() if name in ("log_q", "lp")}
    groups = {"posterior": _variables(x, list(names)), **({"sample_stats": stats} if stats else {})}
    coordinates = {"chain": [0], "draw": np.arange(len(x))}
    datasets = {}
    for group, variables in groups.items():
        # ArviZ' own function sorts the variables by their names.
        data = {name: (_dimensions(name, values), values[None]) for name, values in variables.items()}
        datasets[group] = xarray.Dataset(data, coordinates, {"inference_library": "flowscope"})
    return arviz.InferenceData(**datasets) if hasattr(arviz, "InferenceData") else xarray.DataTree.from_dict(datasets)


def _arrays(draws: Any) -> dict[str, np.ndarray]:
    if isinstance(draws, (str, os.PathLike)):
        with np.load(draws) as file:
            found = {name: file[name] for name in file.files}
    else:
        found = draws if isinstance(draws, Mapping) else {name: getattr(draws, field, None) for name, field in _FIELDS.items()}
    arrays = {name: np.asarray(found[name]) for name in _FIELDS if found.get(name) is not None}
    if "x" not in arrays:
        raise ValueError("There is no array x; expected what flowscope sample --output weighted.npz writes, or a check.")
    shape = arrays["x"].shape
    if len(shape) != 2:
        raise ValueError(f"x has shape {shape}; expected (N, D), a row for each draw.")
    for name, values in arrays.items():
        if name != "x" and values.shape != shape[:1]:
            raise ValueError(f"{name} has shape {values.shape}; expected {shape[:1]}, a number for each row of x.")
    return arrays


def _picked(arrays: Mapping[str, np.ndarray], count: int, seed: int) -> np.ndarray:
    weights = arrays.get("weight")
    if weights is None:
        raise ValueError("resample= needs the array weight; write it with flowscope sample --target.")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError("Weights are negative, not finite or all 0; expected what flowscope wrote.")
    if count < 1:
        raise ValueError(f"resample is {count}; expected the number of rows to draw, 1 or more.")
    return np.random.default_rng(seed).choice(len(weights), size=count, p=weights / weights.sum())


def _variables(x: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """Columns by their names. Those of a vector, in a run and in order, are one variable."""
    variables: dict[str, np.ndarray] = {}
    at = 0
    while at < len(names):
        vector = re.fullmatch(r"(.+)\[0\]", names[at])
        size = 1
        while vector and at + size < len(names) and names[at + size] == f"{vector[1]}[{size}]":
            size += 1
        whole = vector and not any(
            name == vector[1] or name.startswith(f"{vector[1]}[") for name in names[:at] + names[at + size :]
        )
        if vector and whole:
            variables[vector[1]] = x[:, at : at + size]
        else:
            size = 1
            variables[names[at]] = x[:, at]
        at += size
    return variables


def _dimensions(name: str, values: np.ndarray) -> tuple[str, ...]:
    return ("chain", "draw", *(f"{name}_dim_{axis}" for axis in range(values.ndim - 1)))
