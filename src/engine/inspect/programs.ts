/** A flow of ours as views see it: its programs are traced and compiled. */
import type { FlowModel } from '../model/flow-model';
import type { InspectedFlow } from '../model/inspected-flow';
import { healthGraph, normStatisticsGraph, readHealth } from './findings/health-graph';
import {
  activityGraph,
  featureGraph,
  innerNames,
  inputsGraph,
  jacobianGraph,
  knotsGraph,
} from './inner-graphs';
import { passGraph, readPass } from './pass-graph';
import { beforeGraph, bijections, densityGraph, pointsGraph, restGraph } from './plane-graphs';
import { readWayError, wayErrorGraph, wayGraph } from './way-graph';

export function inspectedModel(model: FlowModel): InspectedFlow {
  const maps = bijections(model);
  const { layers } = model;
  return {
    ...model,
    ...(model.header.standardize ? { deviations: model.header.standardize.std } : {}),
    trainingBatch: model.header.config.training.batch,
    programs: {
      async pass(mode) {
        const program = await model.program(
          `pass/${mode.kind}${mode.kind === 'eval' && mode.roundTrips ? '/roundTrips' : ''}`,
          () => passGraph(model, mode),
          mode.kind === 'train' ? { batch: mode.batch, bulk: true } : { bulk: mode.roundTrips },
        );
        return async (x, weight) => {
          const count = x.shape[0]!;
          const out = await program.run({ x, weight: { shape: [count], data: weight } });
          return readPass(layers, out, count);
        };
      },
      way: () => model.program('way', () => wayGraph(model)),
      async wayError() {
        const program = await model.program('wayError', () => wayErrorGraph(model), { bulk: true });
        return async (x) => readWayError(layers, await program.run({ x }));
      },
      async health() {
        const program = await model.program('health', () => healthGraph(model), { bulk: true });
        return async (x) => readHealth(layers, await program.run({ x }));
      },
      normStatistics: (batch) =>
        model.program('normStatistics', () => normStatisticsGraph(model, batch), { batch, bulk: true }),
      points: () => model.program('points', () => pointsGraph(model)),
      density: () => model.program('density', () => densityGraph(model)),
      ...(maps
        ? {
            rest: (stage) => model.program(`rest/${stage}`, () => restGraph(model, maps, stage)),
            before: (stage) => model.program(`before/${stage}`, () => beforeGraph(model, maps, stage)),
          }
        : {}),
    },
    // Each holds the weights of a layer or more, so that they are dropped as those of single batch sizes are.
    inner: {
      names: (layer) => innerNames(layers[layer]!),
      features: (layer) =>
        model.program(`features/${layer}`, () => featureGraph(layers[layer]!), { batch: 1 }),
      activity: (layer, mode) =>
        model.program(`activity/${layer}/${mode.kind}`, () => activityGraph(model, layers[layer]!, mode), {
          batch: mode.kind === 'train' ? mode.batch : 0,
        }),
      inputs: (layer) =>
        model.program(`inputs/${layer}`, () => inputsGraph(model, layers[layer]!), { batch: 0 }),
      knots: (layer) => model.program(`knots/${layer}`, () => knotsGraph(layers[layer]!), { batch: 0 }),
      jacobian: (layer, rows) =>
        model.program(`jacobian/${layer}`, () => jacobianGraph(layers[layer]!, rows), { batch: rows }),
    },
  };
}
