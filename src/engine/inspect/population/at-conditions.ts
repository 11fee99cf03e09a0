/** What a flow believes at several values of one condition: its density where it has two features, and samples. */
import { columnsAt } from '../../../base/rows';
import { UserError } from '../../../base/user-error';
import {
  classesAtOnce,
  shownDeviations,
  type AtConditions,
  type AtConditionsQuery,
  type Varied,
} from '../../../protocol/conditions';
import { withClass, type ContextInfo } from '../../../protocol/model';
import { stageBounds, type PlaneBounds } from '../../../protocol/plane';
import type { NdArray } from '../../../protocol/tensors';
import { batchOf } from '../../model/examples';
import type { InspectedFlow } from '../../model/inspected-flow';
import { exampleOf } from '../latents/latents';
import { scoreBatch } from '../examples';
import { densityWithin } from '../plane/density';
import { checkPixels } from '../plane/parts';
import { samples as drawn } from '../latents/samples';
import { checkIndex, type Inquiry } from '../inquiry';

/** @throws UserError for a flow without context or with an image as such, and for choices that do not exist; CancelledError */
export async function atConditions(inquiry: Inquiry, query: AtConditionsQuery): Promise<AtConditions> {
  const { model, signal } = inquiry;
  const { vary, features, pixels, samples, example: ref } = query;
  const { context: info } = model.runner;
  if (!info || info.shape || !model.withContext)
    throw new UserError('Samples at values of a condition were asked for; this flow takes none.');
  const isTable = model.config.kind === 'vector';
  if (isTable) {
    checkPixels(pixels);
    checkFeatures(features, model.dimensions);
  } else if (features.length > 0) {
    throw new UserError(`Features ${features.join(', ')} were asked for; images are drawn whole.`);
  }
  const context = [...(model.chosenContext ?? info.mean)];
  const example = ref && (await exampleOf(inquiry, ref));
  const draws: { value: number; chosen: number[]; flow: InspectedFlow; values: NdArray<Float32Array> }[] = [];
  for (const { value, chosen } of contextsAt(info, vary, context)) {
    const flow = model.withContext(chosen);
    const { values } = await drawn({ model: flow, signal }, samples);
    draws.push({ value, chosen, flow, values });
  }
  const frame = isTable
    ? await frameOf(
        model,
        query,
        draws.map(({ values }) => values),
      )
    : undefined;
  const at: AtConditions['at'] = [];
  for (const { value, chosen, flow, values } of draws) {
    at.push({
      value,
      ...(frame?.hasDensity && {
        density: await densityWithin({ model: flow, signal }, { stage: 0, bounds: frame.bounds, pixels }),
      }),
      samples: frame ? columnsOf(values.data, features, model.dimensions) : values,
      ...(example && {
        logProb: -(
          await scoreBatch({ model: flow, signal }, { ...example, context: Float32Array.from(chosen) })
        ).nats[0]!,
      }),
    });
  }
  return {
    ...{ vary, features, context, at },
    ...(frame ? { bounds: frame.bounds } : {}),
    ...(frame && example ? { example: features.map((feature) => example.x[feature]!) } : {}),
  };
}

/** One part of the plane for all values of the condition, so that they can be compared. */
async function frameOf(
  model: InspectedFlow,
  { batch, features }: AtConditionsQuery,
  samples: readonly NdArray<Float32Array>[],
): Promise<{ bounds: PlaneBounds; hasDensity: boolean }> {
  const hasDensity = model.dimensions === 2 && features.join() === '0,1';
  const columns = (data: Float32Array) => columnsOf(data, features, model.dimensions);
  const points = columns((await batchOf(model, batch)).x);
  const ranges = boundsOf([points, ...samples.map(({ data }) => columns(data))]);
  // A square, as on the plane's own tab, unless it would make a line of what has two units.
  const bounds = hasDensity && !isLopsided(ranges) ? stageBounds(points, 0, model.layers.length) : ranges;
  return { bounds, hasDensity };
}

function checkFeatures(features: readonly number[], dimensions: number): void {
  const known = features.every((d) => Number.isInteger(d) && d >= 0 && d < dimensions);
  if (known && (features.length === 1 || features.length === 2)) return;
  throw new UserError(
    `Features ${features.join(', ')} were asked for; expected one or two of ${dimensions}, numbered from 0.`,
  );
}

function contextsAt(
  { mean, std, classes }: ContextInfo,
  vary: Varied,
  context: readonly number[],
): { value: number; chosen: number[] }[] {
  if (vary.kind === 'number') {
    const { condition } = vary;
    checkIndex(condition, mean.length, `Condition ${condition} was asked for; the flow takes`);
    return shownDeviations.map((deviations) => {
      const value = mean[condition]! + deviations * std[condition]!;
      return { value, chosen: context.with(condition, value) };
    });
  }
  if (!classes) throw new UserError('Classes were asked for; none of what the flow is given is one.');
  const { from, count } = vary;
  const whole = [from, count].every((value) => Number.isInteger(value) && value >= 0);
  if (!whole || count < 1 || count > classesAtOnce || from + count > classes.count) {
    throw new UserError(
      `${count} classes from ${from} were asked for; expected at most ${classesAtOnce} of ${classes.count}, numbered from 0.`,
    );
  }
  return Array.from({ length: count }, (_, i) => ({
    value: from + i,
    chosen: withClass(classes, context, from + i),
  }));
}

function columnsOf(rows: Float32Array, features: readonly number[], size: number): NdArray<Float32Array> {
  return { shape: [rows.length / size, features.length], data: columnsAt(rows, size, features) };
}

function isLopsided({ x, y }: PlaneBounds): boolean {
  const ratio = (x[1] - x[0]) / (y[1] - y[0]);
  return ratio > 4 || ratio < 1 / 4;
}

/** Ends that are left out, of each side. */
const trim = 0.002;

/** Features of different units have ranges of their own, with the ends of every set of points. */
function boundsOf(sets: readonly NdArray<Float32Array>[]): PlaneBounds {
  const width = sets[0]!.shape[1]!;
  const range = (column: number): [number, number] => {
    const ends = sets.flatMap(({ data }) => {
      const values = data.filter((value, i) => i % width === column && Number.isFinite(value)).sort();
      const cut = Math.ceil(values.length * trim);
      return values.length === 0 ? [] : [values[cut]!, values[values.length - 1 - cut]!];
    });
    if (ends.length === 0) return [-3, 3];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const margin = 0.075 * (high - low) || Math.abs(high) * 1e-3 || 1e-3;
    return [low - margin, high + margin];
  };
  return { x: range(0), y: range(width - 1) };
}
