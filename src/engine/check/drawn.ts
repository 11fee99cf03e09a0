/** Draws of a flow whose target density was computed elsewhere, as one that takes hours a draw is. */
import path from 'node:path';
import { sizeOf } from '../../base/shape';
import { UserError } from '../../base/user-error';
import { splitContext } from '../../data/context';
import { toFloat32 } from '../../data/npy';
import type { BatchOptions } from '../model/latents';
import type { OpenedRunner } from '../model/opened-runner';
import type { RunBothWays } from '../use/calibrate';
import { readArray } from '../use/read-array';
import { readModelExamples } from '../use/read-examples';
import { sample } from '../use/sample';
import { differenceBand, largestDifference } from '../use/two-samples';
import { namesOr } from './names';
import { logDensities, weighRows, type Weighed } from './weigh';

export interface Drawn {
  file: string;
  /** [n, D], data units. */
  x: Float32Array;
  /** The target's, [n]. */
  logP: Float64Array;
}

/** In a table, which has no infinity, a log density below it says that there is no mass. */
const noMass = -1e30;
/** Single precision, in which tables are read, keeps a hundredth of a nat up to here. */
const largest = 1e5;
/** Draws of the flow that are taken for others once in a million times. */
const sure = 1 - 1e-6;

/** `FILE:COLUMN` of draws and the target's log density of each; undefined for a target that is a function. */
export function drawnFile(target: string): { file: string; column: string } | undefined {
  const [, file, column] = /^(.*\.(?:npz|csv|tsv|parquet|nc)):([^:/\\]+)$/i.exec(target) ?? [];
  return file === undefined || column === undefined ? undefined : { file, column };
}

/** @throws UserError naming the file and what was expected */
export async function readDrawn(
  opened: OpenedRunner,
  { file, column }: { file: string; column: string },
): Promise<Drawn> {
  const size = sizeOf(opened.runner.inputShape);
  if (/\.npz$/i.test(file)) {
    const [x, logP] = [await readArray(file, 'x', 'x'), await readArray(file, column, column)];
    const [count, width] = x.array.shape;
    if (x.array.shape.length !== 2 || width !== size || logP.array.shape.join() !== String(count))
      throw new UserError(
        `${file}: x is ${x.array.shape.join('×')} and ${column} is ${logP.array.shape.join('×')}; expected n×${size} and n.`,
      );
    return {
      file,
      x: toFloat32(x.array).data,
      logP: Float64Array.from(logP.array.data as Float64Array, Number),
    };
  }
  const columns = [...namesOr(opened.featureNames, size), column];
  const rows = { ...opened, runner: { ...opened.runner, inputShape: [size + 1], context: undefined } };
  const { data } = toFloat32((await readModelExamples(rows, file, { columns })).array);
  const { features: x, context } = splitContext(data, { shape: [size], contextNames: [column] });
  const logP = Float64Array.from(context!);
  const wide = logP.find((value) => Math.abs(value) > largest && value > noMass);
  if (wide !== undefined)
    throw new UserError(
      `${file}: ${column} is ${wide}, of which a table keeps no hundredths. Subtract a constant, or use an .npz of x and ${column}.`,
    );
  return { file, x, logP: logP.map((value) => (value <= noMass ? -Infinity : value)) };
}

/** @throws UserError for rows that the flow did not draw, CancelledError */
export async function weighDrawn(
  { forward, inverse }: RunBothWays,
  { file, x, logP }: Drawn,
  { seed, signal }: { seed: number } & Pick<BatchOptions, 'signal'>,
): Promise<Weighed> {
  const count = logP.length;
  const logQ = await logDensities(forward, x, count, { signal });
  const fresh = await sample(inverse, { count, seed, temperature: 1 }, { signal, unrounded: true });
  const freshLogQ = await logDensities(forward, fresh.x.data, count, { signal });
  const size = x.length / count;
  const column = (rows: Float32Array, d: number) =>
    rows.filter((value, i) => i % size === d && Number.isFinite(value)).sort();
  const distances = [
    largestDifference(logQ.filter(Number.isFinite).sort(), freshLogQ.filter(Number.isFinite).sort()),
    ...Array.from({ length: size }, (_, d) => largestDifference(column(x, d), column(fresh.x.data, d))),
  ];
  const [distance, band] = [Math.max(...distances), differenceBand(count, count, sure)];
  if (distance > band) {
    const at = distances.indexOf(distance);
    throw new UserError(
      `${path.basename(file)}: its rows are not draws of this flow, which weights need: ${at === 0 ? 'their log densities under it' : `values of feature ${at}`} ` +
        `differ from those of new draws by ${distance.toFixed(3)} (Kolmogorov–Smirnov; by chance up to ${band.toFixed(3)}). ` +
        'Draw them at temperature 1, with flowscope sample. Rows of the target itself go to --input.',
    );
  }
  if (!logQ.some(Number.isFinite))
    throw new UserError(
      `${path.basename(file)}: none of its ${count} rows has a finite density under this flow; expected draws of it.`,
    );
  return weighRows(x, logQ, ({ rows }) => Promise.resolve(Float64Array.from(rows, (i) => logP[i]!)));
}
