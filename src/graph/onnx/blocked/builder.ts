/** What is written while a graph is brought into blocks. */
import type { ConstantData, Graph, Node, Value } from '../../ir';
import type { TensorType } from '../../recorder';
import { RelaidGraph } from '../../relaid-graph';
import { sizeOf } from '../../shape';
import { toChannelsFirst, toChannelsLast } from '../layout';
import { blockedScale, blockedSum, fromBlocks, toBlocks } from './ops';

export interface WaitingSum {
  bias?: number;
  /** Writes it, with what is to be added, in blocks. */
  write(sum?: number): number;
}

export class BlockedGraph extends RelaidGraph {
  private readonly blocked = new Map<number, number>();
  private readonly waiting = new Map<number, WaitingSum>();
  private readonly vectors = new Map<string, number>();

  constructor(
    graph: Graph,
    readonly block: number,
  ) {
    super(graph);
  }

  setBlocked(old: number, value: number): void {
    this.blocked.set(old, value);
  }

  isBlocked(old: number): boolean {
    return this.blocked.has(old) || this.waiting.has(old);
  }

  /** A value in blocks that is written when it is asked for: what is added to it may be added where it is made. */
  setWaiting(old: number, value: WaitingSum): void {
    this.waiting.set(old, value);
  }

  /** The value that waits for the first thing that is done with it. */
  takeWaiting(old: number): WaitingSum | undefined {
    const value = this.waiting.get(old);
    this.waiting.delete(old);
    return value;
  }

  protected override backToPlain(id: number): number {
    return this.toPlain(this.asBlocked(id), this.typeOf(id));
  }

  protected toPlain(value: number, type: Value): number {
    const shape = toChannelsFirst.map((axis) => type.shape[axis]!);
    const first = this.add(fromBlocks, [value], { shape, dtype: type.dtype });
    return this.add('Transpose', [first], type, { perm: toChannelsLast });
  }

  asChannelsFirst(id: number): number {
    const { shape, dtype } = this.typeOf(id);
    const type = { shape: toChannelsFirst.map((axis) => shape[axis]!), dtype };
    return this.add('Transpose', [this.asPlain(id)], type, { perm: toChannelsFirst });
  }

  /** An old value [N, H, W, C] in blocks. */
  asBlocked(id: number): number {
    const waiting = this.takeWaiting(id);
    if (waiting) this.blocked.set(id, waiting.write());
    const known = this.blocked.get(id);
    if (known !== undefined) return known;
    const value = this.toBlocks(id);
    this.blocked.set(id, value);
    return value;
  }

  protected toBlocks(id: number): number {
    const { shape, dtype } = this.typeOf(id);
    const type = { shape: this.inBlocks(shape), dtype };
    return this.add(toBlocks, [this.asChannelsFirst(id)], type);
  }

  blockedShape(shape: readonly number[]): number[] {
    return this.inBlocks(shape);
  }

  private inBlocks(shape: readonly number[]): number[] {
    const [images, rows, columns, channels] = shape as [number, number, number, number];
    return [images, channels / this.block, rows, columns, this.block];
  }

  /** Over images and pixels of a value in blocks, for each channel. */
  sumOver(value: number, channel: TensorType): number {
    return this.add(blockedSum, [value], channel);
  }

  meanOver(value: number, channel: TensorType): number {
    return this.add(blockedSum, [value], channel, { mean: true });
  }

  /** One number, or one for each channel, which lies in memory as in blocks. */
  channelVector(id: number): number {
    const { shape, dtype } = this.typeOf(id);
    if (sizeOf(shape) === 1) return this.asPlain(id);
    const type = { shape: [shape.at(-1)! / this.block, 1, 1, this.block], dtype };
    return this.add('Reshape', [this.asPlain(id)], type);
  }

  /** While `fn` runs, nodes belong to another scope. */
  within<T>(scope: string, fn: () => T): T {
    const outer = this.scope;
    this.scope = scope;
    const result = fn();
    this.scope = outer;
    return result;
  }

  /** x · scale + shift [+ sum]; see `blockedScale`. */
  scale(x: number, scale: number, shift: number, sum: number[] = [], attrs: Node['attrs'] = {}): number {
    const { shape, dtype } = this.typeOf(scale);
    const filter = { shape: [...shape, 1, 1, 1], dtype };
    const constant = this.recorder.constants.get(scale);
    const uniform = constant?.every((value: number) => value === constant[0]);
    const filters = uniform ? this.vector(constant![0]!, filter) : this.add('Reshape', [scale], filter);
    return this.add(blockedScale, [x, filters, shift, ...sum], this.typeOf(x), attrs);
  }

  scaled(value: number, factor: number, type: TensorType): number {
    return this.add('Multiply', [value, this.number(factor)], type);
  }

  number(value: number): number {
    return this.constant(Float32Array.of(value), { shape: [], dtype: 'float32' });
  }

  /** Equal numbers. */
  vector(value: number, type: TensorType): number {
    return this.constant(new Float32Array(type.shape[0]!).fill(value), type);
  }

  /** A small constant; the same numbers are there once. */
  constant(data: ConstantData, { shape, dtype }: TensorType): number {
    const key = `${shape.join()}:${data.join()}`;
    const known = this.vectors.get(key);
    if (known !== undefined) return known;
    const id = this.recorder.addConstant(data, shape, dtype);
    this.vectors.set(key, id);
    return id;
  }
}
