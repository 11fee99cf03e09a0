"""What all peers share: the optimizer step, the timed runs of a task, and the line of JSON that says how long they took.

    python PEER.py --config configs/NAME.json --task train-step|log-prob|sample --repeats N
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import json
import math
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

LOG_2PI = math.log(2 * math.pi)


def sum_per_sample(x: Tensor) -> Tensor:
    return x.flatten(1).sum(1)


def normal_log_prob(z: Tensor) -> Tensor:
    return -0.5 * (sum_per_sample(z * z) + z[0].numel() * LOG_2PI)


def keep_freed_memory() -> None:
    """Let glibc reuse large blocks instead of returning them, which costs page faults at every step."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(-4, 0)  # M_MMAP_MAX
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


def make_optimizer(flow: nn.Module) -> torch.optim.Optimizer:
    lengths = [p for name, p in flow.named_parameters() if name.endswith(".g")]
    others = [p for name, p in flow.named_parameters() if not name.endswith(".g")]
    groups = [{"params": others}] + ([{"params": lengths, "weight_decay": 5e-5}] if lengths else [])
    return torch.optim.Adam(groups, lr=1e-3, fused=True)


def make_step(flow: nn.Module, log_prob: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A flow that is not trained by its likelihood has a `loss`."""
    loss_of = getattr(flow, "loss", lambda rows: -log_prob(rows).mean())
    optimizer, parameters = make_optimizer(flow), list(flow.parameters())

    def step(batch: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 100.0)
        optimizer.step()
        return loss.detach()

    return step


def random_batch(cfg: dict) -> Tensor:
    """Rows have their context, where there is one, behind the features."""
    if cfg["kind"] == "vector":
        return torch.randn(cfg["batch"], cfg["dim"] + cfg.get("context", 0))
    return torch.randint(0, cfg["levels"], (cfg["batch"], cfg["size"], cfg["size"], cfg["channels"]), dtype=torch.uint8)


def measure(args: argparse.Namespace, cfg: dict, flow: nn.Module, log_prob: Callable, sample: Callable) -> dict:
    batch = random_batch(cfg)
    flow.train(args.task == "train-step")
    step = make_step(flow, log_prob)
    run = {
        "train-step": lambda: step(batch).item(),
        "log-prob": lambda: log_prob(batch),
        "sample": lambda: sample(cfg["batch"]),
    }[args.task]
    times = []
    with torch.set_grad_enabled(args.task == "train-step"):
        for _ in range(args.warmup):
            run()
        before = time.process_time()
        for _ in range(args.repeats):
            start = time.perf_counter()
            run()
            wait_for_gpu()
            times.append(1e3 * (time.perf_counter() - start))
    cpu = 1e3 * (time.process_time() - before) / args.repeats
    p90 = sorted(times)[math.ceil(0.9 * len(times)) - 1]
    return {
        "task": args.task,
        "config": Path(args.config).stem,
        "median_ms": round(statistics.median(times), 3),
        "min_ms": round(min(times), 3),
        "p90_ms": round(p90, 3),
        "cpu_ms": round(cpu, 3),
        "params": sum(p.numel() for p in flow.parameters()),
        "batch": cfg["batch"],
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "torch": torch.__version__,
        "threads": args.threads,
        "mode": "compile" if args.compile else "eager",
        "repeats": args.repeats,
    }


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", required=True)
    parser.add_argument("--task", required=True, choices=["train-step", "log-prob", "sample", "train"])
    parser.add_argument("--repeats", type=int, default=20, help="timed runs")
    parser.add_argument("--warmup", type=int, default=3, help="runs before the timed ones")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, help="instead of the configuration's batch size")
    parser.add_argument("--compile", action="store_true", help="torch.compile (needs a C++ compiler)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu", help="gpu: CUDA, or MPS")
    return parser


def gpu() -> str:
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    raise SystemExit("PyTorch has neither CUDA nor MPS here")


def wait_for_gpu() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    elif torch.get_default_device().type == "mps":
        torch.mps.synchronize()


def prepared(args: argparse.Namespace) -> dict:
    """Sets what the arguments say of PyTorch, and gives the configuration."""
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    if args.device == "gpu":
        torch.set_default_device(gpu())
    cfg = json.loads(Path(args.config).read_text())
    if args.batch:
        cfg["batch"] = args.batch
    return cfg


def main(description: str | None, build: Callable[[dict], nn.Module], library: str | None = None) -> None:
    """Times a flow with `log_prob(batch)` and `sample(count)`, both compiled as a whole where that is asked for."""
    args = arguments(description).parse_args()
    cfg = prepared(args)
    flow = build(cfg)
    log_prob, sample = flow.log_prob, flow.sample
    if args.compile:
        log_prob, sample = torch.compile(log_prob), torch.compile(sample)
    version = {"library": f"{library} {importlib.metadata.version(library)}"} if library else {}
    print(json.dumps(measure(args, cfg, flow, log_prob, sample) | version))
