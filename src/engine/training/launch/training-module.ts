/** What the engine's training step computes before its gradients, printed as a PyTorch module. */
import * as tf from '@tensorflow/tfjs-core';
import { drawSamples, logLikelihood } from '../../../flow/flow';
import { isMatched, velocityErrors } from '../../../flow/matching';
import { printTorch, type PrintedTorch } from '../../../graph/torch/file';
import { anyBatch, type InputSpec, type TensorMap } from '../../../graph/trace/trace';
import { drawnGraph } from '../against';
import type { FlowParts } from '../../model/flow-graphs';
import { moduleTensors, perExample, tracedFunction } from '../../model/torch-functions';

export interface TrainingModule extends Pick<PrintedTorch, 'constants'> {
  text: string;
  /** Running statistics that `training_pass` gives the new values of, in its order. */
  updates: readonly string[];
}

/**
 * `training_pass` and `evaluate` take examples in data units, dequantized, and give the parts of their ln p in nats, [N]
 * each: prior, log_det, preprocessing; the first normalizes by the batch and gives the new running statistics as well.
 * `draw` makes data of noise of the base. The training pass of flow matching takes lines as well (`velocityErrors`), and gives the mean
 * squared error of each example's velocity. `weighed`, of a training on a target, draws as `draw` does, with ln q of each.
 *
 * @throws UserError for kernels without a PyTorch form
 */
export function trainingModule(parts: FlowParts, reverse = false): TrainingModule {
  const { flow, preprocess } = parts;
  const x: InputSpec = { name: 'x', shape: [anyBatch, ...flow.inputShape] };
  const noise: InputSpec = { name: 'noise', shape: [anyBatch, ...flow.base.noiseShape] };
  const updates: string[] = [];
  const likelihood = (ctx: Parameters<typeof logLikelihood>[2], inputs: TensorMap): TensorMap => {
    const { prior, logDet, preprocessing } = logLikelihood(flow, preprocess, ctx, inputs.x!);
    return {
      prior: perExample(prior, inputs.x!),
      log_det: perExample(logDet, inputs.x!),
      preprocessing: perExample(preprocessing, inputs.x!),
    };
  };
  const share: InputSpec = { name: 'share', shape: [anyBatch, 1] };
  const lines = isMatched(flow) ? [x, noise, share] : [x];
  const functions = [
    tracedFunction(parts, { name: 'evaluate', direction: 'forward' }, [x], likelihood),
    tracedFunction(parts, { name: 'draw', direction: 'inverse' }, [noise], (ctx, inputs) => ({
      x: drawSamples(flow, preprocess, ctx, inputs.noise!),
    })),
    ...(reverse
      ? [
          tracedFunction(parts, { name: 'weighed', direction: 'inverse' }, [noise], (ctx, inputs) => {
            const { x, logQ } = drawnGraph(parts, ctx, inputs.noise!);
            return { x, log_q: logQ };
          }),
        ]
      : []),
    tracedFunction(parts, { name: 'training_pass', direction: 'training_pass' }, lines, (ctx, inputs) => {
      const results = isMatched(flow)
        ? { error: tf.mean(velocityErrors(flow, preprocess, ctx, inputs), 1) }
        : likelihood(ctx, inputs);
      updates.push(...Object.keys(ctx.updates));
      const statistics = updates.map((name, i) => [`statistic_${i}`, ctx.updates[name]!]);
      return { ...results, ...(Object.fromEntries(statistics) as TensorMap) };
    }),
  ];
  const printed = printTorch({
    functions,
    tensors: moduleTensors(flow),
    about: ['The flow of this run as it is trained, written by Flowscope for `python -m flowscope.train`.'],
    methods: [],
  });
  // Its weights change, so that it knows none by their checksum.
  return { text: printed.text(), constants: printed.constants, updates };
}
