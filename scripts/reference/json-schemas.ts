/** JSON schemas of the files that Flowscope shares with people and other programs. */
import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { controlSchema } from '../../src/config/control';
import { configJsonSchema } from './config-schema';
import { runStatusSchema } from '../../src/config/run-status';
import { lockSchema } from '../../src/config/train-lock';
import type { MetricsRow } from '../../src/protocol/run';
import { checkpointFormat, checkpointVersion } from '../../src/checkpoint/checkpoint';
import { dataRecordSchema, originSchema, standardizeSchema } from '../../src/checkpoint/metadata';
import { recordingSchema } from '../../src/checkpoint/recording/schema';
import { sidecarSchema } from '../../src/checkpoint/sidecar';

const number = v.optional(v.number());
const nats = (what: string) => v.optional(v.pipe(v.number(), v.description(`${what}, nats per example.`)));

const metricsLine = v.looseObject({
  step: v.number(),
  seconds: v.pipe(v.number(), v.description('Of training so far, without validation and saving.')),
  trainNats: nats('−ln p of training examples'),
  validationNats: nats('−ln p of validation examples'),
  trainBitsPerDim: number,
  validationBitsPerDim: number,
  prior: nats('What ln p of the latent adds to trainNats'),
  logDet: nats('What the log-det adds to trainNats'),
  preprocessing: nats('What preprocessing adds to trainNats'),
  velocityError: v.optional(
    v.pipe(v.number(), v.description('The training loss of a vector field: mean squared error.')),
  ),
  reverseKl: nats('On a target: mean of ln q − ln p over draws, the KL divergence less ln Z'),
  efficiency: v.optional(v.pipe(v.number(), v.description('On a target: share of the draws that count.'))),
  logEvidence: nats('On a target: ln of the mean weight'),
  logEvidenceError: nats('Its standard error'),
  gradientNorm: number,
  learningRate: number,
  examplesPerSecond: number,
  epoch: number,
} satisfies Record<keyof MetricsRow, v.GenericSchema>);

/** By name of the file in media/schemas. */
export function jsonSchemas(): Record<string, object> {
  return {
    'flow.schema.json': configJsonSchema(),
    'checkpoint.schema.json': checkpoint(),
    'run.schema.json': titled('Flowscope run status', 'run.json in a run folder.', runStatusSchema),
    'metrics.schema.json': titled(
      'Flowscope metrics',
      'A line of metrics.jsonl in a run folder.',
      metricsLine,
    ),
    'control.schema.json': titled(
      'Flowscope control request',
      'control.json in a run folder: a request to its training.',
      v.object({
        id: v.pipe(v.string(), v.minLength(1), v.description('New for each request.')),
        ...controlSchema.entries,
      }),
    ),
    'lock.schema.json': titled('Flowscope lock', 'train.lock in a run folder: who trains it.', lockSchema),
    'sidecar.schema.json': titled(
      'Flowscope answers',
      'FILE.flowscope.json beside a checkpoint or an ONNX file: what the file itself does not say.',
      sidecarSchema,
    ),
    'recording.schema.json': titled(
      'Flowscope recording',
      'What the metadata "recording" of a .flowrec.safetensors file say, in JSON.',
      recordingSchema,
    ),
  };
}

/** Without checks that have no form in JSON schemas: of several fields together, of characters by their Unicode class. */
function jsonSchema(schema: v.GenericSchema): object {
  return toJsonSchema(schema, { typeMode: 'input', ignoreActions: ['finite', 'check', 'regex'] });
}

function titled(title: string, description: string, schema: v.GenericSchema): object {
  return { title, description, ...jsonSchema(schema) };
}

/** Values of metadata are text, some of which is JSON. */
function checkpoint(): object {
  const json = (contentSchema: object) => ({
    type: 'string',
    contentMediaType: 'application/json',
    contentSchema,
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Flowscope checkpoint',
    description: 'The metadata of a .flow.safetensors file.',
    type: 'object',
    properties: {
      format: { const: checkpointFormat },
      format_version: { const: String(checkpointVersion) },
      config: json({ $ref: 'flow.schema.json' }),
      step: { type: 'string', pattern: '^[0-9]+$' },
      seconds: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(e-?[0-9]+)?$' },
      metrics: json({ $ref: 'metrics.schema.json' }),
      standardize: json(jsonSchema(standardizeSchema)),
      data: json(jsonSchema(dataRecordSchema)),
      origin: json(jsonSchema(originSchema)),
    },
    required: ['format', 'format_version', 'config', 'step', 'seconds'],
  };
}
