"""Trainings with Keras, on PyTorch, and of BayesFlow where it is installed."""

import gc
import json
import os

import numpy as np
import pytest

os.environ["KERAS_BACKEND"] = "torch"

import keras

from flowscope.keras import FlowscopeCallback


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def status(folder):
    return json.loads((folder / "run.json").read_text())


def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    made.compile(keras.optimizers.Adam(1e-2), "mse", metrics=["mae"])
    return made


X = np.linspace(-1, 1, 64, dtype="float32").reshape(-1, 1)


def fit(made, *callbacks, **options):
    options = {"epochs": 3, "batch_size": 16, "validation_data": (X, X**2), "verbose": 0, **options}
    return made.fit(X, X**2, callbacks=list(callbacks), **options).history


def test_a_training_is_followed(tmp_path):
    folder, plain = tmp_path / "run", fit(model())
    history = fit(model(), FlowscopeCallback(folder))
    assert history == plain
    found = rows(folder)
    assert [row["step"] for row in found] == list(range(1, 13))
    assert [row["epoch"] for row in found] == [0] * 4 + [1] * 4 + [2] * 4
    assert all("trainNats" in row and "mae" in row for row in found)
    # Keras has the mean of an epoch at its last batch.
    assert [row["trainNats"] for row in found[3::4]] == pytest.approx(history["loss"])
    assert [row["step"] for row in found if "validationNats" in row] == [4, 8, 12]
    assert [row["validationNats"] for row in found[3::4]] == pytest.approx(history["val_loss"])
    assert [row["learningRate"] for row in found[3::4]] == pytest.approx([1e-2] * 3)
    end = status(folder)
    assert end["status"] == "finished" and end["best"]["nats"] == pytest.approx(min(history["val_loss"]))


def test_another_fit_goes_on_with_the_run(tmp_path):
    made, callback = model(), FlowscopeCallback(tmp_path / "run", names={"mae": "mine"})
    fit(made, callback, epochs=1)
    fit(made, callback, epochs=1)
    assert [row["step"] for row in rows(tmp_path / "run")] == list(range(1, 9))
    assert all("mine" in row and "mae" not in row for row in rows(tmp_path / "run"))
    with pytest.raises(FileExistsError):
        fit(made, FlowscopeCallback(tmp_path / "run"))


def test_schedules_of_the_learning_rate(tmp_path):
    made = model()
    made.compile(keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)), "mse")
    fit(made, FlowscopeCallback(tmp_path / "run"))
    rates = [row["learningRate"] for row in rows(tmp_path / "run") if "learningRate" in row]
    assert rates == pytest.approx([0.05, 0.025, 0.0125])


def test_a_training_that_raises_is_stopped(tmp_path):
    class Raises(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("out of memory")

    def train():
        with pytest.raises(RuntimeError, match="out of memory"):
            fit(model(), FlowscopeCallback(tmp_path / "run"), Raises())

    train()
    gc.collect()
    assert status(tmp_path / "run")["status"] == "stopped" and len(rows(tmp_path / "run")) == 4
    assert not (tmp_path / "run" / "train.lock").exists()


def test_an_approximator_of_bayesflow(tmp_path):
    bayesflow = pytest.importorskip("bayesflow")

    def simulate():
        theta = np.random.normal(size=2)
        return {"theta": theta, "x": theta + 0.1 * np.random.normal(size=2)}

    workflow = bayesflow.BasicWorkflow(
        simulator=bayesflow.make_simulator(simulate),
        inference_network=bayesflow.networks.CouplingFlow(depth=1),
        inference_variables=["theta"],
        inference_conditions=["x"],
    )
    history = workflow.fit_online(
        epochs=2, num_batches_per_epoch=3, batch_size=8, verbose=0, callbacks=[FlowscopeCallback(tmp_path / "run")]
    )
    found = rows(tmp_path / "run")
    assert [row["step"] for row in found] == list(range(1, 7))
    assert [row["trainNats"] for row in found[2::3]] == pytest.approx(history.history["loss"])
    assert status(tmp_path / "run")["status"] == "finished"
