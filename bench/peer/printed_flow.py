"""A flow that Flowscope printed as PyTorch beside the hand-written RealNVP of the same sizes, taking turns in one process.

    python printed_flow.py --config configs/NAME.json --folder FOLDER_OF_FLOW_PY --run RUN --repeats N

Prints a line of JSON for each task: medians of both in milliseconds, and the median of the ratios of turns. A train step is that of
`python -m flowscope.train`, which has prepared RUN, with everything that belongs to it. An own train step has the peer's optimizer: for flows without
batch normalization, which a printed flow takes running statistics for. The package flowscope is found by PYTHONPATH.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from flowscope.training.collective import World
from flowscope.training.data import open_split
from flowscope.training.folder import read_resume
from flowscope.training.model import Trainer
from flowscope.training.plan import read_plan
from timing import make_step, prepared, random_batch
from torch_realnvp import ImageFlow, VectorFlow


def printed(folder: Path) -> torch.nn.Module:
    spec = importlib.util.spec_from_file_location("flow", folder / "flow.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Flow.load()


def milliseconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


def compare(runs: tuple[Callable[[], object], Callable[[], object]], repeats: int) -> dict:
    for run in runs * 3:
        run()
    turns = [tuple(milliseconds(run) for run in runs) for _ in range(repeats)]
    own, peer = (statistics.median(times) for times in zip(*turns, strict=True))
    ratio = statistics.median(a / b for a, b in turns)
    return {"printed_ms": round(own, 3), "peer_ms": round(peer, 3), "ratio": round(ratio, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--run", required=True, type=Path)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cfg = prepared(args)
    is_vector = cfg["kind"] == "vector"
    flow = printed(args.folder)
    peer = (VectorFlow if is_vector else ImageFlow)(cfg).eval()
    assert sum(p.numel() for p in flow.parameters()) == sum(p.numel() for p in peer.parameters())
    batch = random_batch(cfg)

    def log_prob(x: torch.Tensor) -> torch.Tensor:
        return flow.log_prob(x if is_vector else x + torch.rand(x.shape))

    def report(task: str, *runs: Callable[[], object]) -> None:
        print(json.dumps({"task": task, "config": Path(args.config).stem, **compare(runs, args.repeats)}), flush=True)

    plan = read_plan(args.run)
    trainer = Trainer(plan, World(), open_split(plan, "train", plan.train))
    trainer.restore(read_resume(args.run)[1])
    assert plan.parameters.size == sum(p.numel() for p in peer.parameters())
    numbers = itertools.count(2)
    peer_step = make_step(peer.train(), peer.log_prob)
    report("train-step", lambda: trainer.step(next(numbers), 1e-3), lambda: peer_step(batch).item())
    peer.eval()
    if is_vector:
        steps = make_step(flow, log_prob), make_step(peer, peer.log_prob)
        report("own train-step", *(lambda step=step: step(batch).item() for step in steps))
    with torch.no_grad():
        report("log-prob", lambda: log_prob(batch), lambda: peer.log_prob(batch))
        report("sample", lambda: flow.sample(cfg["batch"]), lambda: peer.sample(cfg["batch"]))


if __name__ == "__main__":
    main()
