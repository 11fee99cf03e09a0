"""Training on a function of a file, against the engine on the same density, which it has built in."""

import json
import math

import pytest
from runs import ENGINE, FOLDER, PROCESSES, curve, difference, flowscope, prepared, rows, start_training, train, with_settings
from safetensors.numpy import load_file

WEIGHED = ("efficiency", "logEvidence", "logEvidenceError")
#: Relative error of what validations say: the few heaviest of 4,096 draws decide it.
OF_WEIGHTS = 5e-3


@pytest.mark.parametrize("name", ["target", "mixed"])
def test_learns_what_the_engine_learns(name, tmp_path):
    run, engine = prepared(name, tmp_path / name), FOLDER / name / "engine"
    result = train(run)
    assert (result["status"], result["step"]) == ("finished", 50)
    losses = ("reverseKl",) if name == "target" else ("reverseKl", "trainNats", "logDet", "validationNats", "epoch")
    for key in (*losses, "learningRate"):
        assert difference(curve(run, key), curve(engine, key)) < ENGINE, key
    for key in WEIGHED:
        assert len(curve(run, key)) == 10
        assert difference(curve(run, key), curve(engine, key)) < OF_WEIGHTS, key
    assert [row.keys() for row in rows(run)][-1] == [row.keys() for row in rows(engine)][-1]
    found, expected = (json.loads((folder / "run.json").read_text()) for folder in (run, engine))
    assert found["best"].keys() == expected["best"].keys() and found["best"]["step"] == expected["best"]["step"]
    for file in (engine / "checkpoints").iterdir():
        tensors, others = (load_file(folder / "checkpoints" / file.name) for folder in (run, engine))
        assert {key: value.shape for key, value in tensors.items()} == {key: value.shape for key, value in others.items()}


@pytest.mark.parametrize("name", ["target", "mixed"])
def test_processes_share_the_draws(name, tmp_path):
    one, three = (prepared(name, tmp_path / part) for part in ("one", "three"))
    train(one)
    train(three, 3)
    assert difference(curve(three, "reverseKl"), curve(one, "reverseKl")) < PROCESSES
    assert difference(curve(three, "efficiency"), curve(one, "efficiency")) < OF_WEIGHTS


def on(tmp_path, text):
    """What the training on a function ends with."""
    file = tmp_path / "own.py"
    file.write_text(text)
    plan = json.loads((FOLDER / "target" / "prepared" / "torch" / "plan.json").read_text())
    run = with_settings("target", tmp_path / "run", training={**plan["training"], "target": f"{file}:log_prob"})
    code, said = start_training(run)
    return code, said, json.loads((run / "run.json").read_text()) if (run / "run.json").exists() else {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def log_prob(x):\n    return (x.detach() ** 2).sum(1)", "log_prob returned a tensor without a gradient"),
        ("def log_prob(x):\n    return x.detach().numpy().sum(1)", "log_prob returned ndarray; a training needs a torch tensor"),
        ("def log_prob(x):\n    return x.sum()", r"returned a tensor of shape [] for 64 rows; expected [64]"),
        ("def log_prob(x):\n    return x + unknown", "own.py, line 2: NameError"),
        ("def other(x):\n    return x.sum(1)", "has no function log_prob; it has other"),
        ("import missing_package", "own.py, line 1: ModuleNotFoundError"),
    ],
)
def test_a_wrong_function_is_named(text, words, tmp_path):
    code, said, _ = on(tmp_path, text)
    assert code == 2 and words in json.loads(said.splitlines()[-1])["error"]


def test_draws_without_mass_end_the_training_in_words(tmp_path):
    code, said, status = on(
        tmp_path, "import torch\n\ndef log_prob(x):\n    return torch.where(x[:, 0] > 0, -x[:, 0], -torch.inf)"
    )
    assert code == 0 and status["status"] == "failed", said
    assert "the target’s log density of what the flow drew is not" in status["notFinite"]["where"]


def test_a_posterior_with_a_known_integral_is_learned_from_the_command_line(tmp_path):
    """A linear model with normal noise: the posterior is normal, and its evidence has a closed form."""
    (tmp_path / "model.py").write_text(
        "import torch\n\n\ndef log_prob(x):\n    return -(x**2).sum(1) / 2 - ((x[:, 0] + 2 * x[:, 1] - 1.5) ** 2) / 2 / 0.25\n"
    )
    words = ["train", "--target", "model.py", "--features", "2", "--output", "run", "--launcher", "torch", "--max-steps", "400"]
    done = flowscope(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    last = rows(tmp_path / "run")[-1]
    # ∫ of the product: the 2π of the prior, and y given the prior is normal with variance 5 + 0.25.
    expected = math.log(2 * math.pi) - 0.5 * math.log(5.25 / 0.25) - 1.5**2 / 2 / 5.25
    assert abs(last["logEvidence"] - expected) < 0.05
    assert last["efficiency"] > 0.9
    # It goes on in PyTorch where the file is named again, and the engine says why it cannot.
    more = ["train", "--output", "run", "--resume", "--more-steps", "5", "--target", "model.py"]
    refused = flowscope(*more, cwd=tmp_path)
    assert refused.returncode != 0 and "PyTorch alone trains on a function" in refused.stderr
    unnamed = flowscope(*more[:-2], "--launcher", "torch", cwd=tmp_path)
    assert unnamed.returncode == 1 and "name it in a terminal, with --target" in unnamed.stderr
    assert flowscope(*more, "--launcher", "torch", cwd=tmp_path).returncode == 0
    assert rows(tmp_path / "run")[-1]["step"] == last["step"] + 5
