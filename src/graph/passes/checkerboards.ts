import {
  convolutionAttrs,
  isPointwise,
  type Graph,
  type Node,
  type Value,
  consumersOf,
  producersOf,
  rewrite,
  type Rewriter,
} from '../ir';
import { arithmeticNames } from '../kernels/elementwise';
import { removeDeadCode, pass, type Pass, countUses, loneProducers } from './pass';
import { sizeOf } from '../../base/shape';

/** Every second row and column of an image from `row`, `column` on: [N, H, W, C] → [N, H/2, W/2, C]. */
export const selectPhase = 'SelectPhase';
/**
 * Two phases become an image again, one for its even rows and one for its odd ones: [N, H/2, W/2, C] each → [N, H, W, C],
 * each value twice along its row, since only one of the two places is read.
 */
export const joinPhases = 'JoinPhases';

type StaysWhole = (node: Node, graph: Graph) => boolean;

interface Phase {
  row: 0 | 1;
  column: 0 | 1;
}

/**
 * What a checkerboard mask leaves of a convolution's result is computed alone. Back from there to the last convolutions
 * that look at neighbors, and those included, two of four phases are computed: half of the multiplications.
 * @param staysWhole tells of convolutions 1×1 that are not worth it for their own sake
 */
export const halveCheckerboards = (staysWhole?: StaysWhole): Pass =>
  pass('checkerboards', (graph) => {
    const uses = countUses(graph);
    const producers = producersOf(graph);
    const parityOf = demands(graph);
    const halves = (id: number): boolean => !staysWhole || isWorth(id, graph, staysWhole);
    const halved = rewrite(graph, (node, rewriter, { shape, dtype }) => {
      const [output] = node.outputs as [number];
      if (node.op !== 'Conv2D') return undefined;
      if (shape[1]! % 2 || shape[2]! % 2) return undefined;
      const parity = parityOf(output);
      const source = producers.get(output)!.inputs[0]!;
      const before = producers.get(source);
      if (parity === undefined || uses.get(source) !== 1 || before?.op !== 'Relu' || !halves(source))
        return undefined;
      const phases = ([0, 1] as const).map((row) => {
        const phase: Phase = { row, column: row === parity ? 0 : 1 };
        return phaseOf(output, phase, { graph, uses, producers, rewriter, halves, known: new Map() }, true);
      });
      return [rewriter.add(joinPhases, phases, { shape, dtype })];
    });
    return removeDeadCode(halved);
  });

interface Context {
  graph: Graph;
  uses: ReadonlyMap<number, number>;
  producers: ReadonlyMap<number, Node>;
  rewriter: Rewriter;
  /** Whether a value is worth being computed in phases; others are selected from when they are whole. */
  halves(id: number): boolean;
  known: Map<number, number>;
}

/** One phase of a value, computed alone as far back as the value has no other use. */
function phaseOf(id: number, phase: Phase, context: Context, isRequested = false): number {
  const { graph, uses, producers, rewriter, halves, known } = context;
  const made = known.get(id);
  if (made !== undefined) return made;
  const { shape, dtype } = graph.values.get(id)!;
  const half = [shape[0]!, shape[1]! / 2, shape[2]! / 2, shape[3]!];
  const node = isRequested || (uses.get(id) === 1 && halves(id)) ? producers.get(id) : undefined;
  const add = (op: string, inputs: readonly number[], attrs: Node['attrs']): number => {
    const added = rewriter.add(op, inputs, { shape: half, dtype }, attrs, node?.scope ?? '');
    known.set(id, added);
    return added;
  };
  if (node?.op === 'Conv2D') {
    const convolution = stridden(node, phase, graph);
    if (convolution) {
      const { attrs, selects } = convolution;
      const [x, ...rest] = node.inputs as [number, ...number[]];
      const fixed = rest.map(rewriter.resolve);
      // The first phase of a value that is there whole needs no step of its own.
      if (selects && uses.get(x) !== 1 && !phase.row && !phase.column)
        return add('Conv2D', [rewriter.resolve(x), ...fixed], { ...attrs, strides: [2, 2] });
      const input = selects ? phaseOf(x, phase, context) : rewriter.resolve(x);
      return add('Conv2D', [input, ...fixed], attrs);
    }
  } else if (node && arithmeticNames.has(node.op)) {
    const parts = node.inputs.map((input) => {
      const inputShape = graph.values.get(input)!.shape;
      if (inputShape.join() === shape.join()) return phaseOf(input, phase, context);
      return sizeOf(inputShape) === 1 || sizeOf(inputShape) === inputShape.at(-1)
        ? rewriter.resolve(input)
        : undefined;
    });
    if (parts.every((part) => part !== undefined)) return add(node.op, parts, node.attrs);
  }
  return add(selectPhase, [rewriter.resolve(id)], { ...phase });
}

