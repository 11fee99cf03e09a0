"""Records what a PyTorch flow does to a batch, layer by layer."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import recording
from .field import Field
from .field_libraries import module_of
from .field_measures import TIMES, Reference, against_reference, field_info, inside_of, not_finite, spread_of, unstable_step
from .flows import chain_of
from .recording import Layer, Parameter, Samples, Slice, summarize
from .run_files import replace_file
from .slices import sliced
from .steps import Base, Chain, Step, standard_normal
from .structure import WHOLE, Shown, shown_by

#: Shares of the file for Jacobians, for samples and for activations that were asked for; the rest is for the examples.
SHARES = {"jacobian": 0.2, "samples": 0.15, "activations": 0.2}
#: For names, parameters' histograms and the header of the file.
SPARE = 0.05


def record(
    flow: Any,
    x: Any,
    context: Any = None,
    *,
    path: str | os.PathLike[str] = "model.flowrec.safetensors",
    title: str | None = None,
    step: int | None = None,
    samples: int = 64,
    activations: bool | Sequence[str] = False,
    feature_names: Sequence[str] | None = None,
    context_names: Sequence[str] | None = None,
    max_bytes: int = 20_000_000,
    seed: int = 0,
    solver: Any = None,
    slices: int = 10,
    divergence: Any = None,
    reference: bool = True,
) -> Path:
    """Runs `flow` on the batch `x` and writes what the inspector shows. Returns the path of the recording.

    `flow` is a flow of nflows, zuko, normflows or FrEIA, or a list of layers from data to latent: modules whose call gives
    (y, log_det), or `flowscope.Step`. Images are [N, C, H, W] as PyTorch has them. The flow runs in evaluation mode and
    without changing its parameters; modes and the random state are afterwards what they were. `activations` records
    the outputs of submodules: True for all of them, or parts of their names. Where the batch, the samples or the Jacobians would
    make the file larger than `max_bytes`, fewer of them are kept, and the recording says so.

    A `flowscope.Field` and vector fields of zuko, sbi, flow_matching and torchcfm are followed by `solver`: ("midpoint", 20),
    with "euler", "heun" and "rk4" as other names, or ("dopri5", 1e-5) with steps by error; without it by that of their library or
    midpoint with 20 steps. Each of the `slices` of time is a layer. `divergence` is "exact" or a number of probes; without it, it
    is exact up to 64 values. `reference=False` leaves out the errors against a finer solver, which take some seconds.
    Raises `flowscope.solvers.SolverStopped` where the solver cannot go on.
    """
    options = {
        "title": title,
        "step": step,
        "samples": samples,
        "activations": activations,
        "feature_names": feature_names,
        "context_names": context_names,
        "max_bytes": max_bytes,
        "seed": seed,
        "reference": reference,
    }
    file = recording.recording_path(path)
    subject = Subject(flow, x, context, solver=solver, slices=slices, divergence=divergence)
    replace_file(file, subject.encode(**options))
    return file


class Subject:
    """A flow and a batch, as the recorder takes them."""

    def __init__(
        self,
        flow: Any,
        x: Any,
        context: Any = None,
        *,
        solver: Any = None,
        slices: int = 10,
        divergence: Any = None,
    ) -> None:
        self.root = module_of(flow)
        self.title = (isinstance(flow, Field) and flow.type) or type(flow).__name__
        self.x = _tensor(x, self.root, keep=_holds_field(flow))
        self.context = None if context is None else _tensor(context, self.root, keep=_holds_field(flow))
        if self.x.ndim < 2 or len(self.x) == 0:
            raise ValueError(f"x has the shape {tuple(self.x.shape)}; expected [examples, ...] with at least one example.")
        if self.context is not None and len(self.context) != len(self.x):
            raise ValueError(f"context holds {len(self.context)} rows; x holds {len(self.x)}.")
        self.chain = chain_of(flow, self.context)
        steps = [step.module for step in self.chain.steps if step.module is not None]
        self.modules = [self.root] if self.root is not None else steps
        with self.still(0):
            embedded = _embedded(self.chain, self.context)
            self.chain = sliced(self.chain, self.x, embedded, solver, slices, divergence)

    def encode(
        self,
        x: Tensor | None = None,
        context: Tensor | None = None,
        *,
        title: str | None = None,
        samples: int = 64,
        activations: bool | Sequence[str] = False,
        max_bytes: int = 20_000_000,
        seed: int = 0,
        measured: bool = True,
        reference: bool = True,
        **about: Any,
    ) -> bytes:
        """The bytes of a recording, of the batch or of other examples. `measured`: also what is measured of slices of time, and
        with `reference` their errors against a finer solver."""
        if x is None:
            x, context = self.x, self.context
        with self.still(seed):
            return _Recorder(self.chain, x, context, max_bytes, measured, measured and reference).encode(
                samples,
                activations,
                title=title or self.title,
                parameter_count=sum(p.numel() for m in self.modules for p in m.parameters()),
                **about,
            )

    @contextmanager
    def still(self, seed: int) -> Iterator[None]:
        """The flow in evaluation mode and its generators at `seed`; afterwards both are what they were."""
        devices = {p.device for m in self.modules for p in m.parameters() if p.device.type == "cuda"}
        with _still(self.modules), torch.random.fork_rng(devices=[device.index or 0 for device in devices]):
            torch.manual_seed(seed)
            yield


class _Recorder:
    def __init__(self, chain: Chain, x: Tensor, context: Tensor | None, max_bytes: int, measured: bool, reference: bool) -> None:
        self.chain = chain
        self.measured, self.reference = measured, reference
        self.max_bytes = max_bytes
        self.notes: list[str] = []
        self.batch_size = len(x)
        embedded = _embedded(chain, context)
        # How large the layers' values are is known after a first example went through.
        with torch.no_grad():
            values = _walk(chain.steps, x[:1], None if embedded is None else embedded[:1])
        self.sizes = [h[0].numel() for h, _ in values]
        count = min(len(x), self._examples())
        if count < len(x):
            self.notes.append(f"{count} of the {len(x)} examples are kept, so that the file stays below {max_bytes} bytes")
        self.x = x[:count]
        self.context = None if context is None else context[:count]
        self.embedded = None if embedded is None else embedded[:count]

    def _examples(self) -> int:
        """How many fit: each layer has an input, elements of its log-det and some numbers."""
        share = 1 - SPARE - sum(SHARES.values())
        inside = sum(TIMES * (2 * size + 3) for size, step in zip(self.sizes, self.chain.steps, strict=True) if step.slice)
        return max(1, int(share * self.max_bytes / (4 * (sum(2 * size + 4 for size in self.sizes) + inside))))

    def encode(self, samples: int, activations: bool | Sequence[str], **about: Any) -> bytes:
        with torch.no_grad():
            walked = _walk(self.chain.steps, self.x, self.embedded)
            way = self._way(walked)
            drawn = self._samples(samples, walked[-1][0]) if samples > 0 else None
        layers = []
        names = _unique([step.name for step in self.chain.steps])
        inputs = [self.x, *(y for y, _ in walked)]
        for index, step in enumerate(self.chain.steps):
            y, log_det = walked[index]
            layers.append(self._layer(step, names[index], inputs[index], y, log_det))
            layers[-1].way_error = None if way is None else way[index]
        if activations:
            self._activations(layers, inputs, activations)
        about |= self._fields(layers, inputs, walked)
        z = walked[-1][0]
        prior, normal = _prior(self.chain.base, z, self.embedded)
        return recording.encode(
            x=_array(self.x),
            layers=layers,
            base="standard-normal" if normal else "other",
            base_log_prob=prior,
            context=None if self.context is None else _flat(self.context),
            samples=drawn,
            library=self.chain.library,
            examples_given=self.batch_size,
            notes=self.notes,
            **about,
        )

    def _layer(self, step: Step, name: str, x: Tensor, y: Tensor, log_det: Tensor) -> Layer:
        log_dets = log_det.double().cpu().numpy()
        layer = Layer(
            name=name,
            type=step.type,
            input=None,
            output=_array(y),
            log_det=log_dets,
            round_trip=self._round_trip(step, x, y),
        )
        # All slices have the network of their field.
        if step.module is not None and (step.slice is None or step.slice.first):
            layer.parameters = _parameters(step.module, name if step.slice is None else "")
            layer.parameter_count = sum(p.numel() for p in step.module.parameters())
        else:
            layer.parameter_count = 0
        if step.slice is not None:
            self._slice(layer, step, x)
            return layer
        try:
            shown = shown_by(lambda h: step.forward(h.clone(), self.embedded)[0], x, log_dets)
        except (RuntimeError, NotImplementedError) as error:
            self.notes.append(f"{name}: its derivatives could not be computed ({str(error).splitlines()[0][:120]})")
            return layer
        self._add_shown(layer, shown, x)
        return layer

    def _add_shown(self, layer: Layer, shown: Shown, x: Tensor) -> None:
        layer.structure, layer.order = shown.structure, shown.order
        shape = x.shape[1:]
        if shown.elements is not None:
            layer.log_det_elements = _channels_last(shown.elements.reshape(-1, *shape))
        if shown.passes is not None:
            layer.passes = _passes(shown.passes, shape)
        # Rows and columns count elements in the layer's own order, which is the file's for vectors.
        if shown.jacobian is not None and len(shape) == 1:
            layer.jacobian = shown.jacobian[: self._jacobians()]
            layer.dependencies = shown.dependencies

    def _slice(self, layer: Layer, step: Step, x: Tensor) -> None:
        one = step.slice
        solved = one.solve(x, self.embedded, keep=True)
        layer.slice = Slice(one.t0, one.t1, solved.solved.runs, one.number)
        layer.structure = "dense"
        if x.ndim == 2 and x.shape[1] <= WHOLE:
            jacobian = one.jacobian(x, self.embedded, solved.solved)
            layer.jacobian = jacobian[: self._jacobians()].double().cpu().numpy()
            layer.dependencies = np.ones(jacobian.shape[1:], dtype=np.uint8)
        if one.probes is not None and one.probes > 1:
            spread = solved.log_dets.double().std(1) / one.probes**0.5
            layer.slice.log_det_spread = spread.cpu().numpy()
        problem = not_finite(one, solved, self.embedded)
        if problem:
            self.notes.append(problem)
        if not self.measured:
            return
        inside = inside_of(one, solved, self.embedded)
        for name in ("path", "velocity", "rate", "bend", "stiffness"):
            setattr(layer.slice, name, getattr(inside, name))
        unstable = unstable_step(one, inside.decays)
        if unstable:
            self.notes.append(unstable)

    def _fields(self, layers: list[Layer], inputs: list[Tensor], walked: list[tuple[Tensor, Tensor]]) -> dict[str, Any]:
        """How the vector fields were solved, and how far that is off a finer solver."""
        places = [index for index, step in enumerate(self.chain.steps) if step.slice is not None]
        if not places:
            return {}
        slices = [self.chain.steps[index].slice for index in places]
        runs = [layers[index].slice.runs for index in places]
        found, spread = None, None
        if self.reference:
            found = against_reference(self.chain.steps, self.chain.base, self.x, self.embedded, walked, sum(runs))
            self._add_errors(layers, found)
        if self.measured and slices[0].probes is not None:
            context = None if self.embedded is None else self.embedded[:1]
            spread = spread_of(slices, inputs[places[0]][:1], context)
        about: dict[str, Any] = {"field": field_info(slices, runs, found, spread)}
        if found is not None:
            about["log_prob_error"] = self._padded(found.log_prob)
        return about

    def _add_errors(self, layers: list[Layer], found: Reference) -> None:
        for index, (log_det, x) in found.local.items():
            layers[index].slice.log_det_error = self._padded(log_det)
            layers[index].slice.error = self._padded(x)
        if len(found.log_prob) < len(self.x):
            self.notes.append(f"Errors of the solver are those of the first {len(found.log_prob)} examples")

    def _padded(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, np.full(len(self.x) - len(values), np.nan)])

    def _jacobians(self) -> int:
        """Examples whose Jacobians are kept."""
        squares = sum(size * size for size in self.sizes if size <= WHOLE)
        fitting = int(SHARES["jacobian"] * self.max_bytes / (4 * max(1, squares)))
        kept = max(1, min(len(self.x), fitting))
        note = f"Jacobians of the first {kept} examples are kept"
        if kept < len(self.x) and note not in self.notes:
            self.notes.append(note)
        return kept

    def _round_trip(self, step: Step, x: Tensor, y: Tensor) -> np.ndarray | None:
        if step.inverse is None:
            return None
        with torch.no_grad():
            back = self._inverse(step, y, self.embedded)
        return None if back is None else _largest(back - x)

    def _inverse(self, step: Step, y: Tensor, context: Tensor | None) -> Tensor | None:
        """None, and a note, where the layer has no inverse that works."""
        if step.inverse is None:
            return None
        try:
            return _inverse_of(step, y, context)
        # Libraries say in many ways that a layer runs one way only.
        except Exception as error:
            self._note_error(f"{step.name}: its inverse could not be run", error)
            return None

    def _note_error(self, what: str, error: Exception) -> None:
        first = (str(error).splitlines() or [""])[0][:120]
        note = f"{what} ({': '.join(filter(None, (type(error).__name__, first)))})"
        if note not in self.notes:
            self.notes.append(note)

    def _back(self, z: Tensor, context: Tensor | None) -> list[Tensor] | None:
        """Values at the input of each layer on the way from z to x."""
        found: list[Tensor] = []
        h = z
        for step in reversed(self.chain.steps):
            back = self._inverse(step, h, context)
            if back is None:
                return None
            found.append(h := back)
        return found[::-1]

    def _way(self, walked: list[tuple[Tensor, Tensor]]) -> list[np.ndarray] | None:
        inputs = [self.x, *(y for y, _ in walked[:-1])]
        back = self._back(walked[-1][0], self.embedded)
        return back and [_largest(found - there) for found, there in zip(back, inputs, strict=True)]

    def _samples(self, count: int, z: Tensor) -> Samples | None:
        fitting = int(SHARES["samples"] * self.max_bytes / (4 * sum(self.sizes)))
        kept = max(1, min(count, fitting, len(self.x) if self.context is not None else count))
        context = None if self.embedded is None else self.embedded[:kept]
        draw = self.chain.base.draw
        try:
            drawn = draw(kept, context) if draw else torch.randn(kept, *z.shape[1:], dtype=z.dtype, device=z.device)
        # Some bases have a density only, and libraries say so in many ways.
        except Exception as error:
            self._note_error("There are no samples: the base could not be drawn from", error)
            return None
        inputs = self._back(drawn.reshape(kept, *z.shape[1:]), context)
        if inputs is None:
            return None
        if kept < count:
            self.notes.append(f"{kept} samples are kept")
        return Samples(
            z=_array(drawn.reshape(kept, *z.shape[1:])),
            inputs=[_array(value) for value in inputs],
            base_log_prob=_prior(self.chain.base, drawn, context)[0],
            context=None if self.context is None else _flat(self.context[:kept]),
        )

    def _activations(self, layers: list[Layer], inputs: list[Tensor], asked: bool | Sequence[str]) -> None:
        room = int(SHARES["activations"] * self.max_bytes)
        for layer, step, x in zip(layers, self.chain.steps, inputs, strict=False):
            if step.module is None:
                continue
            with torch.no_grad():
                found = _inside(step.module, asked, lambda x=x, step=step: self._run(step, x.clone()), len(x))
            kept = {name: value for name, value in found.items() if (room := room - value.nbytes) >= 0}
            layer.activations = kept
            if len(kept) < len(found):
                self.notes.append(f"{layer.name}: {len(kept)} of {len(found)} activations are kept")

    def _run(self, step: Step, x: Tensor) -> Any:
        """Runs the layer's network once: a slice's at its start."""
        if step.slice is None:
            return step.forward(x, self.embedded)
        return step.field.velocity(x, step.slice.t0, self.embedded)


def _inverse_of(step: Step, y: Tensor, context: Tensor | None) -> Tensor:
    if step.inverse is None:
        raise TypeError(f"{step.name} ({step.type}): has no inverse.")
    # Layers may change what they are given in place.
    back = step.inverse(y.clone(), context)
    return (back[0] if isinstance(back, tuple) else back).detach()


@contextmanager
def _still(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Evaluation mode, and afterwards the modes that were."""
    modes = [(module, module.training) for root in modules for module in root.modules()]
    try:
        for root in modules:
            root.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training


