"""Draws and weights as ArviZ holds them, written by ArviZ and read by the command line."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from flows import zuko_flow
from test_check import TARGET, command

import flowscope

with warnings.catch_warnings():
    # It announces its next version.
    warnings.simplefilter("ignore", FutureWarning)
    import arviz
import torch
import xarray

#: A normal of two features that are given by name, around (0.5, 0.25).
CENTER, DEVIATION = np.array([0.5, 0.25]), np.array([0.6, 0.35])


@pytest.fixture(scope="module")
def weighted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weighted")
    (folder / "target.py").write_text(TARGET, encoding="utf8")
    rows = np.random.default_rng(0).normal(size=(2000, 2)) * 0.8 + 0.3
    np.savetxt(folder / "rows.csv", rows, delimiter=",", header="tau,mu", comments="")
    for words in (
        ("train", f"--data={folder / 'rows.csv'}", f"--output={folder / 'run'}", "--max-steps=40", "--backend=onnxruntime"),
        (
            "sample",
            f"{folder / 'run'}",
            f"--target={folder / 'target.py'}",
            "--count=4000",
            f"--output={folder / 'weighted.npz'}",
        ),
    ):
        done = command(*words)
        assert done.returncode == 0, done.stderr
    return folder


def test_a_file_of_weighted_draws_and_back_through_the_command_line(weighted):
    file = weighted / "weighted.npz"
    found = flowscope.to_arviz(file, names=["tau", "mu"])
    arrays = np.load(file)
    # ArviZ' own order is by name; the flow's is that of its columns.
    assert list(found.posterior.data_vars) == ["tau", "mu"]
    assert found.posterior["mu"].shape == (1, 4000)
    np.testing.assert_array_equal(found.posterior["mu"].values[0], arrays["x"][:, 1])
    for name in ("log_q", "log_weight", "weight"):
        np.testing.assert_array_equal(found.sample_stats[name].values[0], arrays[name])
    # The target is 3 − r²/2, to the rounding of 4,000 rows to single precision, which x went through.
    truth = 3 - (((arrays["x"] - CENTER) / DEVIATION) ** 2).sum(1) / 2
    np.testing.assert_allclose(found.sample_stats["lp"].values[0], truth, atol=1e-4)

    equal = flowscope.to_arviz(file, names=["tau", "mu"], resample=3000, seed=1)
    assert set(equal.sample_stats.data_vars) == {"log_q", "lp"}
    assert equal.posterior.sizes["draw"] == 3000
    table = arviz.summary(equal, kind="stats")
    ess = arrays["weight"].sum() ** 2 / (arrays["weight"] ** 2).sum()
    for name, center, deviation in zip(("tau", "mu"), CENTER, DEVIATION, strict=True):
        # Five standard errors of the weights and of the resampling, and the three decimals of the table.
        assert abs(table["mean"][name] - center) < 5 * deviation * (1 / ess + 1 / 3000) ** 0.5 + 1e-3
        assert abs(table["sd"][name] / deviation - 1) < 0.1

    equal.to_netcdf(str(weighted / "equal.nc"))
    done = command("score", str(weighted / "run"), f"--input={weighted / 'equal.nc'}", "--json")
    assert done.returncode == 0, done.stderr
    # Each row gets the density back that it was drawn with. Both go through the flow in single precision, one up, one down.
    nats = np.array(json.loads(done.stdout)["nats"])
    np.testing.assert_allclose(-nats, equal.sample_stats["log_q"].values[0], atol=1e-3)
    done = command(
        *("check", str(weighted / "run"), f"--target={weighted / 'target.py'}", "--draws=4000"),
        *(f"--input={weighted / 'equal.nc'}", "--json"),
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    truth = np.log(2 * np.pi * DEVIATION.prod()) + 3
    # Rows were drawn with an error of the weights, which the error by rows does not hold.
    assert abs(rows["logEvidence"]["value"] - truth) < 5 * (rows["logEvidence"]["error"] + ess**-0.5)


def test_columns_of_a_posterior_are_trained_on_by_their_names(weighted):
    file = weighted / "posterior.nc"
    random = np.random.default_rng(2)
    groups = {"mu": random.normal(size=(2, 300)), "theta": random.normal(size=(2, 300, 3)), "k": random.integers(0, 5, (2, 300))}
    arviz.from_dict(posterior=groups).to_netcdf(str(file))
    words = ("--columns=theta[2],mu", f"--output={weighted / 'posterior-run'}", "--max-steps=2", "--backend=onnxruntime")
    done = command("train", f"--data={file}", *words)
    assert done.returncode == 0, done.stderr
    done = command("data", str(file), "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert [feature["name"] for feature in shown["features"]] == ["k", "mu", "theta[0]", "theta[1]", "theta[2]"]
    columns = [groups["k"], groups["mu"], *np.moveaxis(groups["theta"], -1, 0)]
    assert_rows_of(shown, np.stack([column.ravel() for column in columns], 1))


def assert_rows_of(shown, table):
    """Rows that are shown, some of the training rows, are rows of the table to single precision."""
    rows = np.array(shown["rows"])
    assert len(rows) > 10
    distance = np.abs(rows[:, None] - table[None]).max(2).min(1)
    assert distance.max() < 1e-6 * np.abs(table).max(), distance


def test_a_tree_of_xarray_as_the_next_arviz_writes_it(weighted):
    file = weighted / "tree.nc"
    values = np.random.default_rng(3).normal(size=(2, 40))
    data = xarray.Dataset({"b": (("chain", "draw"), values), "a": (("chain", "draw"), -values)})
    for written in (xarray.DataTree.from_dict({"posterior": data, "sample_stats": data}), data):
        # Without groups, it is the variables of the file.
        written.to_netcdf(file)
        done = command("data", str(file), "--json")
        assert done.returncode == 0, done.stderr
        shown = json.loads(done.stdout)
        assert [feature["name"] for feature in shown["features"]] == ["b", "a"]
        assert_rows_of(shown, np.stack([values.ravel(), -values.ravel()], 1))
    xarray.DataTree.from_dict({"prior": data, "sample_stats": data}).to_netcdf(file)
    done = command("data", str(file))
    assert done.returncode == 1 and "has variables in prior/, sample_stats/" in done.stderr


def test_a_check_in_python_and_names_of_vectors():
    flow = zuko_flow()[0] if isinstance(zuko_flow(), tuple) else zuko_flow()
    found = flowscope.check(flow, lambda x: -(x.double() ** 2).sum(1) / 2, draws=1000)
    size = found.x.shape[1]
    held = flowscope.to_arviz(found)
    assert list(held.posterior.data_vars) == ["x"] and held.posterior["x"].shape == (1, 1000, size)
    np.testing.assert_array_equal(held.posterior["x"].values[0], found.x)
    np.testing.assert_array_equal(held.sample_stats["weight"].values[0], found.weights)
    np.testing.assert_array_equal(held.sample_stats["log_weight"].values[0], found.log_weights)

    arrays = {"x": torch.arange(12.0).reshape(3, 4)}
    vectors = flowscope.to_arviz(arrays, names=["m", "t[0]", "t[1]", "s"])
    assert list(vectors.posterior.data_vars) == ["m", "t", "s"] and list(vectors.groups()) == ["posterior"]
    assert vectors.posterior["t"].dims == ("chain", "draw", "t_dim_0")
    np.testing.assert_array_equal(vectors.posterior["t"].values[0, 2], [9, 10])
    apart = flowscope.to_arviz(arrays, names=["t[0]", "m", "t[1]", "s"])
    assert list(apart.posterior.data_vars) == ["t[0]", "m", "t[1]", "s"]


@pytest.mark.parametrize(
    ("draws", "options", "words"),
    [
        ({"log_q": np.zeros(3)}, {}, "no array x"),
        ({"x": np.zeros((3, 2, 2))}, {}, r"x has shape \(3, 2, 2\); expected \(N, D\)"),
        ({"x": np.zeros((3, 2)), "weight": np.ones(4)}, {}, r"weight has shape \(4,\); expected \(3,\)"),
        ({"x": np.zeros((3, 2))}, {"names": ["a"]}, "expected 2 different ones"),
        ({"x": np.zeros((3, 2))}, {"names": ["a", "a"]}, "expected 2 different ones"),
        ({"x": np.zeros((3, 2))}, {"resample": 5}, "needs the array weight"),
        ({"x": np.zeros((3, 2)), "weight": np.zeros(3)}, {"resample": 5}, "all 0"),
    ],
)
def test_what_does_not_fit_is_named(draws, options, words):
    with pytest.raises(ValueError, match=words):
        flowscope.to_arviz(draws, **options)


def test_arviz_is_loaded_when_it_is_called_and_named_where_it_is_missing():
    code = """
import sys, flowscope
assert "arviz" not in sys.modules
sys.modules["arviz"] = None
try:
    flowscope.to_arviz({})
except ImportError as error:
    assert "pip install arviz" in str(error), error
else:
    raise SystemExit("no error")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
