import type { Value } from '../../ir';
import { BlockedGraph } from '../blocked/builder';

/** Rows in the place of images and back. */
const perm = [2, 1, 0, 3, 4];
const exchanged = (shape: readonly number[]): number[] => perm.map((axis) => shape[axis]!);

/**
 * A graph on its way into blocks of channels row by row: [H, C/b, N, W, b], as if the rows of the same height of all images
 * were an image. All numbers of a row lie together, so that one matrix can combine rows, and a convolution along them uses
 * its filter for many.
 */
export class RowsGraph extends BlockedGraph {
  override blockedShape(shape: readonly number[]): number[] {
    return exchanged(super.blockedShape(shape));
  }

  protected override toPlain(value: number, type: Value): number {
    return super.toPlain(this.exchange(value), type);
  }

  protected override toBlocks(id: number): number {
    return this.exchange(super.toBlocks(id));
  }

  private exchange(value: number): number {
    const { shape, dtype } = this.typeOf(value);
    return this.add('Transpose', [value], { shape: exchanged(shape), dtype }, { perm });
  }
}
