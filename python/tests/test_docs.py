"""docs/record.md as it is written: its Python and its commands run, with the names that a reader would have."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from flows import Mix, Scale, batch, zuko_flow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "record.md").read_text(encoding="utf8")
CLI = os.environ.get("FLOWSCOPE_CLI", str(ROOT / "dist" / "cli.js"))


def blocks(language):
    """Also of blocks in a list, which are indented."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", PAGE, re.M | re.S)
    return [re.sub(f"^{indent}", "", text, flags=re.M) for indent, tag, text in found if tag == language]


class Block(torch.nn.Module):
    """A layer with another call than `record` expects, as TarFlow's: the mean of its log-scales, and a way back in place."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.linspace(-0.3, 0.5, 4))

    def forward(self, h):
        return h * self.scale.exp(), self.scale.mean().expand(len(h))

    def reverse(self, h):
        return h.mul_((-self.scale).exp())


class WholeBlock(Block):
    """Its log-det as it is."""

    def forward(self, h):
        y, mean = super().forward(h)
        return y, mean * h[0].numel()


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWSCOPE_CLI", CLI)
    return tmp_path


def flowscope_command(*words, code=0):
    ended = subprocess.run(["node", CLI, *words], capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
    return ended.stdout


def test_recording_showing_and_comparing(there):
    names = {"flow": zuko_flow(), "x": batch(8)}
    record, step, tarflow, _, _, show, *_ = blocks("python")
    exec(record, names)
    assert (there / "model.flowrec.safetensors").exists()
    command = re.search(r"`flowscope (inspect model\.flowrec\.safetensors --output \S+)`", PAGE).group(1)
    flowscope_command(*shlex.split(command))
    assert (there / "page.html").read_text(encoding="utf8").startswith("<!DOCTYPE html>")
    exec(show.replace("flowscope.show(", "shown = flowscope.show("), names)
    assert "srcdoc=" in names["shown"]._repr_html_()

    # Blocks of somebody's own.
    names |= {"block": WholeBlock(), "rotation": Mix()}
    exec(step.replace("flowscope.record(layers, x)", 'flowscope.record(layers, x, path="theirs.flowrec.safetensors")'), names)
    exec(tarflow, names)
    own = names["step"](Block())
    names["flowscope"].record([own, Scale()], names["x"], path="mine.flowrec.safetensors")
    [compare] = [text for text in blocks("") if "compare-layers" in text]
    said = flowscope_command(*shlex.split(compare)[1:], code=4)
    assert "is the first that differs" in said, said
    saved = re.search(r"`flowscope (inspect theirs\S+ --compare \S+)`", PAGE).group(1)
    flowscope_command(*shlex.split(saved), "--output", "comparison.html")
    assert (there / "comparison.html").exists()


def test_posteriors_over_a_vector_field(there):
    """The block, with a field of our own in the place of a trained one."""
    from types import SimpleNamespace

    from safetensors import safe_open
    from safetensors.numpy import load_file
    from zuko.distributions import DiagNormal, NormalizingFlow
    from zuko.transforms import FreeFormJacobianTransform

    class Estimator(torch.nn.Module):
        t_min, t_max = 0.0, 1.0
        mean_base, std_base = torch.tensor([[0.1, -0.2]]), torch.tensor([[2.0, 3.0]])

        def ode_fn(self, theta, x, t):
            return torch.tanh(theta) + t[:, None] * x

    import flowscope

    estimator = Estimator()
    theta, x = batch(4, 2), batch(4, 2) / 2
    names = {"flowscope": flowscope, "posterior": SimpleNamespace(vector_field_estimator=estimator), "theta": theta, "x": x}
    [posterior] = [text for text in blocks("python") if "posterior, theta" in text]
    exec(posterior, names)
    path = there / "model.flowrec.safetensors"
    with safe_open(path, "numpy") as file:
        about = json.loads(file.metadata()["recording"])
    assert about["base"] == "other"
    tensors = load_file(path)
    total = sum(tensors[f"layers.{i}.log_det"] for i in range(len(about["layers"]))) + tensors["base_log_prob"]
    field = FreeFormJacobianTransform(lambda t, h: torch.tanh(h) + t * x, torch.tensor(0.0), torch.tensor(1.0), phi=(x,))
    expected = NormalizingFlow(field, DiagNormal(estimator.mean_base, estimator.std_base)).log_prob(theta).detach().numpy()
    assert abs(total - expected).max() < 1e-4


def test_a_field(there):
    from fields import CFM

    names = {"flowscope": __import__("flowscope"), "net": CFM(2), "x": batch(8, 2)}
    [field] = [text for text in blocks("python") if "flowscope.Field(" in text]
    exec(field, names)
    said = json.loads(flowscope_command("info", "model.flowrec.safetensors", "--json"))
    assert [layer["kind"] for layer in said["layers"]][:2] == ["t 1 → 0.9", "t 0.9 → 0.8"]
    assert said["recording"]["field"]["solver"] == "midpoint, 20 steps"
    assert said["recording"]["field"]["error"] > 0


def test_following_a_training(there):
    names = {"flow": zuko_flow(), "x": batch(8), "steps": 3, "loss": 1.5, "val": 1.4, "lr": 1e-3}
    import flowscope

    names["flowscope"] = flowscope
    [training] = [text for text in blocks("python") if "flowscope.Run(" in text]
    # The dots stand for the reader's own step.
    exec(training, names)
    run = there / "runs" / "mine"
    assert len((run / "metrics.jsonl").read_text(encoding="utf8").splitlines()) == 3
    assert sorted(path.name for path in (run / "checkpoints").glob("step-*")) == [
        "step-00000000.flowrec.safetensors",
        "step-00000000.safetensors",
    ]


def test_following_somebody_elses_loop(there):
    import flowscope

    def train(flow, x):
        optimizer = torch.optim.Adam(flow.parameters(), 1e-3)
        for _ in range(3):
            (-flow().log_prob(x).mean()).backward()
            optimizer.step()

    names = {"flowscope": flowscope, "flow": zuko_flow(), "x": batch(8), "train": train}
    [watching] = [text for text in blocks("python") if "flowscope.watch(flow" in text]
    exec(watching, names)
    [run] = (there / "runs").iterdir()
    assert len((run / "metrics.jsonl").read_text(encoding="utf8").splitlines()) == 3
    # The page's example is a sentence that is said.
    assert "NaN or Inf first appears in the result of exp, after layer" in PAGE


@pytest.mark.filterwarnings("ignore")
def test_following_sbi_and_keras(there, monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras
    from sbi.inference import NPE
    from sbi.neural_nets import posterior_nn
    from sbi.utils import BoxUniform

    import flowscope

    names = {"NPE": NPE, "flowscope": flowscope, "prior": BoxUniform(-torch.ones(2), torch.ones(2))}
    [sbi] = [text for text in blocks("python") if "flowscope.Tracker(" in text]
    exec(sbi, names)
    assert (there / "runs" / "posterior" / "config.json").exists()

    names |= {"theta": names["prior"].sample((40,)), "posterior_nn": posterior_nn}
    names["x"] = names["theta"] + 0.1
    [network] = [text for text in blocks("python") if "flowscope.watch(net.net" in text]
    exec(network.replace("train()", "train(max_num_epochs=2, training_batch_size=10)"), names)
    rows = [json.loads(line) for line in (there / "runs" / "posterior-2" / "metrics.jsonl").read_text().splitlines()]
    # Three batches of each of at least two epochs.
    assert len(rows) >= 6 and all("trainNats" in row for row in rows)
    assert json.loads(flowscope_command("info", "runs/posterior-2", "--json"))["step"] == len(rows)

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")

    def fit_online(**options):
        return model.fit(batch(8).numpy(), batch(8).numpy()[:, :1], verbose=0, **options)

    [training] = [text for text in blocks("python") if "FlowscopeCallback(" in text]
    exec(training.replace("runs/posterior", "runs/other"), {"workflow": SimpleNamespace(fit_online=fit_online)})
    assert len((there / "runs" / "other" / "metrics.jsonl").read_text(encoding="utf8").splitlines()) == 50


def test_bringing_runs_over(there):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter("logs/NAME") as writer:
        writer.add_scalar("train/loss", 1.5, 0)
    [command] = [text for text in blocks("") if "flowscope.runs" in text]
    given = shlex.split(command)
    subprocess.run([sys.executable, *given[1:]], check=True)
    names = {"flowscope": __import__("flowscope"), "flow": zuko_flow(), "x": batch(8)}
    exec(re.search(r"`(flowscope\.record\(flow, x, path=\"runs/NAME[^`]*)`", PAGE).group(1), names)
    assert json.loads(flowscope_command("info", "runs/NAME", "--json"))["layers"]


def test_following_lightning(there):
    pl = pytest.importorskip("lightning.pytorch")

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.flow = zuko_flow()

        def training_step(self, rows, _):
            return -self.flow().log_prob(rows).mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 1e-3)

    [lightning] = [text for text in blocks("python") if "RunCallback" in text]
    quiet = "logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator='cpu', max_epochs=1, callbacks="
    names = {"pl": pl, "x": batch(8)}
    exec(lightning.replace("callbacks=", quiet).replace("every=1000", "every=2"), names)
    names["trainer"].fit(Module(), torch.utils.data.DataLoader(batch(), batch_size=8))
    assert list((there / "runs" / "mine" / "checkpoints").glob("*.flowrec.safetensors"))
