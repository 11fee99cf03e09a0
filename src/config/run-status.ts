/** `run.json` in a run folder: the last state of its training. Flowscope and the Python package write it; anybody may have. */
import * as v from 'valibot';
import { finite } from './fields';

const ifThere = v.nullish(finite);

/** Bytes of a JSON file that a run, or a model, has next to it; longer ones were not written by Flowscope. */
export const largestJson = 2 ** 22;

/** Milliseconds of the last date that a Date can be. */
const latest = 8.64e15;

export const runStatusSchema = v.object({
  status: v.picklist(['running', 'paused', 'finished', 'stopped', 'failed', 'unknown']),
  message: v.nullish(v.string()),
  step: ifThere,
  seconds: ifThere,
  /** The step at which a training failed because it was not finite; where, in words; and the layer that these name. */
  notFinite: v.nullish(v.object({ step: finite, where: v.string(), layer: v.nullish(v.string()) })),
  best: v.nullish(v.object({ step: finite, nats: finite, bitsPerDim: ifThere, efficiency: ifThere })),
  /** The last request of control.json that the loop has seen. */
  control: v.nullish(v.object({ id: v.string(), step: finite, problem: v.nullish(v.string()) })),
  /** A date as text or milliseconds. */
  updated: v.optional(v.union([v.string(), v.pipe(v.number(), v.minValue(-latest), v.maxValue(latest))])),
});

/** Undefined for JSON that is not a run's state. @throws SyntaxError for text that is not JSON, such as a torn file */
export function parseRunStatus(text: string): v.InferOutput<typeof runStatusSchema> | undefined {
  const result = v.safeParse(runStatusSchema, JSON.parse(text));
  return result.success ? result.output : undefined;
}
