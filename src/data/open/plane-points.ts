/** Points of data of two features, to draw on. */
import { requestedData } from '../../config/build';
import { UserError } from '../../base/user-error';
import type { NdArray } from '../../protocol/tensors';
import { indexRange } from '../dataset';
import { openSource } from './open';

/**
 * The first `count` examples, or as many as there are: [n, 2].
 * @param source a built-in name or a path, relative to `baseFolder`
 * @throws UserError when the data cannot be read or have not two features
 */
export async function planePoints(
  source: string,
  count: number,
  baseFolder: string,
  signal?: AbortSignal,
): Promise<NdArray<Float32Array>> {
  const open = await openSource(requestedData({ data: source }), baseFolder, signal ? { signal } : {});
  try {
    const { opened } = open;
    if (opened.kind !== 'vector' || opened.shape.join() !== '2') {
      throw new UserError(
        `${source} has examples of shape ${opened.shape.join('×')}; expected two features.`,
      );
    }
    const n = Math.min(count, opened.all.count);
    return { shape: [n, 2], data: Float32Array.from(await opened.all.read(indexRange(0, n))) };
  } finally {
    await open.close();
  }
}
