"""The flow that is trained: its parameters, the optimizer's moments and the running statistics, a few long vectors."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from ..log_weights import effective, evidence
from .against import WEIGHED, Target
from .bfloat16 import use_bfloat16
from .collective import World, set_batch_size
from .data import VALIDATION_BLOCK, Batches, Examples, as_tensor, read_batch
from .plan import Plan, Tensors, TrainingError
from .random import Stream
from .schedule import average_decay_at

#: Of a likelihood, in nats, as files of measurements name them.
PARTS = ("prior", "logDet", "preprocessing")


@dataclass(frozen=True)
class Loss:
    """What a step lowers: means over its examples by their names in the file of measurements, the loss itself first."""

    means: dict[str, float]
    gradient_norm: float

    @property
    def is_finite(self) -> bool:
        return all(map(math.isfinite, (*self.means.values(), self.gradient_norm)))


def load_module(plan: Plan) -> ModuleType:
    """flow.py, which the engine has written in this start. Only its text is run: Python would also take bytecode next to it."""
    file = plan.folder / "flow.py"
    try:
        with file.open("rb") as opened:
            _check_owner(file, os.fstat(opened.fileno()))
            text = opened.read()
    except OSError as error:
        raise TrainingError(f"{file}: cannot be read: {error.strerror}. Prepare the run again with flowscope train.") from None
    module = ModuleType("flowscope_run_flow")
    module.__file__ = str(file)
    exec(compile(text, str(file), "exec"), module.__dict__)
    return module


def _check_owner(file: Path, found: os.stat_result) -> None:
    """Raises TrainingError for a program that another user may have written."""
    if os.name == "nt":
        return
    if found.st_uid not in (os.geteuid(), 0):
        why = f"belongs to another user (number {found.st_uid})"
    elif found.st_mode & 0o022:
        why = f"can be changed by other users (mode {found.st_mode & 0o777:o})"
    else:
        return
    raise TrainingError(
        f"{file}: {why}, and training runs it as a program. Prepare the run again, as the user who trains, with flowscope train."
    )


class Trainer:
    def __init__(self, plan: Plan, world: World, train: Examples | None) -> None:
        """`train`: None where the flow is trained on a target alone."""
        self._plan = plan
        self._world = world
        self._train = train
        self._batches = Batches(plan, train, world)
        self._target = Target(plan.training["target"]) if plan.is_reverse else None
        self._outside = 0
        set_batch_size(plan.batch)
        load = load_module(plan).Flow.load
        has_average = plan.training["ema"] > 0
        names = ["", "adam.m.", "adam.v.", *(["ema."] if has_average else [])]
        #: By the prefix that their names have in files.
        self._vectors = {name: torch.zeros(plan.parameters.size) for name in names}
        self._statistics = torch.zeros(plan.statistics.size)
        self._gradient = torch.zeros(plan.parameters.size)
        self._flow = self._bound(load(), self._vectors[""])
        for name, view in _views(self._gradient, plan.parameters):
            self._flow.get_parameter(name).grad = view
        in_bfloat16 = plan.precision == "bfloat16"
        # What is validated and saved, in float32: the moving average of the weights where there is one.
        is_apart = has_average or in_bfloat16
        self._average = self._bound(load(), self._vectors["ema." if has_average else ""]) if is_apart else self._flow
        if in_bfloat16:
            use_bfloat16(self._flow)
        self._pass = torch.compile(self._flow.training_pass) if plan.compile else self._flow.training_pass
        self._updated = [self._flow.get_buffer(name) for name in plan.updates]

    def _bound(self, flow: nn.Module, parameters: Tensor) -> Any:
        """With its tensors in our vectors."""
        for name, view in _views(parameters, self._plan.parameters):
            flow.get_parameter(name).data = view
        for name, view in _views(self._statistics, self._plan.statistics):
            flow.get_buffer(name).data = view
        return flow

    def step(self, step: int, learning_rate: float) -> Loss:
        """One step, counted from 1. Where something is not finite, nothing changes."""
        plan = self._plan
        self._gradient.zero_()
        terms, updates = self._terms(step)
        sums = torch.stack([term.sum() for term in terms]) / plan.batch
        self._loss(sums).backward()
        self._world.add_up(self._gradient)
        norm = float(torch.linalg.vector_norm(self._gradient))
        found = Loss(self._means(self._world.add_up(sums.detach().double())), norm)
        if found.is_finite:
            self._update(step, learning_rate, norm)
            with torch.no_grad():
                for buffer, value in zip(self._updated, updates, strict=True):
                    buffer.copy_(value)
        return found

    def _terms(self, step: int) -> tuple[list[Tensor], list[Tensor]]:
        """Parts of a likelihood, or errors, of examples, and the reverse KL of draws; new statistics."""
        plan, terms, updates = self._plan, [], []
        if plan.training["objective"] != "reverseKl":
            results = self._pass(*self._batches.at(step).inputs)
            terms, updates = ([results], []) if plan.matches else (list(results[:3]), list(results[3:]))
        if self._target:
            x, log_q = self._flow.weighed(self._batches.noise(step))
            log_p = self._target.log_density(x)
            self._outside = int((~torch.isfinite(log_p)).sum())
            terms.append(log_q - log_p)
        return terms, updates

    def _loss(self, terms: Tensor) -> Tensor:
        """The parts of a likelihood add up to what is raised; an error and the reverse KL are lowered."""
        if self._plan.matches or len(terms) == 1:
            return terms.sum()
        likelihood = -terms[:3].sum()
        return (likelihood + terms[3]) / 2 if self._target else likelihood

    @torch.no_grad()
    def _update(self, step: int, learning_rate: float, norm: float) -> None:
        """Adam as TensorFlow has it: epsilon is added to the root of the uncorrected second moment."""
        training = self._plan.training
        if norm > training["clipNorm"]:
            self._gradient *= training["clipNorm"] / (norm + 1e-6)
        vectors = self._vectors[""], self._gradient, self._vectors["adam.m."], self._vectors["adam.v."]
        decayed = self._plan.decayed
        for part, decay in ((slice(decayed), training["weightDecay"]), (slice(decayed, None), 0.0)):
            # As a function, since the class loads PyTorch's compiler, which takes seconds.
            adam(
                *([vector[part]] for vector in vectors),
                max_exp_avg_sqs=[],
                state_steps=[torch.tensor(step - 1.0)],
                fused=True,
                amsgrad=False,
                beta1=training["beta1"],
                beta2=training["beta2"],
                lr=learning_rate,
                weight_decay=decay,
                eps=training["epsilon"] / math.sqrt(1 - training["beta2"] ** step),
                maximize=False,
            )
        if "ema." in self._vectors:
            self._vectors["ema."].lerp_(self._vectors[""], 1 - average_decay_at(step, training))

    @torch.no_grad()
    def evaluate(self, examples: Examples) -> float:
        """Nats: the mean over examples by the running statistics, with the same noise every time. Processes share the blocks."""
        sums = torch.zeros(3, dtype=torch.float64)
        seed = self._plan.training["seed"]
        for start in range(self._world.rank * VALIDATION_BLOCK, len(examples), self._world.size * VALIDATION_BLOCK):
            rows = np.arange(start, min(start + VALIDATION_BLOCK, len(examples)))
            batch = read_batch(self._plan, examples, rows, Stream(seed, "validation-noise", start))
            sums += torch.stack([part.double().sum() for part in self._average.evaluate(*batch.inputs)])
        return self._nats(*(self._world.add_up(sums) / len(examples)).tolist())

    @torch.no_grad()
    def weigh(self) -> dict[str, float] | None:
        """What draws of the flow say of the target, the same ones every time. None without one. Processes share the draws."""
        if self._target is None:
            return None
        part, shape = self._world.share(WEIGHED), self._plan.noise_shape
        noise = Stream(self._plan.training["seed"], "weighed").normal(WEIGHED * math.prod(shape)).reshape(WEIGHED, *shape)
        x, log_q = self._average.weighed(as_tensor(noise[part]))
        found = (self._target.log_density(x) - log_q).double()
        log_weights = torch.zeros(WEIGHED, dtype=torch.float64)
        # A draw without a finite weight counts as one outside of the target.
        log_weights[part] = torch.where(torch.isfinite(found), found, -math.inf)
        values = self._world.add_up(log_weights).numpy()
        if not np.isfinite(values).any():
            return {"efficiency": 0.0, "logEvidence": -math.inf, "logEvidenceError": math.nan}
        value, error = evidence(values)
        return {
            "efficiency": effective(np.exp(values - value)) / WEIGHED,
            "logEvidence": value,
            "logEvidenceError": error,
        }

    @torch.no_grad()
    def samples(self, count: int) -> np.ndarray:
        """[count, …] in data units, without padding. The same latents every time."""
        plan = self._plan
        noise = Stream(plan.training["seed"], "samples").normal(count * math.prod(plan.noise_shape))
        inputs = [as_tensor(noise.reshape(count, *plan.noise_shape))]
        if self._train is not None and self._train.context is not None:
            rows = np.arange(count) % len(self._train)
            inputs.append(as_tensor(self._train.context.read(rows)))
        x = self._average.draw(*inputs).float().numpy()
        if plan.integers:
            x[:, list(plan.integers)] = np.floor(x[:, list(plan.integers)])
        return x[:, plan.pad : x.shape[1] - plan.pad, plan.pad : x.shape[2] - plan.pad] if plan.pad else x

    def not_finite(self) -> str:
        """Where the step that has just failed went wrong, in words."""
        for name, gradient in _views(self._gradient, self._plan.parameters):
            if not torch.isfinite(gradient).all():
                return f"the gradient of {name} is not finite"
        if self._outside > 0:
            return "every layer is finite, but the target’s log density of what the flow drew is not"
        return "the loss is not finite"

    def weights(self) -> dict[str, np.ndarray]:
        """What a checkpoint stores."""
        used = self._vectors.get("ema.", self._vectors[""])
        return {**_arrays(used, self._plan.parameters, ""), **_arrays(self._statistics, self._plan.statistics, "")}

    def state(self) -> dict[str, np.ndarray]:
        """Everything, for going on later."""
        vectors = [_arrays(vector, self._plan.parameters, prefix) for prefix, vector in self._vectors.items()]
        statistics = _arrays(self._statistics, self._plan.statistics, "")
        return {name: array for part in [*vectors, statistics] for name, array in part.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Raises TrainingError for a state of another flow."""
        for name, view in self._members():
            array = state.get(name)
            if array is None or array.dtype != np.float32 or array.shape != tuple(view.shape):
                what = "is missing" if array is None else f"is {array.dtype} {list(array.shape)}"
                raise TrainingError(f"The saved state is of another flow: {name} {what}; expected float32 {list(view.shape)}.")
            view.copy_(torch.from_numpy(array))

    def _members(self) -> Iterator[tuple[str, Tensor]]:
        for prefix, vector in self._vectors.items():
            yield from ((prefix + name, view) for name, view in _views(vector, self._plan.parameters))
        yield from _views(self._statistics, self._plan.statistics)

    def _means(self, means: Tensor) -> dict[str, float]:
        values = means.tolist()
        if self._plan.matches:
            return {"velocityError": values[0]}
        parts, rest = (values[:3], values[3:]) if len(values) > 1 else ([], values)
        likelihood = {"trainNats": self._nats(*parts), **dict(zip(PARTS, parts, strict=True))} if parts else {}
        return {**likelihood, **({"reverseKl": rest[0]} if rest else {})}

    def _nats(self, prior: float, log_det: float, preprocessing: float) -> float:
        return self._plan.quantization - prior - log_det - preprocessing


def _views(vector: Tensor, tensors: Tensors) -> Iterator[tuple[str, Tensor]]:
    at = 0
    for name, shape in tensors.shapes.items():
        size = math.prod(shape)
        yield name, vector[at : at + size].view(shape)
        at += size


def _arrays(vector: Tensor, tensors: Tensors, prefix: str) -> dict[str, np.ndarray]:
    return {prefix + name: view.float().numpy().copy() for name, view in _views(vector, tensors)}
