/** Classifiers that are trained side by side on the same rows, each with its own labels. */
import * as tf from '@tensorflow/tfjs-core';
import { range } from '../../base/order';
import { rowsAt } from '../../base/rows';
import { sizeOf } from '../../base/shape';
import type { RandomStream } from '../../data/random';
import { fusedAdam } from '../../graph/trace/adam';
import { anyBatch, trace, type TensorMap } from '../../graph/trace/trace';
import type { Backend, Feeds } from '../backends/backend';
import { breathe } from '../model/breathe';

export interface Rows {
  count: number;
  size: number;
  /** [count, size], finite. */
  data: Float32Array;
}

/** What a classifier is told of a row: its label, 1 or 0; undefined where it does not learn from it. */
export type Label = (classifier: number, row: number) => number | undefined;

interface ClassifierOptions {
  classifiers: number;
  /** Units of each of the two hidden layers. */
  units: number;
  draw: RandomStream;
  /** Over the rows, at most. */
  most?: number;
  signal?: AbortSignal | undefined;
}

/** Those of scikit-learn's MLPClassifier, which benchmarks of simulation-based inference use. */
const batch = 200;
const learningRate = 1e-3;
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const decay = 1e-4;
/** Training ends after `idle` passes over the rows that lower the loss by less than `least` each. Thin shapes take hundreds. */
const passes = { most: 1000, idle: 10, least: 1e-4 };
/** Steps in one run of the program. */
const together = 8;

const weightNames = ['w0', 'b0', 'w1', 'b1', 'w2', 'b2'] as const;

/** @param x [N, size] @returns [classifiers, N] */
function logitsOf([w0, b0, w1, b1, w2, b2]: tf.Tensor[], x: tf.Tensor): tf.Tensor {
  const rows = tf.tile(tf.expandDims(x, 0), [w0!.shape[0], 1, 1]);
  const first = tf.relu(tf.add(tf.matMul(rows, w0!), b0!));
  const second = tf.relu(tf.add(tf.matMul(first, w1!), b1!));
  return tf.squeeze(tf.add(tf.matMul(second, w2!), b2!), [2]);
}

