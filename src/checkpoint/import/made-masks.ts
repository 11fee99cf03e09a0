/**
 * Masks of autoregressive networks. Ours are not stored: they follow from the order of the features by the degrees of
 * the units, so the masks of a file have to be exactly those.
 */
import { shortened, UserError } from '../../base/user-error';
import type { TensorFile } from './types';

/**
 * @param masks names of the masks [outputs, inputs], from the first layer to the last; their shapes are those of the
 *   layers, which go from all features to the same number of values for each
 * @param order place of each feature, from 0
 * @param layout whether the values of a feature stand together in the output
 * @throws UserError naming the mask that is another one
 */
export async function checkMadeMasks(
  file: TensorFile,
  masks: readonly string[],
  order: readonly number[],
  layout: 'halves' | 'interleaved',
): Promise<void> {
  const dim = order.length;
  for (const [number, name] of masks.entries()) {
    const { shape, data } = await file.read(name);
    const [outputs, inputs] = [shape[0]!, shape[1]!];
    const each = outputs / dim;
    const hidden = (unit: number): number => 1 + (unit % (dim - 1));
    const from = (input: number): number => (number === 0 ? order[input]! + 1 : hidden(input));
    const feature = (output: number): number =>
      layout === 'interleaved' ? Math.floor(output / each) : output % dim;
    const to = (output: number): number =>
      number === masks.length - 1 ? order[feature(output)]! : hidden(output);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const expected = to(o) >= from(i) ? 1 : 0;
        const got = data[o * inputs + i]!;
        if (got === expected) continue;
        throw new UserError(
          `${file.file}: ${shortened(name)} has ${got} in row ${o}, column ${i}; expected ${expected}, as in a mask of ` +
            `hidden units that take turns in the number of features they see, from 1 to ${dim - 1}. Networks with ` +
            `other masks cannot be run.`,
        );
      }
    }
  }
}
