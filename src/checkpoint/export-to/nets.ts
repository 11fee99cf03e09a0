/**
 * Conditioners as matrices, rewritten without changing what they compute: inputs and outputs chosen, put in another
 * order, negated or zero, and two networks in one.
 */
import type { NdArray } from '../../protocol/tensors';
import { linearNames, under } from '../import/names';
import { renamed, type StateDict, type Tensors } from './state-dict';

type Values = NdArray<Float32Array>;

/** Weight [in, out], bias [out]; in an autoregressive network a mask of the weight's shape. */
export interface Dense {
  weight: Values;
  bias: Values;
  mask?: Values;
}

/** A multi-layer perceptron, with an activation between each two layers. */
export type Mlp = readonly Dense[];

/** One output: a column of the last layer, times and plus a number, or nothing. */
export type Column = { from: number; times?: number; plus?: number } | 'zero';

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

/** Tensors of a dense layer, named as in our flows. */
export function denseTensors(path: string, { weight, bias }: Dense): Record<string, Values> {
  return { [`${path}.weight`]: weight, [`${path}.bias`]: bias };
}

/** A Sequential of linear layers, or convolutions, with an activation after each but the last. */
export function sequentialTensors(path: string, net: Mlp, names = linearNames): StateDict['tensors'] {
  const layers = net.map((layer, i) => denseTensors(`${i}`, layer));
  const table = net.flatMap((_, i) => under(`${path}.${2 * i}.`, `${i}.`, names));
  return renamed(Object.assign({}, ...layers) as Record<string, Values>, table);
}

/** @param rows for each input, the row of the weight that takes it; undefined for inputs that nothing takes */
export function withInputs({ weight, bias, mask }: Dense, rows: readonly (number | undefined)[]): Dense {
  const taken = (matrix: Values): Values => {
    const outputs = matrix.shape[1]!;
    const data = new Float32Array(rows.length * outputs);
    rows.forEach((from, to) => {
      if (from !== undefined)
        data.set(matrix.data.subarray(from * outputs, (from + 1) * outputs), to * outputs);
    });
    return { shape: [rows.length, outputs], data };
  };
  return { weight: taken(weight), bias, ...(mask ? { mask: taken(mask) } : {}) };
}

export function withOutputs({ weight, bias, mask }: Dense, columns: readonly Column[]): Dense {
  /** @param value of a column, from the value in the matrix */
  const taken = (matrix: Values, value: (x: number, column: Exclude<Column, 'zero'>) => number): Values => {
    const outputs = matrix.shape.at(-1)!;
    const rows = matrix.data.length / outputs;
    const data = new Float32Array(rows * columns.length);
    for (let row = 0; row < rows; row++) {
      columns.forEach((column, to) => {
        if (column !== 'zero')
          data[row * columns.length + to] = value(matrix.data[row * outputs + column.from]!, column);
      });
    }
    return { shape: [...matrix.shape.slice(0, -1), columns.length], data };
  };
  return {
    weight: taken(weight, (x, { times = 1 }) => x * times),
    bias: taken(bias, (x, { times = 1, plus = 0 }) => x * times + plus),
    ...(mask ? { mask: taken(mask, (x) => x) } : {}),
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
  const both = (x: Values, y: Values): Values => {
    const data = new Float32Array(inputs * outputs);
    for (let i = 0; i < x.shape[0]!; i++) {
      data.set(x.data.subarray(i * left, (i + 1) * left), i * outputs);
    }
    for (let i = 0; i < y.shape[0]!; i++) {
      data.set(y.data.subarray(i * right, (i + 1) * right), (offset + i) * outputs + left);
    }
    return { shape: [inputs, outputs], data };
  };
  return {
    weight: both(a.weight, b.weight),
    bias: { shape: [outputs], data: Float32Array.from([...a.bias.data, ...b.bias.data]) },
    ...(a.mask && b.mask ? { mask: both(a.mask, b.mask) } : {}),
  };
}
