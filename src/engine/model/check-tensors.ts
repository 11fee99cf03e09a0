import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../base/user-error';
import type { Flow } from '../../flow/layers';
import type { NdArray } from '../../protocol/tensors';
import { storedTensors } from './flow-graphs';

/** Types that are read as float32. */
const floats = new Set(['F64', 'F32', 'F16', 'BF16']);

export interface StoredShape {
  shape: number[];
  /** As the safetensors format names it. */
  dtype: string;
}

/**
 * @param layerNames of a file of another library: the name of each layer there
 * @throws UserError when the file lacks tensors of the flow that its config describes, or has them in other shapes
 */
export function checkTensors(
  file: string,
  flow: Flow,
  tensors: Readonly<Record<string, NdArray>>,
  layerNames?: Readonly<Record<string, string>>,
): void {
  const stored = Object.entries(tensors).map(([name, { shape, data }]) => {
    const dtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'U8';
    return [name, { shape, dtype }] as const;
  });
  checkStored(file, flow, Object.fromEntries(stored), layerNames);
}

/** The same, before the tensors are read. */
export function checkStored(
  file: string,
  flow: Flow,
  tensors: Readonly<Record<string, StoredShape>>,
  layerNames?: Readonly<Record<string, string>>,
): void {
  const layers = flow.layers.map(({ name }) => name);
  const describe = (name: string): string => {
    const layer = layerNames && layers.find((candidate) => name.startsWith(`${candidate}.`));
    const theirs = layer === undefined ? undefined : layerNames?.[layer];
    return theirs === undefined ? `the tensor "${name}"` : `what "${theirs}" needs for "${name}"`;
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
    if (!isDeepStrictEqual(found.shape, [...shape]) || !floats.has(found.dtype)) {
      throw new UserError(
        `${file}: is damaged: ${describe(name)} has the shape [${found.shape.join(', ')}]; ${expects} calls for ` +
          `[${shape.join(', ')}]. ${advice}`,
      );
    }
  }
}
