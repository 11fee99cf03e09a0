/**
 * Brings images of a graph, [N, H, W, C], into another layout, from the operators that it is for to those that need them as
 * they were. A layout is a subclass that tells how its values are shaped and reached, and a rule for each operator.
 */
import { entryOf } from '../../base/kept';
import { range } from '../../base/order';
import { firstFree, type Graph, type Node, type Value, Recorder, type TensorType, sameShape } from '../ir';

/** What becomes of a node in a layout. Without one it is kept, on images as they were. */
export interface Rule {
  /** Which inputs are images that the layout may hold. One that is there brings the node into the layout. */
  images: readonly number[];
  /** The layout is for this node: it is written in it wherever its images are. */
  starts?: boolean;
  /** Where the result is wanted in the layout, or the node starts it, its images are wanted there. */
  pulls?: boolean;
  /** Those of the same operator in the layout, where they name axes. */
  attrs?: Node['attrs'];
  /** Writes something in the place of the same operator, unless it returns false. */
  write?: () => unknown;
}

/** The rule of each operator; none where it needs its images as they were. */
export type Rules<Layout> = Readonly<Record<string, (node: Node, layout: Layout) => Rule | undefined>>;

/** The same for several operators. */
export const each = <T>(names: Iterable<string>, rule: T): Record<string, T> =>
  Object.fromEntries([...names].map((name) => [name, rule]));

export abstract class Relayout {
  readonly recorder: Recorder;
  scope = '';
  /** What stands for values of the old graph, as they were and in the layout. */
  private readonly plain: Map<number, number>;
  private readonly relaid = new Map<number, number>();
  private readonly scopes = new Map<number, string>();

  constructor(protected readonly graph: Graph) {
    this.recorder = new Recorder(graph.dynamicBatch, firstFree(graph));
    for (const [id, value] of graph.values) this.recorder.values.set(id, value);
    for (const [id, data] of graph.constants) this.recorder.constants.set(id, data);
    const sources = [...graph.inputs.map(({ value }) => value), ...graph.constants.keys()];
    this.plain = new Map(sources.map((id) => [id, id]));
  }

  /** The shape in the layout of an image [N, H, W, C]. */
  abstract shapeOf(image: readonly number[]): number[];
  /** Writes an old value, which is there as it was, in the layout. */
  protected abstract enter(old: number): number;
  /** Writes a value in the layout as it was. */
  protected abstract leave(value: number, type: TensorType): number;

  /** An input that is not an image of a node in the layout. */
  protected operand(node: Node, i: number): number {
    return this.asPlain(node.inputs[i]!);
  }

  run(layoutRules: Rules<this>): Graph {
    const { nodes, inputs, outputs, constantNames } = this.graph;
    const rules = new Map(nodes.map((node) => [node, layoutRules[node.op]?.(node, this)]));
    if (![...rules.values()].some((rule) => rule?.starts)) return this.graph;
    const pulledIds = new Set<number>();
    for (const node of nodes.toReversed()) {
      const rule = rules.get(node);
      if (rule?.pulls && (rule.starts || pulledIds.has(node.outputs[0]!)))
        for (const i of rule.images) pulledIds.add(node.inputs[i]!);
    }
    for (const node of nodes) {
      this.scope = node.scope;
      const rule = rules.get(node);
      if (
        rule?.starts ||
        (rule?.pulls && pulledIds.has(node.outputs[0]!)) ||
        rule?.images.some((i) => this.isRelaid(node.inputs[i]!))
      )
        this.write(node, rule);
      else this.keep(node);
    }
    const kept = outputs.map(({ name, value }) => ({ name, value: this.asPlain(value) }));
    return { ...this.recorder.graph(inputs, kept), ...(constantNames ? { constantNames } : {}) };
  }

