/** The file of a printed flow: imports, helpers, classes, and what reads the weights. */
import { torchModule } from '../pipelines/pipelines';
import { helpers, type HelperName } from './helpers';
import { ModulePrinter, type PrintedClass, type StoredTensor, type TracedFunction } from './modules';
import { wrapped } from './wrap';

export interface TorchFlow {
  functions: readonly TracedFunction[];
  tensors: readonly StoredTensor[];
  /** Paragraphs about the flow and what its methods take and give. */
  about: readonly string[];
  /** More methods of the class, written above the functions' methods; without indentation. */
  methods: readonly string[];
  /** Numbers of a conditional flow's context, and a line about them; the functions check the context that they are given. */
  context?: { size: number; line: string };
}

export type PrintedTorch = ReturnType<typeof printTorch>;

/** @throws UserError for kernels without a PyTorch form */
export function printTorch({ functions, tensors, about, methods, context }: TorchFlow) {
  const checks: Record<string, string> = context ? { context: 'check_context(context)' } : {};
  const printer = new ModulePrinter(tensors, torchModule, checks);
  const { classes, helpers: needed, constants } = printer.print(functions);
  const parts = classes.slice(0, -1).map(classText);
  const { lines } = classes.at(-1)!;
  const more = [...methods, loadMethod].flatMap((method) => ['', ...method.split('\n')]);
  const flow = classText({ name: 'Flow', base: 'nn.Module', modules: [], lines: [...lines, ...more] });
  const isUsed = ([name]: [string, string]): boolean =>
    needed.has(name as HelperName) || [...parts, flow].some((text) => text.includes(`${name}(`));
  const used = [...Object.entries(declarations), ...Object.entries(helpers)].filter(isUsed);
  return {
    /** Tensors that the file of weights has to hold besides the stored ones. */
    constants,
    /** The text of flow.py. @param checksum SHA-256 of the weights next to it; the module refuses others */
    text: (checksum?: string) =>
      [
        `"""${about.map(inDocstring).join('\n\n')}\n"""\n\n${imports}`,
        weightsChecksum(checksum),
        ...(context ? [contextCheck(context)] : []),
        ...used.map(([, text]) => text),
        ...parts,
        flow,
        readWeights,
      ].join('\n\n'),
  };
}

function classText({ name, base, modules, lines }: PrintedClass): string {
  const inside = lines.map((line) => (line === '' ? '' : `    ${line}`)).flatMap(wrapped);
  const [first, ...others] = modules;
  const where =
    first === undefined
      ? []
      : [`    """${first}${others.length > 0 ? ` and ${others.length} more` : ''}"""`, ''];
  return `class ${name}(${base}):\n${[...where, ...inside].join('\n')}\n`;
}

/** Names of a user's files and data may hold anything; Python reads no file with a NUL in it. */
function inDocstring(paragraph: string): string {
  const escaped = paragraph
    .replaceAll(/[^\P{C}\n]+/gu, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('"""', '\\"\\"\\"');
  // Broken at blanks where more follows than a line holds.
  return escaped.replaceAll(/(?=.{121})(.{1,119}) /g, '$1\n');
}

function contextCheck({ size, line }: { size: number; line: string }): string {
  return `CONTEXT = ${JSON.stringify(line)}


def check_context(context: Tensor) -> None:
    if context.dim() != 2 or context.shape[1] != ${size} or not context.is_floating_point():
        given = f"{str(context.dtype).removeprefix('torch.')} {list(context.shape)}"
        raise ValueError(f"expected float numbers, {CONTEXT}; got {given}")
`;
}

const imports = `from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Shape = tuple[int, ...]
`;

/** What modules declare their tensors with. */
const declarations = {
  parameter: `def parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))
`,
  buffer: `def buffer(*shape: int) -> nn.Buffer:
    return nn.Buffer(torch.zeros(shape))
`,
  Part: `class Part(nn.Module):
    """Tensors and modules under the names that the checkpoint gives them."""

    def __init__(self, **members: nn.Module | nn.Parameter | nn.Buffer) -> None:
        super().__init__()
        for name, member in members.items():
            setattr(self, name, member)

    def __getitem__(self, index: int) -> nn.Module:
        return self.get_submodule(str(index))
`,
};

function weightsChecksum(checksum: string | undefined): string {
  return `# SHA-256 of the weights beside this file, which Flow.load() checks. None takes any.
WEIGHTS: str | None = ${checksum === undefined ? 'None' : `"${checksum}"`}
`;
}

const loadMethod = `@classmethod
def load(cls, weights: str | Path | None = None, device: torch.device | str = "cpu") -> Flow:
    """The flow in evaluation mode, with the weights next to this file, or from a safetensors file."""
    flow = cls()
    if weights is None:
        tensors = read_weights(Path(__file__).with_name("weights.safetensors"), WEIGHTS)
    else:
        tensors = read_weights(weights)
    flow.load_state_dict(tensors)
    return flow.to(device).eval()`;

const readWeights = `def read_weights(path: str | Path, checksum: str | None = None) -> dict[str, Tensor]:
    """The tensors of a safetensors file: its length, a JSON header, then the numbers, little endian."""
    data = bytearray(Path(path).read_bytes())
    found = checksum and hashlib.sha256(data).hexdigest()
    if found != checksum:
        raise ValueError(
            f"{path}: is not the file that was written with flow.py (SHA-256 {found}; expected {checksum}). "
            "Export the flow again, or name a file with weights of yours: Flow.load(FILE)"
        )
    start = 8 + int.from_bytes(data[:8], "little")
    types = {"F32": torch.float32, "I32": torch.int32, "BOOL": torch.bool}
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        numbers = torch.frombuffer(data[first:last], dtype=types[entry["dtype"]])
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors
`;
