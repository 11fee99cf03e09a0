"""Run folders are those that Flowscope reads (test/engine/recorded/run.test.ts reads one)."""

import json
import time

import pytest
import torch
from flows import Mix, Scale, batch, zuko_flow
from safetensors.torch import load_file

import flowscope
from flowscope.run_files import read_rows


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def status(folder):
    return json.loads((folder / "run.json").read_text())


def test_a_loop_is_followed(tmp_path):
    flow, x = zuko_flow(), batch()
    folder = tmp_path / "run"
    with flowscope.Run(folder, {"note": "mine"}) as run:
        assert status(folder)["status"] == "running"
        assert json.loads((folder / "train.lock").read_text())["pid"] > 0
        for step in range(3):
            run.log(step, loss=torch.tensor(3.0 - step), val=2.5 - step, lr=1e-3, mine=7, broken=float("nan"))
        run.checkpoint(3, flow, x)
    first = rows(folder)[0]
    assert first["trainNats"] == 3.0 and first["validationNats"] == 2.5 and first["learningRate"] == 1e-3
    assert first["mine"] == 7 and "broken" not in first
    assert [row["step"] for row in rows(folder)] == [0, 1, 2]
    end = status(folder)
    assert end["status"] == "finished" and end["step"] == 3 and end["best"] == {"step": 2, "nats": 0.5}
    assert not (folder / "train.lock").exists()
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert names == [
        "best.flowrec.safetensors",
        "last.flowrec.safetensors",
        "step-00000003.flowrec.safetensors",
        "step-00000003.safetensors",
    ]
    state = load_file(folder / "checkpoints" / "step-00000003.safetensors")
    assert all(torch.equal(state[name], value) for name, value in flow.state_dict().items())


@pytest.mark.filterwarnings("error")
def test_a_loss_is_logged_with_its_graph(tmp_path):
    with flowscope.Run(tmp_path / "run") as run:
        run.log(1, loss=torch.ones(1, requires_grad=True).sum())
    assert rows(tmp_path / "run")[0]["trainNats"] == 1.0


def test_layers_of_ones_own_are_saved_by_their_numbers(tmp_path):
    mix, x = Mix(), batch()
    layers = [Scale(), flowscope.Step("mix", lambda h, _: mix(h), module=mix)]
    with flowscope.Run(tmp_path / "run") as run:
        assert run.checkpoint(0, layers, x).exists()
    state = load_file(tmp_path / "run" / "checkpoints" / "step-00000000.safetensors")
    expected = {f"{i}.{name}": value for i, part in enumerate([layers[0], mix]) for name, value in part.state_dict().items()}
    assert state.keys() == expected.keys() and all(torch.equal(state[name], value) for name, value in expected.items())


def test_an_error_makes_it_fail(tmp_path):
    with pytest.raises(RuntimeError), flowscope.Run(tmp_path / "run"):
        raise RuntimeError("out of memory")
    assert status(tmp_path / "run")["status"] == "failed"
    assert "out of memory" in status(tmp_path / "run")["message"]


def test_one_process_writes_a_run(tmp_path):
    run = flowscope.Run(tmp_path / "run")
    with pytest.raises(FileExistsError, match="not empty"):
        flowscope.Run(tmp_path / "run")
    with pytest.raises(FileExistsError, match="by this process already"):
        flowscope.Run(tmp_path / "run", resume=True)
    run.log(5, loss=1.0)
    run.finish("stopped")
    with flowscope.Run(tmp_path / "run", resume=True) as again:
        assert again.step == 5
        again.log(6, loss=0.5)
    assert [row["step"] for row in rows(tmp_path / "run")] == [5, 6]


def test_logging_takes_little(tmp_path):
    """0.1 ms a line is 1 % of a step of 10 ms; a busy machine takes longer, so that the least of three counts."""
    with flowscope.Run(tmp_path / "run") as run:
        taken = []
        for part in range(3):
            started = time.perf_counter()
            for step in range(500):
                run.log(part * 500 + step, loss=1.0, lr=1e-3)
            taken.append((time.perf_counter() - started) / 500)
    assert min(taken) < 2e-4


def test_lightning(tmp_path):
    import lightning.pytorch as pl

    from flowscope.lightning import RunCallback

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList([Scale(), Mix()])

        def training_step(self, rows, _):
            h, total = rows, 0
            for layer in self.layers:
                h, log_det = layer(h)
                total = total + log_det
            return (0.5 * h**2).sum(1).mean() - total.mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 1e-2)

    callback = RunCallback(tmp_path / "run", batch(), every=2, flow=lambda module: module.layers)
    trainer = pl.Trainer(
        max_epochs=1,
        callbacks=[callback],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        default_root_dir=tmp_path,
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(batch(), batch_size=8))
    assert [row["step"] for row in rows(tmp_path / "run")] == [1, 2, 3, 4]
    assert all("trainNats" in row for row in rows(tmp_path / "run"))
    assert status(tmp_path / "run")["status"] == "finished"
    assert (tmp_path / "run" / "checkpoints" / "step-00000004.flowrec.safetensors").exists()


def test_lines_of_megabytes_are_no_rows(tmp_path):
    file = tmp_path / "metrics.jsonl"
    first, last = '{"step": 1}', '{"step": 3}'
    file.write_text(f'{first}\n{"[" * 2**19}\n{{"step": 2}}{" " * 2**20}\n{last}\n{{"st')
    assert [row["step"] for row in read_rows(file)] == [1, 3]
    assert read_rows(tmp_path / "none") == []
