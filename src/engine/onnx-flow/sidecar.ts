/** FILE.flowscope.json beside an ONNX file: where its owner corrects what is guessed of inputs and outputs. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { UserError } from '../../config/user-error';
import { readError } from '../../files/read';

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
  /** Images: what lies between pixels and x; by default the logit. */
  preprocessing: v.optional(v.picklist(['logit', 'none'])),
  /** With the logit: x is the logit of p = ½ + dataRange·(v/levels − ½) of pixels v with noise in [0, levels). */
  levels: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(65536))),
  dataRange: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
});

/** Other keys of the file belong to others. */
const sidecarSchema = v.object({ onnx: v.optional(portsSchema) });

export type OnnxPorts = v.InferOutput<typeof portsSchema>;

export function sidecarPath(file: string): string {
  return `${file}.flowscope.json`;
}

/** Nothing where there is no such file. @throws UserError when it is there and cannot be understood */
export async function readOnnxSidecar(file: string): Promise<OnnxPorts> {
  const sidecar = sidecarPath(file);
  let text: string;
  try {
    text = await readFile(sidecar, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw readError(sidecar, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${sidecar}: is not JSON (${(error as Error).message}). Correct it or remove the file.`,
    );
  }
  const result = v.safeParse(sidecarSchema, value);
  if (result.success) return result.output.onnx ?? {};
  const [issue] = result.issues;
  const where = issue.path?.map(({ key }) => String(key)).join('.') ?? '';
  throw new UserError(
    `${sidecar}: ${where ? `"${where}": ` : ''}${issue.message}. Correct it or remove the file.`,
  );
}