def _walk(steps: Sequence[Step], x: Tensor, context: Tensor | None) -> list[tuple[Tensor, Tensor]]:
    """Output and log-det [N] of each step."""
    found = []
    h = x
    for step in steps:
        answer = step.forward(h.clone(), context)
        if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
            raise TypeError(f"{step.name} ({step.type}): gives a {type(answer).__name__}; expected (y, log_det).")
        # Layers that differentiate, such as zuko's bisection and integrals, switch gradients on for themselves.
        h, log_det = answer[0].detach(), answer[1]
        found.append((h, _per_example(log_det, step, h).detach()))
    return found


def _per_example(log_det: Any, step: Step, h: Tensor) -> Tensor:
    value = torch.as_tensor(log_det, dtype=h.dtype, device=h.device)
    if value.ndim > 1 and value.shape[0] == len(h):
        value = value.flatten(1).sum(1)
    if value.numel() == 1:
        value = value.reshape(()).expand(len(h))
    if value.shape != (len(h),):
        raise ValueError(f"{step.name} ({step.type}): its log-det has the shape {tuple(value.shape)}; expected ({len(h)},).")
    return value


def _embedded(chain: Chain, context: Tensor | None) -> Tensor | None:
    if context is None or chain.embed is None:
        return context
    with torch.no_grad():
        return chain.embed(context)


