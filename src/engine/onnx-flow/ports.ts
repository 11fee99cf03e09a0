/** Which input and outputs of an ONNX file are the flow's, by what its owner says, by name and by shape. */
import path from 'node:path';
import { sidecarPath, type OnnxPorts } from '../../checkpoint/sidecar';
import { mostFeatures } from '../../config/vector-model';
import { UserError } from '../../base/user-error';
import type { OnnxMetadata } from '../onnx-file/metadata';
import { sizeOf } from '../../base/shape';
import type { Layout } from '../model/runner';

export type Direction = 'forward' | 'inverse';

export interface FlowPorts {
  direction: Direction;
  input: string;
  output: string;
  logDet?: string;
  /** Without the batch axis, in the file's own layout. */
  shape: number[];
  layout: Layout;
  /** Absent where any number of examples can be run at once. */
  fixedBatch?: number;
  /** Inputs of type float64. */
  doubles: ReadonlySet<string>;
  /** Scalars that the file takes besides, and what they are given. */
  constants: Readonly<Record<string, number>>;
  /** What a conditional flow is given besides, [N, size]. */
  context?: { name: string; size: number; shape: number[] };
}

/** An input or output as a file describes it; sizes that are open have names. */
export interface DescribedPort {
  name: string;
  dtype: string;
  shape: readonly (number | string)[];
}

type Port = ReturnType<typeof portOf>;

const logDetName = /^(sum_?)?(log_?(abs)?_?det(_?j(acobian)?)?|s?ladj|logabsdet|sldj|ldj)$/i;
/** One value for each example that is not a log-determinant. */
const scoreName = /log_?p|prob|nll|loss|bpd|bits|energy/i;
const dataName = /^(x|data|inputs?|images?|samples?)$/i;
const contextName = /^(context|cond(ition(s|al)?)?|c|y|labels?)$/i;
const latentName = /^(z|latents?|noise|u|eps)$/i;
const isFloat = (dtype: string): boolean => /^float(32)?$/.test(dtype);
const isDouble = (dtype: string): boolean => /^(double|float64)$/.test(dtype);

/** @throws UserError when they cannot be identified, saying how to name them */
export function identifyPorts(
  file: string,
  described: { inputs: readonly DescribedPort[]; outputs: readonly DescribedPort[] },
  sidecar: OnnxPorts,
  metadata: OnnxMetadata | undefined,
): FlowPorts {
  const count = described.inputs.length + described.outputs.length;
  if (count > mostPorts)
    throw new UserError(
      `${file}: has ${count} inputs and outputs, far more than the two ends of a flow and its context.`,
    );
  const all = described.inputs.map(portOf);
  const outputs = described.outputs.map(portOf);
  const isScalar = ({ shape, name }: Port): boolean => shape.length === 0 && name !== sidecar.input;
  const scalars = all.filter(isScalar);
  const inputs = all.filter((port) => !isScalar(port));
  const advice = `Name them in ${sidecarPath(file)}: {"onnx": {"input": "…", "output": "…", "logDet": "…"}}.`;
  const cannot = (what: string): UserError => new UserError(`${file}: ${what} ${advice}`);
  const list = (ports: readonly Port[]): string => ports.map(({ name }) => name).join(', ') || 'none';

  const direction = sidecar.direction ?? directionOf(metadata, inputs, outputs, path.basename(file));
  const byDirection = direction === 'forward' ? [dataName, latentName] : [latentName, dataName];
  const named = (ports: readonly Port[], name: string, role: string): Port => {
    const port = ports.find((candidate) => candidate.name === name);
    if (port) return port;
    throw new UserError(
      `${sidecarPath(file)}: names the ${role} "${name}", but the file has: ${list(ports)}. Correct it.`,
    );
  };
  const inputName = sidecar.input ?? (direction === 'inverse' ? sidecar.latent : undefined);
  const input = inputName
    ? named(all, inputName, 'input')
    : inputs.length === 1
      ? inputs[0]!
      : inputs.find(({ name }) => byDirection[0]!.test(name));
  if (!input)
    throw cannot(`it has the inputs ${list(inputs)}; which one the flow starts from cannot be told.`);
  if (!isFloat(input.dtype) && !isDouble(input.dtype))
    throw new UserError(`${file}: its input "${input.name}" is ${input.dtype}; expected float32 or float64.`);
  const others = inputs.filter((port) => port !== input);
  const context = others.length === 1 || metadata ? contextOf(others) : undefined;
  const unknown = others.filter(({ name }) => name !== context?.name);
  if (unknown.length > 0) {
    throw new UserError(
      `${file}: takes ${list(unknown)} besides "${input.name}"; a flow takes its input and, where it is conditional, one context of ` +
        'numbers, such as [N, 3].',
    );
  }
  const shape = sidecar.shape ?? eventShape(file, input);
  const size = sizeOf(shape);
  const known = ({ shape: dims }: Port): number | undefined => {
    const event = dims.slice(1);
    return dims.length > 0 && event.every((dim) => dim !== undefined) ? sizeOf(event) : undefined;
  };

  const outputName = sidecar.output ?? (direction === 'forward' ? sidecar.latent : undefined);
  const logDet =
    sidecar.logDet === null
      ? undefined
      : sidecar.logDet !== undefined
        ? named(outputs, sidecar.logDet, 'log-determinant')
        : (outputs.find(({ name }) => logDetName.test(name)) ??
          (size > 1
            ? only(
                outputs.filter(
                  (port) => port.shape.length > 0 && known(port) === 1 && !scoreName.test(port.name),
                ),
              )
            : undefined));
  const values = outputs.filter((port) => port !== logDet && port.shape.length > 0);
  const output = outputName
    ? named(outputs, outputName, 'output')
    : (values.find(({ name }) => byDirection[1]!.test(name)) ??
      only(values.filter((port) => known(port) === size)) ??
      only(values));
  if (!output)
    throw cannot(`it has the outputs ${list(outputs)}; which one the flow ends in cannot be told.`);

  const batch = sidecar.batch ?? input.shape[0];
  if ((batch ?? 1) * size > mostValues) {
    throw new UserError(
      `${file}: its input "${input.name}" has ${(batch ?? 1) * size} values in each run (${[batch ?? 1, ...shape].join('×')}); ` +
        `at most ${mostValues} can be looked into. Export it for a smaller batch.`,
    );
  }
  return {
    direction,
    input: input.name,
    output: output.name,
    ...(logDet && logDet !== output ? { logDet: logDet.name } : {}),
    shape: [...shape],
    layout: sidecar.layout ?? (metadata ? 'nhwc' : usualLayout(shape)),
    ...(batch === undefined ? {} : { fixedBatch: batch }),
    doubles: new Set(all.filter(({ dtype }) => isDouble(dtype)).map(({ name }) => name)),
    constants: Object.fromEntries(scalars.map(({ name }) => [name, 1])),
    ...(context ? { context } : {}),
  };
}

