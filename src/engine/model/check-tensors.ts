import { isDeepStrictEqual } from 'node:util';
import { sizeOf } from '../../base/shape';
import { several, UserError } from '../../base/user-error';
import type { ModelConfig } from '../../config/schema';
import type { Flow } from '../../flow/built-flow';
import { buildFlow } from '../../flow/flow';
import type { NdArray } from '../../protocol/tensors';
import { storedTensors } from './flow-graphs';

/** Types that are read as float32. */
const floats = new Set(['F64', 'F32', 'F16', 'BF16']);
/** Numbers that a config may ask for beyond twice the file's: missing tensors of a damaged file are named. */
const spare = 2 ** 20;

interface StoredShape {
  shape: number[];
  /** As the safetensors format names it. */
  dtype: string;
}

const isFloat = (found: StoredShape | NdArray): boolean =>
  'dtype' in found ? floats.has(found.dtype) : found.data instanceof Float32Array;

/**
 * The flow of a file.
 * @param layerNames of a file of another library: the name of each layer there
 * @throws UserError when the file lacks tensors of the flow that its config describes, or has them in other shapes; where the
 *   config asks for far more than the file holds, before the rest of it is built
 */
export function flowOf(
  file: string,
  config: ModelConfig,
  tensors: Readonly<Record<string, StoredShape | NdArray>>,
  layerNames?: Readonly<Record<string, string>>,
): Flow {
  const shapes = Object.values(tensors).map(({ shape }) => shape);
  const held = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const flow = buildFlow(config, {
    most: 2 * held + spare,
    refusal: (count) =>
      new UserError(
        `${file}: is damaged: its config calls for at least ${count.toLocaleString('en')} numbers, and the file holds ` +
          `${held.toLocaleString('en')} in ${several(shapes.length, 'tensor')}. Open another checkpoint.`,
      ),
  });
  checkStored(file, flow, tensors, layerNames);
  return flow;
}

function checkStored(
  file: string,
  flow: Flow,
  tensors: Readonly<Record<string, StoredShape | NdArray>>,
  layerNames?: Readonly<Record<string, string>>,
): void {
  const layers = flow.layers.map(({ name }) => name);
  const describe = (name: string): string => {
    const layer = layerNames && layers.find((candidate) => name.startsWith(`${candidate}.`));
    const nameInFile = layer === undefined ? undefined : layerNames?.[layer];
    return nameInFile === undefined ? `the tensor "${name}"` : `what "${nameInFile}" needs for "${name}"`;
  };
  const expects = layerNames ? 'the rest of the file' : 'its config';
  const advice = layerNames ? 'Save the whole state_dict() again.' : 'Open another checkpoint.';
  for (const { name, shape } of storedTensors(flow)) {
    const found = tensors[name];
    if (!found) {
      throw new UserError(
        `${file}: is damaged: it lacks ${describe(name)}, which ${expects} calls for. ${advice}`,
      );
    }
    if (!isDeepStrictEqual(found.shape, [...shape]) || !isFloat(found)) {
      throw new UserError(
        `${file}: is damaged: ${describe(name)} has the shape [${found.shape.join(', ')}]; ${expects} calls for ` +
          `[${shape.join(', ')}]. ${advice}`,
      );
    }
  }
}