/** Several steps of Adam: `w0` …, their moments `m.w0` …, `v.w0` …, and batches [steps, …] → `next.w0` … and the mean `loss`. */
function steps(inputs: TensorMap): TensorMap {
  let state = inputs;
  const losses: tf.Tensor[] = [];
  for (let k = 0; k < together; k++) {
    const now = (name: string): tf.Tensor => tf.squeeze(tf.slice(inputs[name]!, [k], [1]), [0]);
    const [labels, learns] = [now('labels'), now('learns')];
    const lossOf = (...weights: tf.Tensor[]): tf.Scalar => {
      const logits = logitsOf(weights, now('x'));
      const each = tf.mul(tf.sub(tf.softplus(logits), tf.mul(logits, labels)), learns);
      const means = tf.div(tf.sum(each, 1), tf.maximum(1, tf.sum(learns, 1)));
      const squares = weights.filter((_, i) => i % 2 === 0).map((w) => tf.sum(tf.square(w)));
      return tf.add(tf.sum<tf.Scalar>(means), tf.mul(tf.addN(squares), decay / (2 * batch)));
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(weightNames.map((name) => state[name]!));
    losses.push(value);
    const [beta1Power, beta2Power] = [now('beta1Power'), now('beta2Power')];
    const scalars = { learningRate: tf.scalar(learningRate), beta1Power, beta2Power };
    const before = state;
    state = Object.fromEntries(
      weightNames.flatMap((name, i) => {
        const moments = { m: before[`m.${name}`]!, v: before[`v.${name}`]! };
        const gradient = grads[i]!;
        const next = fusedAdam({ param: before[name]!, ...moments, gradient, ...scalars }, adam);
        return ['', 'm.', 'v.'].map((prefix, j) => [prefix + name, next[j]!]);
      }),
    );
  }
  const next = ['', 'm.', 'v.'].flatMap((prefix) =>
    weightNames.map((name) => [`next.${prefix}${name}`, state[prefix + name]!]),
  );
  return { ...(Object.fromEntries(next) as TensorMap), loss: tf.mean(tf.stack(losses)) };
}

/** @throws CancelledError */
export async function trainClassifiers(
  backend: Pick<Backend, 'compile'>,
  rows: Rows,
  label: Label,
  { classifiers, units, draw, most = passes.most, signal }: ClassifierOptions,
) {
  const scaled = scalerOf(rows);
  const widths = [rows.size, units, units, 1];
  const weights = weightNames.map((name, i) => {
    const [from, to] = [widths[i >> 1]!, widths[(i >> 1) + 1]!];
    // Glorot's bound, for biases too.
    const bound = Math.sqrt(6 / (from + to));
    return { name, shape: [classifiers, i % 2 === 0 ? from : 1, to], bound };
  });
  const state = ['', 'm.', 'v.'].flatMap((prefix) =>
    weights.map(({ name, shape, bound }) => ({ name: prefix + name, shape, bound: prefix ? 0 : bound })),
  );
  const inputs = [
    { name: 'x', shape: [together, batch, rows.size] },
    ...['labels', 'learns'].map((name) => ({ name, shape: [together, classifiers, batch] })),
    ...['beta1Power', 'beta2Power'].map((name) => ({ name, shape: [together] })),
  ];
  let kept: Feeds = Object.fromEntries(
    state.map(({ name, shape, bound }) => [
      name,
      { shape, data: draw.uniform(sizeOf(shape)).map((u) => (2 * u - 1) * bound) },
    ]),
  );
  const training = await backend.compile(trace(steps, [...state, ...inputs]), { optimize: true });
  try {
    const x = scaled(rows);
    const inRun = together * batch;
    const runs = Math.max(1, Math.floor(rows.count / inRun));
    let [done, best, idle] = [0, Infinity, 0];
    for (let pass = 0; pass < most && idle < passes.idle; pass++) {
      const order = draw.permutation(rows.count);
      let loss = 0;
      for (let run = 0; run < runs; run++) {
        await breathe(signal);
        // Where there are fewer rows than a run takes, some come twice.
        const at = range(inRun).map((i) => order[(run * inRun + i) % rows.count]!);
        const labels = Float32Array.from({ length: inRun * classifiers }, (_, i) => {
          const group = Math.floor(i / batch);
          const row = at[Math.floor(group / classifiers) * batch + (i % batch)]!;
          return label(group % classifiers, row) ?? NaN;
        });
        const data = [
          rowsAt(x, rows.size, at),
          labels.map((value) => value || 0),
          labels.map((value) => (Number.isNaN(value) ? 0 : 1)),
          ...[adam.beta1, adam.beta2].map((beta) =>
            Float32Array.from({ length: together }, (_, k) => beta ** (done + k + 1)),
          ),
        ];
        const batches = inputs.map(({ name, shape }, i) => [name, { shape, data: data[i]! }]);
        const next = await training.run({ ...kept, ...Object.fromEntries(batches) } as Feeds);
        kept = Object.fromEntries(state.map(({ name }) => [name, next[`next.${name}`]!]));
        done += together;
        loss += next['loss']!.data[0]! / classifiers / runs;
      }
      idle = loss > best - passes.least ? idle + 1 : 0;
      best = Math.min(best, loss);
    }
  } finally {
    await training.dispose();
  }
  const program = await backend.compile(
    trace(
      (feeds) => ({
        logits: logitsOf(
          weightNames.map((name) => feeds[name]!),
          feeds['x']!,
        ),
      }),
      [...weights, { name: 'x', shape: [anyBatch, rows.size] }],
      { dynamicBatch: anyBatch },
    ),
    { optimize: true },
  );
  const trained = Object.fromEntries(weightNames.map((name) => [name, kept[name]!]));
  return {
    /** Log odds that each row has the label 1, by classifier. */
    async logits({ data, count, size }: Rows): Promise<Float32Array[]> {
      const x = { shape: [count, size], data: scaled({ data, size }) };
      const { logits } = await program.run({ ...trained, x });
      const all = logits!.data as Float32Array;
      return range(classifiers).map((k) => all.slice(k * count, (k + 1) * count));
    },
    dispose: () => program.dispose(),
  };
}

/** Subtracts the mean of each column and divides by its deviation. */
function scalerOf({ data, count, size }: Rows): (rows: Pick<Rows, 'data' | 'size'>) => Float32Array {
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  data.forEach((value, i) => (mean[i % size]! += value / count));
  data.forEach((value, i) => (squares[i % size]! += (value - mean[i % size]!) ** 2 / count));
  const deviation = squares.map((value) => Math.sqrt(value) || 1);
  return (rows) => rows.data.map((value, i) => (value - mean[i % size]!) / deviation[i % size]!);
}
