/** What the metadata of a recording say in JSON; docs/recording.md explains it, and media/schemas has it as a JSON schema. */
import * as v from 'valibot';
import { described, finite, optional } from '../../config/fields';

/** The version of the format that is written under `format_version`. */
export const recordingVersion = 1;
export const recordingFormat = 'flowscope-recording';

/** The message for a user who wants to run the flow of a recording. */
export const notRunAgain =
  'is a recording of what a flow did to a batch; the flow itself is not in it and cannot be run. Open it in the inspector, ' +
  'or give the checkpoint of the flow.';

/** A name or a sentence. */
const text = v.pipe(v.string(), v.maxLength(2000));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const names = v.pipe(v.array(text), v.maxLength(100_000));

export const mostRecordedLayers = 4096;

const statsSchema = v.object({
  count,
  min: v.number(),
  max: v.number(),
  mean: v.number(),
  std: v.number(),
  nan: count,
  inf: count,
});

const parameterSchema = v.object({
  name: described('Name of the tensor in its library.', text),
  shape: v.pipe(v.array(count), v.maxLength(32)),
  norm: described('√Σw² over its finite values.', v.number()),
  stats: described('Moments are over finite values.', statsSchema),
  edges: described('Rising, one more than counts.', v.pipe(v.array(v.number()), v.maxLength(1025))),
  counts: v.pipe(v.array(count), v.maxLength(1024)),
});

export const structures = ['elementwise', 'coupling', 'autoregressive', 'permutation', 'dense'] as const;

const moment = finite;

const layerSchema = v.object({
  name: described('Unlike that of any other layer.', text),
  type: optional('What the layer is called in its library.', text),
  structure: optional('What its derivatives showed: what depends on what.', v.picklist(structures)),
  order: optional(
    'Of autoregressive layers: features from the first, which depends on none, to the last.',
    v.pipe(v.array(count), v.maxLength(100_000)),
  ),
  activations: optional('Names of layers.I.activations.0, 1, …', names),
  parameters: v.optional(v.pipe(v.array(parameterSchema), v.maxLength(10_000))),
  parameterCount: v.optional(count),
  kind: optional('A slice of time of a vector field, from t0 to t1.', v.literal('slice')),
  t0: optional('t as its library has it, at the side of the data.', moment),
  t1: optional('t at the side of the noise.', moment),
  runs: optional('Evaluations of the network in the slice.', count),
  number: optional('"1", or "1a" and "1b" where a slice was cut in half.', v.pipe(text, v.maxLength(20))),
});

const error = v.pipe(moment, v.minValue(0));

const fieldSchema = v.object({
  data_time: described('t at the data.', moment),
  noise_time: described('t at the noise.', moment),
  solver: described(
    'euler, midpoint, heun, rk4, dopri5, or what it is called elsewhere.',
    v.pipe(text, v.maxLength(60)),
  ),
  steps: v.optional(v.nullable(count)),
  rtol: v.optional(v.nullable(error)),
  atol: v.optional(v.nullable(error)),
  runs: optional('Evaluations of the network in all slices.', count),
  divergence: described('Computed, or estimated by probes.', v.picklist(['exact', 'hutchinson'])),
  probes: v.optional(count),
  spread: optional('Standard deviation of the estimate of log p, nats.', error),
  log_prob_error: optional(
    'How far log p is off that of the reference: mean and largest size over the examples, nats.',
    v.tuple([error, error]),
  ),
  reference: optional(
    'The finer solver, and how far x and log p moved when its steps were last doubled.',
    v.object({
      solver: text,
      steps: count,
      dtype: text,
      error: v.tuple([v.nullable(error), v.nullable(error)]),
      examples: v.optional(count),
    }),
  ),
});

export const recordingSchema = v.object({
  title: described('What was recorded, for people.', text),
  recordedAt: described('ISO 8601, with the time zone.', v.pipe(text, v.isoTimestamp())),
  writer: described('The program that wrote the file, with its version.', text),
  library: optional('The library whose flow it is.', text),
  step: optional('Steps that the flow was trained for.', count),
  base: described(
    'The distribution of z; "other" needs base_log_prob.',
    v.picklist(['standard-normal', 'other']),
  ),
  examplesGiven: described('Examples of the batch, of which the first are in the file.', count),
  parameterCount: v.optional(count),
  featureNames: v.optional(names),
  contextNames: v.optional(names),
  notes: described('What was left out or could not be computed, in words.', names),
  field: optional('Of vector fields: which end of t is data, and how they were solved.', fieldSchema),
  layers: v.pipe(v.array(layerSchema), v.minLength(1), v.maxLength(mostRecordedLayers)),
});

export type RecordingAbout = v.InferOutput<typeof recordingSchema>;
export type RecordedLayerAbout = RecordingAbout['layers'][number];
