/** What is written while images of a graph change to rows first. */
import type { ConstantData } from '../ir';
import { RelaidGraph } from '../relaid-graph';

const perm = [1, 0, 2, 3];
/** [N, H, W, C] ↔ [H, N, W, C]. */
export const exchanged = (shape: readonly number[]): number[] => perm.map((axis) => shape[axis]!);

export class ExchangedGraph extends RelaidGraph {
  private readonly rowsFirst = new Map<number, number>();
  private readonly known = new Map<string, number>();

  reshape(value: number, shape: readonly number[]): number {
    return this.add('Reshape', [value], { shape, dtype: 'float32' });
  }

  /** The product of two matrices. */
  multiply(a: number, b: number): number {
    const shape = [this.typeOf(a).shape[0]!, this.typeOf(b).shape[1]!];
    return this.add(
      'BatchMatMul',
      [a, b],
      { shape, dtype: 'float32' },
      { transposeA: false, transposeB: false },
    );
  }

  /** A constant matrix of `columns`, which is there once. */
  matrix(name: string, columns: number, data: () => ConstantData): number {
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const values = data();
    const id = this.recorder.addConstant(values, [values.length / columns, columns], 'float32');
    this.known.set(name, id);
    return id;
  }

  setRowsFirst(old: number, value: number): void {
    this.rowsFirst.set(old, value);
  }

  isRowsFirst(old: number): boolean {
    return this.rowsFirst.has(old);
  }

  /** An old value [N, H, W, C] as [H, N, W, C]. */
  asRowsFirst(id: number): number {
    const known = this.rowsFirst.get(id);
    if (known !== undefined) return known;
    const value = this.exchange(this.asPlain(id));
    this.rowsFirst.set(id, value);
    return value;
  }

  /** An old value in the order in which it is there. */
  asItIs(id: number): number {
    return this.isPlain(id) ? this.asPlain(id) : this.asRowsFirst(id);
  }

  protected override backToPlain(id: number): number {
    return this.exchange(this.asRowsFirst(id));
  }

  private exchange(value: number): number {
    const { shape, dtype } = this.typeOf(value);
    return this.add('Transpose', [value], { shape: exchanged(shape), dtype }, { perm });
  }
}
