/** The two directions of a flow, as ONNX files next to each other. */
import { isFile } from '../../base/exists';
import path from 'node:path';
import { readOnnxPorts, sidecarPath } from '../../checkpoint/sidecar';
import { ignoreUserError, shortened, UserError } from '../../base/user-error';
import { readMetadata } from '../onnx-file/metadata';
import { readOnnx } from '../onnx-file/read';
import { sizeOf } from '../../base/shape';
import { isInside } from './load-model';
import { identifyPorts, type Direction } from './ports';

export type FlowFile = Awaited<ReturnType<typeof readFlowFile>>;

export type FilePair = Awaited<ReturnType<typeof findPair>>;

/** @throws UserError for a file that is not an ONNX model, or whose inputs and outputs cannot be identified */
export async function readFlowFile(file: string) {
  const { summary } = await readOnnx(file);
  /** What its owner says in the sidecar. */
  const sidecar = await readOnnxPorts(file);
  const metadata = readMetadata(file, summary.metadata);
  const ports = identifyPorts(file, summary, sidecar, metadata);
  return { file, ports, sidecar, metadata };
}

/**
 * The file and its counterpart, where there is one of the same size that runs the other way.
 * @throws UserError as `readFlowFile`, and for a counterpart that the sidecar names and that is not there
 */
export async function findPair(file: string) {
  /** What was asked for. */
  const opened = await readFlowFile(file);
  const { direction } = opened.ports;
  const other: Direction = direction === 'forward' ? 'inverse' : 'forward';
  const counterpart = await findCounterpart(opened, other);
  return { opened, [direction]: opened, ...(counterpart ? { [other]: counterpart } : {}) };
}

async function findCounterpart(opened: FlowFile, other: Direction): Promise<FlowFile | undefined> {
  const named = opened.sidecar[other];
  if (named === null) return undefined;
  const folder = path.dirname(opened.file);
  if (named !== undefined) {
    const file = path.resolve(folder, named);
    if (!isInside(folder, file)) {
      throw new UserError(
        `${sidecarPath(opened.file)}: names ${JSON.stringify(shortened(named))} as the ${other}, which is no place beside it or in a ` +
          'folder below. Put both files together.',
      );
    }
    const found = await readFlowFile(file);
    if (fits(opened, found)) return found;
    throw new UserError(
      `${found.file}: is named as the ${other} of ${path.basename(opened.file)}, but runs the same way or has another size. ` +
        'Correct the .flowscope.json file.',
    );
  }
  for (const name of counterparts(path.basename(opened.file), other)) {
    const candidate = path.join(folder, name);
    if (!(await isFile(candidate))) continue;
    // A file that cannot be read is not a counterpart; opening it reports the reason.
    const found = await readFlowFile(candidate).catch(ignoreUserError);
    if (found && fits(opened, found)) return found;
  }
  return undefined;
}

function fits(opened: FlowFile, found: FlowFile): boolean {
  return (
    found.ports.direction !== opened.ports.direction &&
    sizeOf(found.ports.shape) === sizeOf(opened.ports.shape) &&
    (found.metadata === undefined) === (opened.metadata === undefined)
  );
}

const words: Record<Direction, readonly string[]> = {
  forward: ['forward', 'fwd', 'encoder', 'encode', 'x2z', 'x_to_z'],
  inverse: ['inverse', 'inv', 'decoder', 'decode', 'z2x', 'z_to_x'],
};

/** Names that the file of the other direction would have, likeliest first. */
export function counterparts(name: string, other: Direction): string[] {
  const from = words[other === 'forward' ? 'inverse' : 'forward'];
  const names = from.flatMap((word, i) => {
    const found = new RegExp(`(^|[^a-z])${word}(?=[^a-z]|$)`, 'i').exec(name);
    if (!found) return [];
    const start = found.index + found[1]!.length;
    const replaced = (text: string): string => name.slice(0, start) + text + name.slice(start + word.length);
    // Files of some exporters lack what comes between the word and the suffix, so it can go.
    return [replaced(words[other][i]!), `${name.slice(0, start)}${words[other][i]!}.onnx`];
  });
  const sample = /(^|[^a-z])sample(?=[^a-z]|$)/i;
  if (other === 'forward' && sample.test(name)) names.push(name.replace(sample, '$1forward'));
  return [...new Set(names)].filter((candidate) => candidate !== name);
}
