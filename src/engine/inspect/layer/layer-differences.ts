/** What two flows make of the same examples, layer by layer: the first that differs is where the bug of a reimplementation is. */
import { UserError } from '../../../base/user-error';
import { batchOf, type ExampleBatch } from '../../model/examples';
import type { InspectedFlow, LayerRecord } from '../../model/inspected-flow';
import type { LayerDifference, LayerDifferences } from '../../../protocol/layer-differences';
import { runPass } from '../pass';

/**
 * Both take the examples of the recording, of A where both are. Their layers are paired in their order, or by name where one
 * has others.
 * @throws UserError where no layers can be paired, or one was not recorded with these examples; CancelledError
 */
export async function layerDifferences(
  a: InspectedFlow,
  b: InspectedFlow,
  count: number,
  signal: AbortSignal,
): Promise<LayerDifferences> {
  if (a.flow.inputShape.join() !== b.flow.inputShape.join()) {
    throw new UserError(
      `The flows take ${a.flow.inputShape.join('×')} and ${b.flow.inputShape.join('×')}: there is nothing to compare layer by layer.`,
    );
  }
  const pairs = pairsOf(a, b);
  // A flow that runs takes any examples; a recording has its own.
  const batch = await batchOf(b.recorded && !a.recorded ? b : a, { split: 'validation', count });
  const layers = pairs.map(([first, second]): LayerDifference => ({
    a: first,
    b: second,
    output: 0,
    logDet: 0,
  }));
  for (let i = 0; i < batch.count; i++) {
    const one = exampleAt(batch, i, a.dimensions);
    const [left, right] = [
      await runPass({ model: a, signal }, one, 'eval'),
      await runPass({ model: b, signal }, one, 'eval'),
    ];
    for (const pair of layers) {
      const [recordA, recordB] = [left.layers[pair.a]!, right.layers[pair.b]!];
      pair.output = larger(pair.output, apart(recordA.output.data, recordB.output.data));
      pair.logDet = larger(pair.logDet, logDetApart(recordA, recordB));
    }
  }
  return { examples: batch.count, layers };
}

function pairsOf(a: InspectedFlow, b: InspectedFlow): [number, number][] {
  const shape = ({ layers }: InspectedFlow, i: number): string => layers[i]!.info.outputShape.join('×');
  const inOrder =
    a.layers.length === b.layers.length && a.layers.every((_, i) => shape(a, i) === shape(b, i));
  if (inOrder) return a.layers.map((_, i) => [i, i]);
  const named = a.layers.flatMap(({ info }, i): [number, number][] => {
    const j = b.layers.findIndex((other, k) => other.info.name === info.name && shape(a, i) === shape(b, k));
    return j < 0 ? [] : [[i, j]];
  });
  if (named.length > 0) return named;
  throw new UserError(
    `The flows have ${a.layers.length} and ${b.layers.length} layers, and none of the same name and shape: their layers cannot be paired.`,
  );
}

function exampleAt({ x, count, context }: ExampleBatch, index: number, size: number): ExampleBatch {
  const row = x.slice(index * size, (index + 1) * size);
  const width = context ? context.length / count : 0;
  return {
    count: 1,
    x: row,
    shown: row,
    ...(context ? { context: context.slice(index * width, (index + 1) * width) } : {}),
  };
}

const larger = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b));

function apart(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => {
    // The same NaN or infinity is not a difference.
    const same = Object.is(value, b[i]);
    return same ? most : larger(most, Math.abs(value - b[i]!) / (1 + Math.abs(value)));
  }, 0);
}

function logDetApart(a: LayerRecord, b: LayerRecord): number {
  const [sumA, sumB] = [a.logDet.layer[0]! + a.logDet.norm[0]!, b.logDet.layer[0]! + b.logDet.norm[0]!];
  return Object.is(sumA, sumB) ? 0 : Math.abs(sumA - sumB);
}
