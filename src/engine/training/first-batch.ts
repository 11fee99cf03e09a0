/** The first batch sets some parameters before training: the parameters of act norms (Kingma and Dhariwal 2018). */
import { logLikelihood } from '../../flow/flow';
import { bindUsed } from '../../graph/passes/bind-constants';
import { trace, type TensorMap } from '../../graph/trace/trace';
import type { Backend, Feeds } from '../backends/backend';
import { exampleInputs, graphContext, type FlowParts } from '../model/flow-graphs';
import type { TensorTable } from './initialize';

/** Act norms see what those before them make of the batch once they are set, so one pass sets all. */
function firstBatchGraph({ flow, preprocess }: FlowParts, batch: number) {
  return trace(
    (inputs) => {
      const results: TensorMap = {};
      const ctx = {
        ...graphContext({ flow, preprocess }, inputs, { training: true }),
        initialize: (name: string, value: TensorMap[string]) => void (results[name] = value),
      };
      logLikelihood(flow, preprocess, ctx, inputs.x!);
      return results;
    },
    exampleInputs(flow, 'x', batch),
  );
}

/**
 * @param tensors drawn initial values @param feeds of the first batch: `x` in data units, dequantized, and the context
 * @returns the same with what the batch says; unchanged for flows without act norms
 */
export async function setByFirstBatch(
  { backend, ...parts }: FlowParts & { backend: Backend },
  tensors: TensorTable,
  feeds: () => Promise<Feeds>,
): Promise<TensorTable> {
  if (!parts.flow.layers.some(({ kind }) => kind === 'actNorm')) return tensors;
  const batch = await feeds();
  const graph = firstBatchGraph(parts, batch.x!.shape[0]!);
  const program = await backend.compile(bindUsed(graph, tensors), { optimize: true });
  try {
    return { ...tensors, ...((await program.run(batch)) as TensorTable) };
  } finally {
    await program.dispose();
  }
}
