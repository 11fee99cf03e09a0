/** From data units to what the flow models, as bijections with a log-det of their own, kept apart from the flow's. */
import * as tf from '@tensorflow/tfjs-core';
import type { DataConstraint, LogitConstraint } from '../config/schema';
import {
  endsOf,
  largest,
  spanOf,
  type ColumnMap,
  mapsOf,
  type Standardization,
} from '../config/standardization';
import { keepingShape, type Bijection } from './core/bijection';
import type { Preprocess } from './nets/context';
import { sizeOf } from '../base/shape';
import { named } from './core/scope';
import { sumPerExample } from './core/tensors';

export interface LogitOptions {
  name: string;
  shape: readonly number[];
  levels: number;
  dataRange: number;
  constraint: LogitConstraint;
}

/** The least p, at v = 0; the largest is `dataRange` above it. */
export function lowestShare(constraint: LogitConstraint, dataRange: number): number {
  return constraint === 'symmetric' ? (1 - dataRange) / 2 : 1 - dataRange;
}

/**
 * Dequantized pixels v in [0, L) to logits: p = low + r·v/L, y = ln p − ln(1 − p) (paper, section 4.1). In the symmetric
 * form of the authors' released code r = .9 keeps p in [.05, .95]; as printed, low = α = 1 − r, and p comes so close to 1
 * that float32 can round v to L: 1 − p then counts as half of the last step before L, and y stays finite. The log-det of
 * the map from v/L is Σ −ln(p(1 − p)) + D ln r. The step from v to v/L belongs to the quantization, D ln L, and is
 * counted there.
 */
export function logit({ name, shape, levels, dataRange, constraint }: LogitOptions): Bijection {
  const low = lowestShare(constraint, dataRange);
  const complement = (v: tf.Tensor, p: tf.Tensor): tf.Tensor =>
    constraint === 'symmetric'
      ? tf.sub(1, p)
      : tf.mul(tf.maximum(tf.sub(levels, v), levels * 2 ** -25), dataRange / levels);
  const constant = sizeOf(shape) * Math.log(dataRange);
  const logDetAt = (y: tf.Tensor): tf.Tensor =>
    tf.add(sumPerExample(tf.add(tf.softplus(y), tf.softplus(tf.neg(y)))), constant);
  return {
    ...keepingShape(name, shape),
    forward(_, v) {
      const p = tf.add(tf.mul(v, dataRange / levels), low);
      const y = tf.sub(tf.log(p), tf.log(complement(v, p)));
      return { value: y, logDet: logDetAt(y) };
    },
    inverse(_, y) {
      const p = tf.sigmoid(y);
      return { value: tf.mul(tf.sub(p, low), levels / dataRange), logDet: tf.neg(logDetAt(y)) };
    },
  };
}

/** v/L, or v/L − ½; its log-det counts from v/L, like the logit's, and is 0. */
export function scalePixels(
  name: string,
  shape: readonly number[],
  levels: number,
  constraint: Exclude<DataConstraint, LogitConstraint>,
): Bijection {
  const offset = constraint === 'centered' ? 0.5 : 0;
  return {
    ...keepingShape(name, shape),
    forward: (_, v) => ({ value: tf.sub(tf.mul(v, 1 / levels), offset), logDet: tf.scalar(0) }),
    inverse: (_, y) => ({ value: tf.mul(tf.add(y, offset), levels), logDet: tf.scalar(0) }),
  };
}

/**
 * Each column [N, D] by its map, which column-maps.ts defines, or as it is. Outside of the bounds the log-det is −∞. What
 * float32 would round onto a bound on the way back becomes the value next to it.
 */