def _prior(base: Base, z: Tensor, context: Tensor | None) -> tuple[np.ndarray, bool]:
    """ln p(z) of each example, and whether it is that of a standard normal."""
    with torch.no_grad():
        normal = standard_normal(z)
        found = base.log_prob(z, context).double() if base.log_prob else normal
    if found.ndim > 1:
        found = found.flatten(1).sum(1)
    same = bool(((found - normal).abs() <= 1e-5 * (1 + normal.abs())).all())
    return found.cpu().numpy(), same


def _inside(module: nn.Module, asked: bool | Sequence[str], run: Callable[[], Any], count: int) -> dict[str, np.ndarray]:
    """Outputs of submodules, each the last time that it ran, by name."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            if isinstance(output, Tensor) and output.ndim >= 2 and len(output) == count:
                found[name] = _array(output)

        return hook

    with ExitStack() as stack:
        for name, one in module.named_modules():
            # What a Sequential gives is what its last module gives.
            chosen = asked is True or any(part in name for part in asked or ())
            if name and chosen and not isinstance(one, nn.Sequential):
                stack.callback(one.register_forward_hook(keep(name)).remove)
        run()
    return found


def _parameters(module: nn.Module, name: str) -> list[Parameter]:
    prefix = f"{name}." if name else ""
    return [summarize(f"{prefix}{part}", p.detach().cpu().numpy()) for part, p in module.named_parameters()]


def _unique(names: Sequence[str]) -> list[str]:
    return [name if names.index(name) == i else f"{name}#{i}" for i, name in enumerate(names)]


def _holds_field(flow: Any) -> bool:
    return isinstance(flow, Field) or (isinstance(flow, Sequence) and any(isinstance(layer, Field) for layer in flow))


def _tensor(values: Any, root: nn.Module | None, *, keep: bool = False) -> Tensor:
    """On the flow's device and in the precision of most of its values: bases may have another than the networks. `keep`: float64
    stays so where there is no network to ask."""
    parameters = list(root.parameters()) if root is not None else []
    tensor = torch.as_tensor(values)
    if parameters:
        tensor = tensor.to(parameters[0].device)
    elif keep and tensor.dtype == torch.float64:
        return tensor.detach()
    sizes: Counter[torch.dtype] = Counter()
    for parameter in filter(torch.is_floating_point, parameters):
        sizes[parameter.dtype] += parameter.numel()
    return tensor.to(max(sizes, key=sizes.__getitem__, default=torch.float32)).detach()


def _largest(difference: Tensor) -> np.ndarray:
    return difference.flatten(1).abs().amax(1).cpu().numpy()


def _flat(values: Tensor) -> np.ndarray:
    return values.detach().flatten(1).cpu().numpy()


def _array(values: Tensor) -> np.ndarray:
    return _channels_last(values.detach().float().cpu().numpy())


def _channels_last(values: np.ndarray) -> np.ndarray:
    """[N, C, H, W] as [N, H, W, C]."""
    return np.moveaxis(values, 1, -1) if values.ndim == 4 else values


def _passes(passes: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    shaped = passes.reshape(1, *shape)
    laid = _channels_last(shaped)[0]
    # As the writer lays out values of two axes.
    return laid[..., None] if laid.ndim == 2 else laid
