/**
 * The file beside a checkpoint or an ONNX file, FILE.flowscope.json, which remembers what the file itself does not say.
 * People may write it by hand and commit it.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { dataSchema } from '../config/data-section';
import { parseJsonText } from '../config/json-text';
import { parseAs } from '../config/parse';
import { writeAtomically } from '../files/atomic';
import { largestJson } from '../config/run-status';
import { exists } from '../base/exists';
import { readText } from '../files/read';
import type { ImportAnswers } from '../protocol/import';

const contextNumbers = v.array(v.pipe(v.number(), v.finite()));

const portsSchema = v.strictObject({
  /** Which way the file runs: forward from data to latents, inverse back. */
  direction: v.optional(v.picklist(['forward', 'inverse'])),
  /** Name of the input that the flow starts from: x in forward direction, z in inverse. */
  input: v.optional(v.string()),
  /** Name of the output that the flow ends in: z in forward direction, x in inverse. */
  output: v.optional(v.string()),
  /** The latent, whichever of the two it is. */
  latent: v.optional(v.string()),
  /** Name of the output with the log-determinant of each example; null when there is none. */
  logDet: v.optional(v.nullable(v.string())),
  /** File of the other direction, beside this one; null when there is none. */
  forward: v.optional(v.nullable(v.string())),
  inverse: v.optional(v.nullable(v.string())),
  /** Order of the axes of images. */
  layout: v.optional(v.picklist(['nchw', 'nhwc'])),
  /** Without the batch axis, as the file has it, where the file leaves sizes open. */
  shape: v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(1)))),
  /** Examples that the graph takes at once, where it does not say that it takes one number only. */
  batch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65536))),
  /** Images: what lies between pixels and x; by default the logit. */
  preprocessing: v.optional(v.picklist(['logit', 'none'])),
  /** With the logit: x is the logit of p = ½ + dataRange·(v/levels − ½) of pixels v with noise in [0, levels). */
  levels: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536))),
  dataRange: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
  /** Conditional flows: what each number of the context is called, is about, and how far it spreads. */
  context: v.optional(
    v.strictObject({
      names: v.optional(v.array(v.string())),
      mean: v.optional(contextNumbers),
      std: v.optional(v.array(v.pipe(v.number(), v.finite(), v.gtValue(0)))),
    }),
  ),
});

const sidecarSchema = v.strictObject({
  $schema: v.optional(v.string()),
  /** Whose file it was when the answers were given. Without it, of whatever library the file is: people leave it out. */
  library: v.optional(v.string()),
  answers: v.optional(v.record(v.string(), v.union([v.string(), v.number()])), {}),
  /** What the flow was trained on: shows examples, and training goes on with it. Paths are relative to this file. */
  data: v.optional(dataSchema),
  /** Of an ONNX file. */
  onnx: v.optional(portsSchema),
});

/** What its owner corrects of what is guessed of an ONNX file's inputs and outputs. */
export type OnnxPorts = v.InferOutput<typeof portsSchema>;
type Sidecar = v.InferOutput<typeof sidecarSchema>;

export function sidecarPath(file: string): string {
  return `${path.resolve(file)}.flowscope.json`;
}

async function read(file: string): Promise<{ raw: unknown; content: Sidecar } | undefined> {
  const where = sidecarPath(file);
  if (!(await exists(where))) return undefined;
  const raw = parseJsonText(await readText(where, largestJson), where);
  return { raw, content: parseAs(sidecarSchema, raw, '', where) };
}

/** @throws UserError naming what is wrong in the file */
export async function readSidecar(file: string): Promise<Sidecar | undefined> {
  return (await read(file))?.content;
}

export function isFor(sidecar: Sidecar, library: string): boolean {
  return (sidecar.library ?? library) === library;
}

/** Nothing where nobody said anything. @throws UserError naming what is wrong in the file */
export async function readOnnxPorts(file: string): Promise<OnnxPorts> {
  return (await read(file))?.content.onnx ?? {};
}

/**
 * Sets these and leaves everything else in the file as it is, such as data that somebody wrote there.
 * @throws UserError when the file that is there cannot be read, or the new one not be written
 */
export async function writeSidecar(
  file: string,
  change: { library: string; answers: ImportAnswers } | { onnx: OnnxPorts },
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
