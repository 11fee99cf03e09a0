/** One of our flows as views see it: its programs are traced and compiled. */
import type { Graph } from '../../graph/ir';
import type { Program } from '../backends/backend';
import type { FlowModel } from '../model/flow-model';
import { withContextFeed } from '../model/context';
import { runnerWithContext } from '../model/runner-with-context';
import type { InspectedFlow } from '../model/inspected-flow';
import type { ModelLayer } from '../model/layer-list';
import {
  contextGradientsGraph,
  contextReaders,
  activityGraph,
  curveGraph,
  linesGraph,
  velocityGraph,
  featureGraph,
  innerNames,
  inputsGraph,
  jacobianGraph,
  knotsGraph,
} from './conditioner/inner-graphs';
import { healthGraph, normStatisticsGraph, readHealth } from './findings/health-graph';
import { passGraph, readPass, readWayError, wayErrorGraph, wayGraph } from './pass-graph';
import { movedGraph } from './moved-graph';
import { beforeGraph, bijections, densityGraph, pointsGraph, restGraph } from './plane/graphs';
import { examplesFed } from './through-batch';

/** @param chosenContext the context that examples have which come without one */
export function inspectedModel(model: FlowModel, chosenContext?: readonly number[]): InspectedFlow {
  const maps = bijections(model);
  const { layers, context, runner, quick } = model;
  const program: FlowModel['program'] = async (...args) =>
    withContextFeed(await model.program(...args), context, chosenContext);
  const ofLayer =
    (name: string, graph: (model: FlowModel, layer: ModelLayer) => Graph, batch = 0) =>
    (layer: number): Promise<Program> =>
      program(`${name}/${layer}`, () => graph(model, layers[layer]!), { batch });
  return {
    ...model,
    ...(chosenContext ? { chosenContext, runner: runnerWithContext(runner, chosenContext) } : {}),
    ...(context ? { withContext: (chosen: readonly number[]) => inspectedModel(model, chosen) } : {}),
    ...(model.header.standardize ? { standardization: model.header.standardize } : {}),
    trainingBatch: model.header.config.training.batch,
    programs: {
      async pass(requestedMode) {
        // Where it is quick, one program with round trips costs less than two.
        const mode =
          requestedMode.kind === 'eval' && quick ? { ...requestedMode, roundTrips: true } : requestedMode;
        const compiled = await program(
          `pass/${mode.kind}${mode.kind === 'eval' && mode.roundTrips ? '/roundTrips' : ''}`,
          () => passGraph(model, mode),
          mode.kind === 'train' ? { batch: mode.batch, bulk: true } : { bulk: mode.roundTrips && !quick },
        );
        return async (x, weight) => {
          const count = x.shape[0]!;
          const out = await compiled.run({ ...examplesFed(x), weight: { shape: [count], data: weight } });
          return readPass(layers, out, count);
        };
      },
      way: () => program('way', () => wayGraph(model)),
      async wayError() {
        const compiled = await program('wayError', () => wayErrorGraph(model), { bulk: true });
        return async (x) => readWayError(layers, await compiled.run(examplesFed(x)));
      },
      async health() {
        const compiled = await program('health', () => healthGraph(model), { bulk: true });
        return async (x) => readHealth(layers, await compiled.run(examplesFed(x)));
      },
      normStatistics: (batch) =>
        program('normStatistics', () => normStatisticsGraph(model, batch), { batch, bulk: true }),
      points: () => program('points', () => pointsGraph(model)),
      density: () => program('density', () => densityGraph(model)),
      states: () => program('states', () => pointsGraph(model, 'states'), { bulk: true }),
      ...(maps && {
        rest: (stage) => program(`rest/${stage}`, () => restGraph(model, maps, stage)),
        before: (stage) => program(`before/${stage}`, () => beforeGraph(model, maps, stage)),
        moved: (which) => program('moved', () => movedGraph(model, maps, which), { bulk: true }),
      }),
    },
    // Each holds the weights of a layer or more, so they are dropped like programs of single batch sizes.
    inner: {
      names: (layer) => innerNames(model, layers[layer]!),
      features: ofLayer('features', featureGraph, 1),
      activity: (layer, mode) =>
        program(`activity/${layer}/${mode.kind}`, () => activityGraph(model, layers[layer]!, mode), {
          batch: mode.kind === 'train' ? mode.batch : 0,
        }),
      inputs: ofLayer('inputs', inputsGraph),
      knots: ofLayer('knots', knotsGraph),
      curve: (layer, places) =>
        program(`curve/${layer}/${places}`, () => curveGraph(model, layers[layer]!, places), { batch: 0 }),
      velocity: ofLayer('velocity', velocityGraph),
      lines: () => program('lines', () => linesGraph(model), { batch: 0 }),
      jacobian: (layer, rows) =>
        program(`jacobian/${layer}`, () => jacobianGraph(model, layers[layer]!, rows), { batch: rows }),
      contextReaders: () => contextReaders(model),
      contextGradients: (readers) =>
        program('contextGradients', () => contextGradientsGraph(model, readers), { batch: 0 }),
    },
  };
}