/** Whether a value comes, place by place and of nothing that is used elsewhere, from a convolution that does not stay whole. */
function isWorth(id: number, graph: Graph, staysWhole: StaysWhole): boolean {
  const node = loneProducers(graph)(id);
  if (!node) return false;
  const convolution = node.op === 'Conv2D' ? stridden(node, { row: 0, column: 0 }, graph) : undefined;
  if (convolution && !(convolution.selects && staysWhole(node, graph))) return true;
  if (!convolution && !arithmeticNames.has(node.op)) return false;
  return node.inputs.some((input) => isWorth(input, graph, staysWhole));
}

/** How a convolution of stride 1 gives one phase of its result: on all of its input, or on that phase of it. */
function stridden(node: Node, { row, column }: Phase, graph: Graph) {
  const { strides, dilations, pad } = convolutionAttrs(node);
  const [height, width] = graph.values.get(node.inputs[1]!)!.shape as [number, number];
  if (![...strides, ...dilations].every((step) => step === 1)) return undefined;
  if (isPointwise(node, [height, width])) return { attrs: node.attrs, selects: true };
  const same = [height, height, width, width].every((size, i) => size === 2 * pad[i]! + 1 && pad[i]! > 0);
  if (!same) return undefined;
  const shifted = [pad[0] - row, pad[1] - 1 + row, pad[2] - column, pad[3] - 1 + column];
  return { attrs: { ...node.attrs, strides: [2, 2], pad: shifted }, selects: false };
}

/**
 * Where a value is needed: at the pixels whose row + column is even (0) or odd (1), when everything that becomes of it is
 * multiplied by a checkerboard of zeros at the others; undefined when it is needed everywhere.
 */
function demands(graph: Graph): (id: number) => number | undefined {
  const consumers = consumersOf(graph);
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const all = (parities: (number | undefined)[]): number | undefined =>
    parities.every((parity) => parity === parities[0]) ? parities[0] : undefined;
  const parityOf = (id: number): number | undefined =>
    outputs.has(id) ? undefined : all((consumers.get(id) ?? []).map((node) => through(node, id)));
  const through = (node: Node, id: number): number | undefined => {
    const { shape } = graph.values.get(id)!;
    if (node.op === 'SplitV' && node.attrs['axis'] === 3) return all(node.outputs.map(parityOf));
    const output = node.outputs[0]!;
    const keeps = samePlaces(graph.values.get(output)!, shape);
    if (!keeps || !arithmeticNames.has(node.op)) return undefined;
    const mask = node.op === 'Multiply' ? node.inputs.find((input) => input !== id) : undefined;
    return (mask === undefined ? undefined : checkerboardParity(mask, shape, graph)) ?? parityOf(output);
  };
  return parityOf;
}

function samePlaces(value: Value, shape: readonly number[]): boolean {
  return value.shape.length === 4 && [0, 1, 2].every((axis) => value.shape[axis] === shape[axis]);
}

/** 0 or 1 where a constant is 0 at all pixels whose row + column is odd or even. */
function checkerboardParity(id: number, shape: readonly number[], graph: Graph): number | undefined {
  const data = graph.constants.get(id);
  const dims = graph.values.get(id)!.shape;
  if (!data || dims.length !== 4 || dims[0] !== 1 || dims[1] !== shape[1] || dims[2] !== shape[2])
    return undefined;
  const [, , width, channels] = dims as [number, number, number, number];
  return [0, 1].find((parity) =>
    data.every((value: number, i: number) => {
      const pixel = Math.floor(i / channels);
      return value === 0 || (Math.floor(pixel / width) + (pixel % width)) % 2 === parity;
    }),
  );
}