  private write(node: Node, { images, attrs, write }: Rule): void {
    for (const id of node.outputs) this.scopes.set(id, node.scope);
    if (write && write() !== false) return;
    const operands = node.inputs.map((id, i) =>
      images.includes(i) ? this.asRelaid(id) : this.operand(node, i),
    );
    const types = node.outputs.map((id) => this.typeOf(id));
    const isImage = ({ shape }: Value): boolean => shape.length === 4 && node.op !== 'Conv2DBackpropFilter';
    const results = this.recorder.addNode(
      node.op,
      operands,
      attrs ?? node.attrs,
      types.map((type) => (isImage(type) ? this.relaidType(type) : type)),
      node.scope,
    );
    node.outputs.forEach((id, i) => (isImage(types[i]!) ? this.relaid : this.plain).set(id, results[i]!));
  }

  private keep(node: Node): void {
    this.recorder.nodes.push({ ...node, inputs: node.inputs.map((id) => this.asPlain(id)) });
    for (const id of node.outputs) this.plain.set(id, id);
  }

  typeOf(id: number): Value {
    return this.recorder.values.get(id)!;
  }

  relaidType({ shape, dtype }: TensorType): TensorType {
    return { shape: this.shapeOf(shape), dtype };
  }

  add(op: string, inputs: readonly number[], type: TensorType, attrs: Node['attrs'] = {}): number {
    return this.recorder.addNode(op, inputs, attrs, [type], this.scope)[0]!;
  }

  reshape(value: number, shape: readonly number[]): number {
    return this.add('Reshape', [value], { shape, dtype: this.typeOf(value).dtype });
  }

  transpose(value: number, perm: readonly number[]): number {
    const { shape, dtype } = this.typeOf(value);
    return this.add('Transpose', [value], { shape: perm.map((axis) => shape[axis]!), dtype }, { perm });
  }

  /** A filter whose first axis are its taps, with the last of them first. */
  backwards(filter: number): number {
    const type = this.typeOf(filter);
    const [taps] = type.shape as [number];
    if (taps === 1) return filter;
    const order = this.recorder.addConstant(Int32Array.from(range(taps).reverse()), [taps], 'int32');
    return this.add('GatherV2', [filter, order], type, { axis: 0 });
  }

  /** While `fn` runs, nodes belong to another scope. */
  within<T>(scope: string, fn: () => T): T {
    const outer = this.scope;
    this.scope = scope;
    const result = fn();
    this.scope = outer;
    return result;
  }

  setPlain(old: number, value: number): void {
    this.plain.set(old, value);
  }

  setRelaid(old: number, value: number): void {
    this.relaid.set(old, value);
  }

  isPlain(old: number): boolean {
    return this.plain.has(old);
  }

  isRelaid(old: number): boolean {
    return this.relaid.has(old);
  }

  /** An old value as it was. What brings it back belongs to what made it. */
  asPlain(old: number): number {
    return entryOf(this.plain, old, () =>
      this.within(this.scopes.get(old)!, () => this.leave(this.asRelaid(old), this.typeOf(old))),
    );
  }

  /** An old value in the layout. */
  asRelaid(old: number): number {
    return entryOf(this.relaid, old, () => this.enter(old));
  }
}

/** A layout in which images have the same axes in another order. */
export abstract class Permuted extends Relayout {
  private readonly back: readonly number[];

  constructor(
    graph: Graph,
    private readonly perm: readonly number[],
  ) {
    super(graph);
    this.back = [...perm.keys()].map((axis) => perm.indexOf(axis));
  }

  override shapeOf(image: readonly number[]): number[] {
    return this.perm.map((axis) => image[axis]!);
  }

  protected override enter(old: number): number {
    return this.transpose(this.asPlain(old), this.perm);
  }

  protected override leave(value: number): number {
    return this.transpose(value, this.back);
  }
}

/** Which inputs of a node are images shaped as its result. */
export function imagesOf({ inputs, outputs }: Node, { values }: Graph): number[] {
  const { shape } = values.get(outputs[0]!)!;
  return shape.length === 4
    ? [...inputs.keys()].filter((i) => sameShape(values.get(inputs[i]!)!.shape, shape))
    : [];
}

/** Whether a node sums over all but channels, to a vector. */
export const sumsChannels = ({ op, attrs }: Node): boolean =>
  op === 'Sum' && String(attrs['axis']) === '0,1,2' && !attrs['keepDims'];
