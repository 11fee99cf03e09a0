/**
 * Conditioners as matrices, rewritten without changing what they compute: inputs and outputs chosen, put in another
 * order, negated or zero, and two networks in one.
 */
import type { NdArray } from '../../protocol/tensors';
import { linearNames, under } from '../import/names';
import { renamed, type StateDict } from './state-dict';

type Values = NdArray<Float32Array>;
type Tensors = Readonly<Record<string, NdArray>>;

/** Weight [in, out], bias [out]. */
export interface Dense {
  weight: Values;
  bias: Values;
}

/** A multi-layer perceptron, with an activation between each two layers. */
export type Mlp = readonly Dense[];

/** One output: a column of the last layer, negated or not, or nothing. */
export type Column = { from: number; negated?: boolean } | 'zero';

export function readMlp(tensors: Tensors, path: string): Mlp {
  const layers: Dense[] = [];
  for (let i = 0; tensors[`${path}.${i}.weight`]; i++) layers.push(readDense(tensors, `${path}.${i}`));
  return layers;
}

export function readDense(tensors: Tensors, path: string): Dense {
  return { weight: valuesOf(tensors, `${path}.weight`), bias: valuesOf(tensors, `${path}.bias`) };
}

export function valuesOf(tensors: Tensors, name: string): Values {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`The flow has no tensor "${name}".`);
  return { shape: tensor.shape, data: Float32Array.from(tensor.data) };
}

/** As a layer of a flow of ours has it. */
export function denseTensors(path: string, { weight, bias }: Dense): Record<string, Values> {
  return { [`${path}.weight`]: weight, [`${path}.bias`]: bias };
}

/** A Sequential of linear layers with an activation after each but the last. */
export function sequentialTensors(path: string, net: Mlp): StateDict['tensors'] {
  const ours = net.map((layer, i) => denseTensors(`${i}`, layer));
  const table = net.flatMap((_, i) => under(`${path}.${2 * i}.`, `${i}.`, linearNames));
  return renamed(Object.assign({}, ...ours) as Record<string, Values>, table);
}

/** Hidden widths. */
export function hiddenOf(net: Mlp): number[] {
  return net.slice(0, -1).map(({ bias }) => bias.data.length);
}

/** @param rows for each input, the row of the weight that takes it; undefined for inputs that nothing takes */
export function withInputs({ weight, bias }: Dense, rows: readonly (number | undefined)[]): Dense {
  const outputs = weight.shape[1]!;
  const data = new Float32Array(rows.length * outputs);
  rows.forEach((from, to) => {
    if (from !== undefined)
      data.set(weight.data.subarray(from * outputs, (from + 1) * outputs), to * outputs);
  });
  return { weight: { shape: [rows.length, outputs], data }, bias };
}

export function withOutputs({ weight, bias }: Dense, columns: readonly Column[]): Dense {
  const [inputs, outputs] = [weight.shape[0]!, weight.shape[1]!];
  const take = (row: Float32Array): Float32Array =>
    Float32Array.from(columns, (column) =>
      column === 'zero' ? 0 : column.negated ? -row[column.from]! : row[column.from]!,
    );
  const data = new Float32Array(inputs * columns.length);
  for (let i = 0; i < inputs; i++) {
    data.set(take(weight.data.subarray(i * outputs, (i + 1) * outputs)), i * columns.length);
  }
  return {
    weight: { shape: [inputs, columns.length], data },
    bias: { shape: [columns.length], data: take(bias.data) },
  };
}

/** The first and the last layer of a network, changed. */
export function rewired(net: Mlp, rows: readonly (number | undefined)[], columns: readonly Column[]): Mlp {
  return net.map((layer, i) => {
    const fed = i === 0 ? withInputs(layer, rows) : layer;
    return i === net.length - 1 ? withOutputs(fed, columns) : fed;
  });
}

/** Two networks of the same depth and inputs as one that gives the outputs of the first, then of the second. */
export function sideBySide(a: Mlp, b: Mlp): Mlp {
  return a.map((layer, i) => joined(layer, b[i]!, i === 0 ? 0 : layer.weight.shape[0]!));
}

/** @param offset the row at which b's inputs begin: 0 where both take the same */
function joined(a: Dense, b: Dense, offset: number): Dense {
  const [left, right] = [a.weight.shape[1]!, b.weight.shape[1]!];
  const [inputs, outputs] = [offset + b.weight.shape[0]!, left + right];
  const data = new Float32Array(inputs * outputs);
  for (let i = 0; i < a.weight.shape[0]!; i++) {
    data.set(a.weight.data.subarray(i * left, (i + 1) * left), i * outputs);
  }
  for (let i = 0; i < b.weight.shape[0]!; i++) {
    data.set(b.weight.data.subarray(i * right, (i + 1) * right), (offset + i) * outputs + left);
  }
  return {
    weight: { shape: [inputs, outputs], data },
    bias: { shape: [outputs], data: Float32Array.from([...a.bias.data, ...b.bias.data]) },
  };
}
