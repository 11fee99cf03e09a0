import type { NdArray } from '../../protocol/tensors';
import { emptyData } from '../evaluate/array';
import { evaluateNode } from '../evaluate/evaluate';
import { type Graph, rewrite, isDynamic } from '../ir';
import { sizeOf } from '../../base/shape';
import { pass } from './pass';

/** Results larger than all inputs together and than this many elements stay computed, to keep models small. */
const growthLimit = 4096;

/** Evaluates every node all of whose inputs are constant, for example what depends on parameters only. */
export const foldConstants = pass('constant folding', (graph) => {
  const fills = new Map<number, number>();
  return rewrite(graph, (node, { recorder, constantNames, named }) => {
    if (node.op === 'Fill') {
      fills.set(node.outputs[0]!, node.attrs['value'] as number);
      return undefined;
    }
    const inputs: NdArray[] = [];
    for (const id of node.inputs) {
      const { shape, dtype } = recorder.values.get(id)!;
      const value = fills.get(id);
      const data =
        value !== undefined && sizeOf(shape) <= growthLimit && isStatic(shape, graph)
          ? emptyData(dtype, sizeOf(shape)).fill(value)
          : recorder.constants.get(id);
      if (!data) return undefined;
      inputs.push({ shape: [...shape], data });
    }
    const outputs = node.outputs.map((id) => graph.values.get(id)!);
    if (!outputs.every(({ shape }) => isStatic(shape, graph))) return undefined;
    const before = inputs.reduce((sum, { data }) => sum + data.length, 0);
    const after = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (after > before && after > growthLimit) return undefined;
    const name = node.inputs.map((id) => constantNames.get(id)).find((known) => known !== undefined);
    const results = evaluateNode(node, inputs, outputs);
    return results?.map(({ data, shape }, i) => {
      const id = recorder.addTensor(data, shape, outputs[i]!.dtype);
      if (recorder.constants.has(id)) return named(id, name);
      fills.set(id, data[0]!);
      return id;
    });
  });
});

function isStatic(shape: readonly number[], { dynamicBatch }: Graph): boolean {
  return !shape.some((dim) => isDynamic(dim, dynamicBatch));
}
