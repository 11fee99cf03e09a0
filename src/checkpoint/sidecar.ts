/**
 * The file next to a checkpoint or an ONNX file, FILE.flowscope.json, which remembers what the file itself does not say.
 * People may write it by hand and commit it.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { dataSchema } from '../config/data-section';
import { countTo, finite, optional, positive, positiveInteger, share } from '../config/fields';
import { parseJsonText } from '../config/json-text';
import { parseAs } from '../config/parse';
import { writeAtomically } from '../files/atomic';
import { largestJson } from '../config/run-status';
import { exists } from '../base/exists';
import { readText } from '../files/read';
import type { ImportAnswers } from '../protocol/import';

const contextNumbers = v.array(finite);
const port = (text: string) => optional(text, v.string());
const portOrNone = (text: string) => optional(text, v.nullable(v.string()));

const portsSchema = v.strictObject({
  direction: optional(
    'Which way the file runs: forward from data to latents, inverse back.',
    v.picklist(['forward', 'inverse']),
  ),
  input: port('Name of the input that the flow starts from: x in forward direction, z in inverse.'),
  output: port('Name of the output that the flow ends in: z in forward direction, x in inverse.'),
  latent: port('Name of the latent, whether it is the input or the output.'),
  logDet: portOrNone('Name of the output with the log-det of each example; null if there is none.'),
  forward: portOrNone('File of the forward direction, beside this one; null if there is none.'),
  inverse: portOrNone('File of the inverse direction, beside this one; null if there is none.'),
  layout: optional('Order of the axes of images.', v.picklist(['nchw', 'nhwc'])),
  shape: optional(
    'Of one example, with the axes in the order of the file, where the file leaves sizes open.',
    v.array(positiveInteger),
  ),
  batch: optional(
    'Examples that the graph takes at once, where it takes one number only and does not say it.',
    countTo(65536),
  ),
  preprocessing: optional(
    'Images: what lies between pixels and x. Default: logit.',
    v.picklist(['logit', 'none']),
  ),
  levels: optional(
    'With the logit: x is the logit of p = ½ + dataRange·(v/levels − ½) of pixels v with noise in [0, levels).',
    v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536)),
  ),
  dataRange: optional('See levels.', share),
  context: optional(
    'Conditional flows: name, mean and standard deviation of each number of the context.',
    v.strictObject({
      names: v.optional(v.array(v.string())),
      mean: v.optional(contextNumbers),
      std: v.optional(v.array(positive)),
    }),
  ),
});

export const sidecarSchema = v.strictObject({
  $schema: v.optional(v.string()),
  library: optional(
    'The library that the answers were given for. Without it they are for whatever library the file is of.',
    v.string(),
  ),
  answers: optional(
    'Settings that the checkpoint does not contain, by name. `flowscope info` lists what it asks for.',
    v.record(v.string(), v.union([v.string(), v.number(), v.array(v.number())])),
    {},
  ),
  data: optional(
    'What the flow was trained on: examples are shown, and training can go on. Paths are relative to this file.',
    dataSchema,
  ),
  onnx: optional('Inputs and outputs of an ONNX file.', portsSchema),
});

/** What its owner corrects of what is guessed of an ONNX file's inputs and outputs. */
export type OnnxPorts = v.InferOutput<typeof portsSchema>;
type Sidecar = v.InferOutput<typeof sidecarSchema>;

export function sidecarPath(file: string): string {
  return `${path.resolve(file)}.flowscope.json`;
}

/** With several numbers as the text that they also may be. */
const plainAnswers = (answers: Sidecar['answers']): ImportAnswers =>
  Object.fromEntries(
    Object.entries(answers).map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : value]),
  );

async function read(file: string): Promise<{ raw: unknown; content: Sidecar } | undefined> {
  const where = sidecarPath(file);
  if (!(await exists(where))) return undefined;
  const raw = parseJsonText(await readText(where, largestJson), where);
  return { raw, content: parseAs(sidecarSchema, raw, '', where) };
}

/** @throws UserError naming what is wrong in the file */
export async function readSidecar(
  file: string,
): Promise<(Omit<Sidecar, 'answers'> & { answers: ImportAnswers }) | undefined> {
  const content = (await read(file))?.content;
  return content && { ...content, answers: plainAnswers(content.answers) };
}

export function isFor(sidecar: Pick<Sidecar, 'library'>, library: string): boolean {
  return (sidecar.library ?? library) === library;
}

/** Empty where the file names no ports. @throws UserError naming what is wrong in the file */
export async function readOnnxPorts(file: string): Promise<OnnxPorts> {
  return (await read(file))?.content.onnx ?? {};
}

/**
 * Sets these and leaves everything else in the file as it is, such as data that the user wrote there.
 * @throws UserError when the file that is there cannot be read, or the new one not be written
 */
export async function writeSidecar(
  file: string,
  change: { library: string; answers: ImportAnswers } | { onnx: OnnxPorts } | { data: { source: string } },
): Promise<void> {
  // Checked first, so that a file with a slip in it is not replaced by one without what the slip is in.
  const present = (await read(file))?.raw as object | undefined;
  await writeAtomically(sidecarPath(file), `${JSON.stringify({ ...present, ...change }, undefined, 2)}\n`);
}

/** What tells one version of the file from another; empty when there is none. */
export async function sidecarStamp(file: string): Promise<string> {
  return stat(sidecarPath(file)).then(
    ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
    () => '',
  );
}