function byColumn(maps: readonly (ColumnMap | undefined)[]): Pick<Bijection, 'forward' | 'inverse'> {
  const row = (name: string, value: (map: ColumnMap) => number, other = 0): tf.Tensor =>
    named(name, tf.tensor1d(maps.map((map) => (map ? value(map) : other))));
  const isLogit = ({ high }: ColumnMap): boolean => high < Infinity;
  const hasLogit = maps.some((map) => map && isLogit(map));
  const isCircle = ({ cut }: ColumnMap): boolean => cut !== undefined;
  const hasCircle = maps.some((map) => map && isCircle(map));
  const plain = (): tf.Tensor => row('plain', () => 0, 1);
  const low = (): tf.Tensor => row('low', (map) => map.low);
  const logs = (): tf.Tensor => row('logs', (map) => Number(!isLogit(map)));
  const logits = (): tf.Tensor => row('logits', (map) => Number(isLogit(map)));
  /** ln of the slope of each map at y. */
  const logSlopes = (y: tf.Tensor): tf.Tensor => {
    const ofLogs = tf.neg(tf.mul(y, logs()));
    if (!hasLogit) return ofLogs;
    const widths = row('log_width', ({ low, high }) => (high < Infinity ? Math.log(high - low) : 0));
    return tf.add(ofLogs, tf.mul(tf.sub(tf.add(tf.softplus(y), tf.softplus(tf.neg(y))), widths), logits()));
  };
  /** Values of circles turned by so much, each as the one between its bounds; other columns as they are. */
  const turned = (x: tf.Tensor, sign: 1 | -1): tf.Tensor => {
    if (!hasCircle) return x;
    const by = row('turn', ({ low, cut = low }) => sign * (cut - low));
    const period = row('period', (map) => (isCircle(map) ? map.high - map.low : 0));
    const size = row('size', (map) => (isCircle(map) ? map.high - map.low : 1), 1);
    const y = tf.add(x, by);
    // Finite for other columns, too, whose values may be infinite.
    const turns = tf.floor(tf.clipByValue(tf.div(tf.sub(y, low()), size), -(2 ** 24), 2 ** 24));
    const inTurn = tf.sub(y, tf.mul(period, turns));
    // The cut is a bound, and what is next to it may be rounded onto one; no value lies there.
    const start = row('start', (map) => (isCircle(map) ? endsOf(map)[0] : -Infinity), -Infinity);
    const end = row('end', (map) => (isCircle(map) ? endsOf(map)[1] : Infinity), Infinity);
    return tf.minimum(tf.maximum(inTurn, start), end);
  };
  return {
    forward(_, data) {
      const x = turned(data, -1);
      const ends = [
        row('least', (map) => endsOf(map)[0], -largest),
        row('most', (map) => endsOf(map)[1], largest),
      ];
      const inside = tf.minimum(tf.maximum(x, ends[0]!), ends[1]!);
      // The logarithm of 1 where there is none to be taken.
      const above = tf.add(tf.mul(tf.sub(inside, low()), tf.sub(1, plain())), plain());
      let y: tf.Tensor = tf.add(tf.mul(inside, plain()), tf.log(above));
      if (hasLogit) {
        const high = row('high', (map) => (isLogit(map) ? map.high : 0));
        y = tf.sub(y, tf.log(tf.add(tf.mul(tf.sub(high, inside), logits()), tf.sub(1, logits()))));
      }
      const outside = tf.sign(tf.abs(tf.sub(x, inside)));
      return { value: y, logDet: sumPerExample(tf.add(logSlopes(y), tf.log(tf.sub(1, outside)))) };
    },
    inverse(_, y) {
      let above: tf.Tensor = tf.mul(tf.exp(tf.mul(y, logs())), logs());
      if (hasLogit) {
        const width = row('width', (map) => (isLogit(map) ? map.high - map.low : 0));
        const span = row('span', (map) => (isLogit(map) ? spanOf(map) : 0));
        above = tf.add(above, tf.minimum(tf.mul(tf.sigmoid(y), width), span));
      }
      const x = tf.maximum(
        tf.add(above, low()),
        row('least', (map) => endsOf(map)[0]),
      );
      return { value: turned(tf.add(tf.mul(y, plain()), x), 1), logDet: tf.neg(sumPerExample(logSlopes(y))) };
    },
  };
}

/**
 * Columns by their maps, then (x − mean) / std for each feature; log-det of the maps − Σ ln std.
 * @param dim features: what `fitted` says of more is of a context
 */
export function standardize(name: string, fitted: Standardization, dim = fitted.mean.length): Preprocess {
  const { mean, std, transforms } = fitted;
  const columnMaps = mapsOf(fitted);
  const maps = Array.from({ length: dim }, (_, d) => columnMaps?.[d]);
  const columns = maps.some((map) => map) ? byColumn(maps) : undefined;
  const [features, context] = [
    { mean: mean.slice(0, dim), std: std.slice(0, dim) },
    { mean: mean.slice(dim), std: std.slice(dim) },
  ];
  const logDet = -features.std.reduce((sum, deviation) => sum + Math.log(deviation), 0);
  const scaled = (x: tf.Tensor, by: Standardization): tf.Tensor =>
    tf.div(tf.sub(x, named('mean', tf.tensor1d(by.mean))), named('std', tf.tensor1d(by.std)));
  return {
    ...keepingShape(name, [dim]),
    ...(transforms ? { transforms } : {}),
    forward(ctx, x) {
      const inner = columns?.forward(ctx, x);
      return {
        value: scaled(inner?.value ?? x, features),
        logDet: inner ? tf.add(inner.logDet, logDet) : tf.scalar(logDet),
      };
    },
    inverse(ctx, y) {
      const value = tf.add(
        tf.mul(y, named('std', tf.tensor1d(features.std))),
        named('mean', tf.tensor1d(features.mean)),
      );
      const outer = columns?.inverse(ctx, value);
      return outer
        ? { value: outer.value, logDet: tf.sub(outer.logDet, logDet) }
        : { value, logDet: tf.scalar(-logDet) };
    },
    ...(context.mean.length > 0 ? { scaleContext: (c: tf.Tensor) => scaled(c, context) } : {}),
  };
}
