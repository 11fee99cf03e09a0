/** Parameters that are set by the first batch before training: those of act norms (Kingma and Dhariwal 2018). */
import type { Bijection } from '../../flow/bijection';
import type { Flow } from '../../flow/layers';
import { logLikelihood } from '../../flow/real-nvp';
import { bindUsed } from '../../graph/passes/bind-constants';
import { trace, type TensorMap } from '../../graph/trace';
import type { NdArray } from '../../protocol/tensors';
import type { Backend } from '../backends/backend';
import { graphContext, storedTensors } from '../model/flow-graphs';
import type { TensorTable } from './initialize';

/** Act norms see what those before them make of the batch once they are set, so one pass sets all. */
function firstBatchGraph(flow: Flow, preprocess: Bijection | undefined, batch: number) {
  return trace(
    (inputs) => {
      const results: TensorMap = {};
      const ctx = {
        ...graphContext(inputs, { training: true }),
        initialize: (name: string, value: TensorMap[string]) => void (results[name] = value),
      };
      logLikelihood(flow, preprocess, ctx, inputs.x!);
      return results;
    },
    [...storedTensors(flow), { name: 'x', shape: [batch, ...flow.inputShape] }],
  );
}

/**
 * @param tensors drawn initial values @param x in data units, dequantized
 * @returns the same with what the batch says; unchanged for flows without act norms
 */
export async function setByFirstBatch(
  { flow, preprocess, backend }: { flow: Flow; preprocess: Bijection | undefined; backend: Backend },
  tensors: TensorTable,
  x: () => Promise<NdArray<Float32Array>>,
): Promise<TensorTable> {
  if (!flow.layers.some(({ kind }) => kind === 'actNorm')) return tensors;
  const batch = await x();
  const graph = firstBatchGraph(flow, preprocess, batch.shape[0]!);
  const program = await backend.compile(bindUsed(graph, tensors), { optimize: true });
  try {
    return { ...tensors, ...((await program.run({ x: batch })) as TensorTable) };
  } finally {
    await program.dispose();
  }
}