/** A context has a row of numbers for each example, or an image, channels last. */
function contextOf(others: readonly Port[]): FlowPorts['context'] {
  const port = others.length === 1 ? others[0] : others.find(({ name }) => contextName.test(name));
  const isFloating = port !== undefined && (isFloat(port.dtype) || isDouble(port.dtype));
  if (!isFloating || (port.shape.length !== 2 && port.shape.length !== 4)) return undefined;
  const shape = port.shape.slice(1);
  if (!shape.every((axis): axis is number => axis !== undefined && axis > 0)) return undefined;
  const size = sizeOf(shape);
  return size <= (shape.length === 1 ? mostFeatures : mostValues)
    ? { name: port.name, size, shape }
    : undefined;
}

function only<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

function directionOf(
  metadata: OnnxMetadata | undefined,
  inputs: readonly Port[],
  outputs: readonly Port[],
  fileName: string,
): Direction {
  if (metadata) return metadata.part === 'forward' ? 'forward' : 'inverse';
  const some = (ports: readonly Port[], pattern: RegExp): boolean =>
    ports.some(({ name }) => pattern.test(name));
  if (some(inputs, latentName) || some(outputs, /^(x|samples?|images?)$/i)) return 'inverse';
  if (some(inputs, /^x$/i) || some(outputs, latentName)) return 'forward';
  return /(^|[^a-z])(inverse|inv|decoder?|sampler?|generator?)([^a-z]|$)/i.test(fileName)
    ? 'inverse'
    : 'forward';
}

/** Each of them is fed or read in every run. */
const mostPorts = 1000;

/** Most values of the input in one run, float32: its sizes come from the file. */
const mostValues = 2 ** 26;

function portOf({ name, dtype, shape }: DescribedPort) {
  return { name, dtype, shape: shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : undefined)) };
}

function eventShape(file: string, { name, shape }: Port): number[] {
  const event = shape.slice(1);
  if (event.length > 0 && event.every((dim): dim is number => dim !== undefined && dim > 0)) return event;
  throw new UserError(
    `${file}: its input "${name}" has the shape (${shape.map((dim) => dim ?? '?').join(', ')}); expected a batch axis and ` +
      `fixed sizes after it. Say the sizes in ${sidecarPath(file)}: {"onnx": {"shape": [3, 32, 32]}}.`,
  );
}

/** Channels first unless the last axis looks like channels and the first does not. */
function usualLayout(shape: readonly number[]): Layout {
  const [first = 0, , last = 0] = shape;
  return shape.length === 3 && !(last <= 4 && first > 4) ? 'nchw' : 'nhwc';
}
