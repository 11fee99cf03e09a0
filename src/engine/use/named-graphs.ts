/** The graphs that the product runs, by name: as they are traced, with the parameters bound where they are constants. */
import type { StoredConfig } from '../../config/schema';
import type { Bijection } from '../../flow/core/bijection';
import type { Flow } from '../../flow/built-flow';
import type { Graph } from '../../graph/ir';
import { bindUsed } from '../../graph/passes/bind-constants';
import type { StateSpec } from '../../graph/tensorflow/variables';
import { forwardGraph, inverseGraph } from '../model/flow-graphs';
import type { TensorTable } from '../training/initialize';
import { outcomeState, stepGraph, trainingVectors, validationGraph } from '../training/step-graph';

/** Whose graphs they are: a checkpoint, or a model as a preset or a config describes it, before its first step. */
export interface GraphSubject {
  /** In words, for example "the preset digits". */
  title: string;
  flow: Flow;
  preprocess?: Bijection;
  config: StoredConfig['model'];
  training: StoredConfig['training'];
  /** Parameters and running statistics: the checkpoint's, or those that training starts with. */
  tensors: TensorTable;
}

export interface NamedGraph {
  graph: Graph;
  /** What is kept between calls; absent where everything is an input, an output or a constant. */
  state?: readonly StateSpec[];
}

/** What each computes, for a list. */
export const graphFunctions = {
  forward: 'the flow’s input x to latents z, with the log-determinant',
  inverse: 'latents z to the flow’s input x, with the log-determinant',
  score: 'data to the parts of their log-likelihood',
  sample: 'latents to data',
  step: 'a training step: loss, gradients, clipping, Adam, running statistics',
  validate: 'the log-likelihood of a batch during training, parameters as state',
} as const;

export type GraphFunction = keyof typeof graphFunctions;

/**
 * @param batch examples of a training step; the other graphs take any number
 * @param kept steps whose outcomes a training step keeps in its state
 */
export function namedGraph(name: GraphFunction, subject: GraphSubject, batch: number, kept = 0): NamedGraph {
  const { flow, preprocess, training, tensors } = subject;
  const bound = (graph: Graph, outputNames?: readonly string[]): NamedGraph => {
    const outputs = graph.outputs.filter((port) => !outputNames || outputNames.includes(port.name));
    return { graph: bindUsed({ ...graph, outputs }, tensors) };
  };
  const state = (): StateSpec[] =>
    trainingVectors(flow, training).map((vector) => ({ name: vector.name, shape: [vector.size] }));
  switch (name) {
    case 'forward':
      return bound(forwardGraph(flow), ['z', 'logDet']);
    case 'inverse':
      return bound(inverseGraph(flow));
    case 'score':
      return bound(forwardGraph(flow, { preprocess }), ['prior', 'logDet', 'preprocessing']);
    case 'sample':
      return bound(inverseGraph(flow, preprocess), ['x']);
    case 'step':
      return {
        graph: stepGraph(subject, training, batch, kept),
        state: [...state(), ...(kept > 0 ? [outcomeState(flow, training, kept)] : [])],
      };
    case 'validate':
      return { graph: validationGraph(subject, training), state: state() };
  }
}
