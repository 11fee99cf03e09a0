/** What is written while a graph is brought into blocks of channels, [N, C/b, H, W, b]. */
import { entryOf } from '../../../base/kept';
import { type ConstantData, type Graph, type Node, type TensorType, sameShape } from '../../ir';
import { countUses } from '../../passes/pass';
import { sizeOf } from '../../../base/shape';
import { toChannelsFirst, toChannelsLast } from '../channels-first';
import { Relayout } from '../relayout';
import { blockedConv, blockedScale, blockedSum, fromBlocks, toBlocks } from './ops';

/** What a convolution may add to its result: numbers for each channel, and a value in blocks. */
interface Added {
  bias?: number | undefined;
  sum?: number | undefined;
}

/** A convolution that is written when its result is asked for: what is added to it may be added where it is made. */
interface Waiting extends Added {
  scope: string;
  takesBias: boolean;
  write(added: Added): number;
}

export abstract class BlockedGraph extends Relayout {
  protected readonly uses: ReadonlyMap<number, number>;
  private readonly waiting = new Map<number, Waiting>();
  private readonly constants = new Map<string, number>();

  constructor(
    graph: Graph,
    readonly block: number,
  ) {
    super(graph);
    this.uses = countUses(graph);
  }

  override shapeOf(image: readonly number[]): number[] {
    return this.inBlocks(image);
  }

  private inBlocks([images, rows, columns, channels]: readonly number[]): number[] {
    return [images!, channels! / this.block, rows!, columns!, this.block];
  }

  protected override enter(old: number): number {
    const { shape, dtype } = this.typeOf(old);
    return this.add(toBlocks, [this.asChannelsFirst(old)], { shape: this.inBlocks(shape), dtype });
  }

  protected override leave(value: number, { shape, dtype }: TensorType): number {
    const first = { shape: toChannelsFirst.map((axis) => shape[axis]!), dtype };
    return this.transpose(this.add(fromBlocks, [value], first), toChannelsLast);
  }

  asChannelsFirst(old: number): number {
    return this.transpose(this.asPlain(old), toChannelsFirst);
  }

  override isRelaid(old: number): boolean {
    return super.isRelaid(old) || this.waiting.has(old);
  }

  override asRelaid(old: number): number {
    const waiting = this.waiting.get(old);
    if (waiting) this.finish(old, waiting);
    return super.asRelaid(old);
  }

  /** One number, or one for each channel, which lies in memory as in blocks; or something like an image, in blocks. */
  protected override operand({ inputs }: Node, i: number): number {
    const { shape } = this.typeOf(inputs[i]!);
    if (sizeOf(shape) !== 1 && sizeOf(shape) !== shape.at(-1)) return this.asRelaid(inputs[i]!);
    const value = this.asPlain(inputs[i]!);
    return sizeOf(shape) === 1 ? value : this.reshape(value, [shape.at(-1)! / this.block, 1, 1, this.block]);
  }

  /** Leaves a convolution's result to be written. */
  wait(old: number, takesBias: boolean, write: Waiting['write']): void {
    this.waiting.set(old, { scope: this.scope, takesBias, write });
  }

  private finish(made: number, waiting: Waiting, sum?: number, result = made): void {
    this.waiting.delete(made);
    const { scope, bias, write } = waiting;
    this.setRelaid(
      result,
      this.within(scope, () => write({ bias, sum })),
    );
  }

  /** Lets the first operand that is a convolution's, and is used nowhere else, take in the other. Returns whether there is one. */
  addToConvolution(output: number, operands: readonly number[]): boolean {
    if (operands.length !== 2) return false;
    const { shape } = this.typeOf(output);
    for (const [made, other] of [operands, operands.toReversed()] as [number, number][]) {
      const waiting = this.waiting.get(made);
      if (!waiting || made === other || this.uses.get(made) !== 1) continue;
      if (!sameShape(this.typeOf(made).shape, shape)) continue;
      const added = this.typeOf(other).shape;
      if (sameShape(added, shape) && this.isRelaid(other)) {
        this.finish(made, waiting, this.asRelaid(other), output);
        return true;
      }
      if (sameShape(added, shape.slice(3)) && waiting.takesBias) {
        this.waiting.delete(made);
        this.waiting.set(output, { ...waiting, takesBias: false, bias: this.asPlain(other) });
        return true;
      }
    }
    return false;
  }

  /** A convolution in blocks; see `blockedConv`. */
  convolve(
    inputs: readonly [x: number, filter: number],
    type: TensorType,
    attrs: Node['attrs'],
    { bias, sum }: Added = {},
  ): number {
    const added = [bias, sum].filter((id) => id !== undefined);
    const has = { bias: bias !== undefined, sum: sum !== undefined };
    return this.add(blockedConv, [...inputs, ...added], type, { ...attrs, ...has });
  }

  /** Over images and pixels of a value in blocks, for each channel. */
  sumOver(value: number, channel: TensorType): number {
    return this.add(blockedSum, [value], channel);
  }

  meanOver(value: number, channel: TensorType): number {
    return this.add(blockedSum, [value], channel, { mean: true });
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
    return entryOf(this.constants, key, () => this.recorder.addConstant(data, shape, dtype));
  }
}
