/** A flow of ours as views see it: its programs are traced and compiled. */
import type { FlowModel } from '../model/flow-model';
import type { InspectedFlow } from '../model/inspected-flow';
import { healthGraph, normStatisticsGraph } from './findings/health-graph';
import { passGraph } from './pass-graph';
import { beforeGraph, bijections, densityGraph, pointsGraph, restGraph } from './plane-graphs';
import { wayErrorGraph, wayGraph } from './way-graph';

export function inspectedModel(model: FlowModel): InspectedFlow {
  const maps = bijections(model);
  return {
    ...model,
    trainingBatch: model.header.config.training.batch,
    programs: {
      pass: (mode) =>
        model.program(
          `pass/${mode.kind}${mode.kind === 'eval' && mode.roundTrips ? '/roundTrips' : ''}`,
          () => passGraph(model, mode),
          mode.kind === 'train' ? { batch: mode.batch } : {},
        ),
      way: () => model.program('way', () => wayGraph(model)),
      wayError: () => model.program('wayError', () => wayErrorGraph(model)),
      health: () => model.program('health', () => healthGraph(model)),
      normStatistics: (batch) =>
        model.program('normStatistics', () => normStatisticsGraph(model, batch), { batch }),
      points: () => model.program('points', () => pointsGraph(model)),
      density: () => model.program('density', () => densityGraph(model)),
      ...(maps
        ? {
            rest: (stage) => model.program(`rest/${stage}`, () => restGraph(model, maps, stage)),
            before: (stage) => model.program(`before/${stage}`, () => beforeGraph(model, maps, stage)),
          }
        : {}),
    },
  };
}
