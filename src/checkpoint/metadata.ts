/** JSON in the metadata of our files, which anybody may have written. */
import * as v from 'valibot';
import { finite } from '../config/fields';
import { columnTransform, transformForms } from '../config/standardization';
import { jsonIn } from '../base/json-parts';
import { shortened, UserError } from '../base/user-error';
import type { MetricsRow } from '../protocol/run';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const names = v.pipe(v.array(v.string()), v.maxLength(1_000_000));
const sizes = v.pipe(v.array(count), v.maxLength(32));

/** Values that are not finite have no form in JSON and are left out. */
export const metricsSchema = v.pipe(
  v.looseObject({ step: finite, seconds: finite }),
  v.transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => Number.isFinite(value)))),
  v.transform((row): MetricsRow => row as unknown as MetricsRow),
);

export const dataRecordSchema = v.object({
  name: v.string(),
  /** A built-in name or an absolute path. */
  source: v.string(),
  rows: count,
  train: count,
  validation: count,
  shape: sizes,
  featureNames: v.optional(names),
  contextNames: v.optional(names),
  labelNames: v.optional(names),
  note: v.string(),
});

export const originSchema = v.object({
  /** As docs/importing.md names it, for example "chrischute". */
  library: v.string(),
  /** For people: "chrischute/real-nvp, 2 scales, 3 → 16 channels, 2 blocks". */
  title: v.optional(v.string()),
  /** Name of the file, without its folder. */
  fileName: v.string(),
  /** What the file does not hold and was taken from an answer or a default, in words: "image size 32×32 (default)". */
  assumptions: v.pipe(v.array(v.string()), v.maxLength(1000)),
  /** Assumptions that are guesses until the user confirms them; every number depends on them. */
  guesses: v.optional(v.pipe(v.array(v.string()), v.maxLength(1000))),
  /** What the library called the features and the numbers of the context, where the file says it. */
  featureNames: v.optional(names),
  contextNames: v.optional(names),
  /** Whether the context is a class: 1 for the one that it is, 0 for the others. */
  contextIsClass: v.optional(v.boolean()),
});

/** Vectors: subtracted from and divided out of the data before the flow, per feature and, behind these, per number of a context. */
export const standardizeSchema = v.pipe(
  v.object({
    mean: v.array(finite),
    std: v.array(v.pipe(finite, v.gtValue(0))),
    names: v.optional(names),
    contextNames: v.optional(names),
    /** By feature, before the rest: "log", "log:LOW", "logit:LOW:HIGH" or null. */
    transforms: v.optional(
      v.array(
        v.nullable(
          v.pipe(
            v.string(),
            v.check((text) => columnTransform(text) !== undefined, `expected ${transformForms}`),
          ),
        ),
      ),
    ),
  }),
  v.check(
    ({ mean, std, transforms = [] }) => mean.length === std.length && transforms.length <= mean.length,
    'expected a mean and a positive deviation per feature',
  ),
);

const ifThere = v.optional(finite);

/** The best so far, and validations since. */
export const progressSchema = v.object({
  best: v.optional(v.object({ step: count, nats: finite, bitsPerDim: ifThere, efficiency: ifThere })),
  withoutBetter: count,
});

/** @throws UserError naming the key, and what in it is wrong, for a text that is not JSON of this form */
export function parseMetadata<S extends v.GenericSchema>(
  schema: S,
  text: string,
  where: { file: string; key: string },
): v.InferOutput<S> {
  const damaged = (what: string) =>
    new UserError(`${where.file}: is damaged: its metadata "${where.key}" ${what}. Write the file again.`);
  const value = jsonIn(text);
  if (value === undefined) throw damaged('is not JSON');
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw damaged(`is not what it should be: ${path ? `${shortened(path)}: ` : ''}${shortened(issue.message)}`);
}
