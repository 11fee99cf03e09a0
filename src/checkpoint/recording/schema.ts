/** What the metadata of a recording say in JSON; docs/recording.md explains it, and media/schemas has it as a JSON schema. */
import * as v from 'valibot';

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
  name: v.pipe(text, v.description('Name of the tensor in its library.')),
  shape: v.pipe(v.array(count), v.maxLength(32)),
  norm: v.pipe(v.number(), v.description('√Σw² over its finite values.')),
  stats: v.pipe(statsSchema, v.description('Moments are over finite values.')),
  edges: v.pipe(v.array(v.number()), v.maxLength(1025), v.description('Rising, one more than counts.')),
  counts: v.pipe(v.array(count), v.maxLength(1024)),
});

export const structures = ['elementwise', 'coupling', 'autoregressive', 'permutation', 'dense'] as const;

const layerSchema = v.object({
  name: v.pipe(text, v.description('Unlike that of any other layer.')),
  type: v.optional(v.pipe(text, v.description('What the layer is called in its library.'))),
  structure: v.optional(
    v.pipe(v.picklist(structures), v.description('What its derivatives showed: what depends on what.')),
  ),
  order: v.optional(
    v.pipe(
      v.array(count),
      v.maxLength(100_000),
      v.description('Of autoregressive layers: features from the first, which depends on none, to the last.'),
    ),
  ),
  activations: v.optional(v.pipe(names, v.description('Names of layers.I.activations.0, 1, …'))),
  parameters: v.optional(v.pipe(v.array(parameterSchema), v.maxLength(10_000))),
  parameterCount: v.optional(count),
});

export const recordingSchema = v.object({
  title: v.pipe(text, v.description('What was recorded, for people.')),
  recordedAt: v.pipe(text, v.isoTimestamp(), v.description('ISO 8601, with the time zone.')),
  writer: v.pipe(text, v.description('The program that wrote the file, with its version.')),
  library: v.optional(v.pipe(text, v.description('The library whose flow it is.'))),
  step: v.optional(v.pipe(count, v.description('Steps that the flow was trained for.'))),
  base: v.pipe(
    v.picklist(['standard-normal', 'other']),
    v.description('The distribution of z; "other" needs base_log_prob.'),
  ),
  examplesGiven: v.pipe(count, v.description('Examples of the batch, of which the first are in the file.')),
  parameterCount: v.optional(count),
  featureNames: v.optional(names),
  contextNames: v.optional(names),
  notes: v.pipe(names, v.description('What was left out or could not be computed, in words.')),
  layers: v.pipe(v.array(layerSchema), v.minLength(1), v.maxLength(mostRecordedLayers)),
});

export type RecordingAbout = v.InferOutput<typeof recordingSchema>;
export type RecordedLayerAbout = RecordingAbout['layers'][number];
export type Structure = (typeof structures)[number];
