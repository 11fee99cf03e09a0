/** The toy flow's answers to the questions about single points, stages and cells of the plane. */
import {
  stageBounds,
  type PlaneCells,
  type PlaneCellsQuery,
  type PlaneDensity,
  type PlaneDensityQuery,
  type PlanePath,
  type PlanePathQuery,
} from '../../../src/protocol/plane';
import type { ToyFlow } from './toy-flow';

type Point = Float64Array<ArrayBuffer>;

/** x of a point after so many layers: its latent by the rest of the flow, and all the way back. */
function toData(flow: ToyFlow, point: Point, stage: number): Point {
  return stage === 0 ? point : flow.back(point, stage);
}

export function toyPointPath(flow: ToyFlow, { start }: PlanePathQuery): PlanePath {
  const x =
    start.kind === 'example'
      ? flow.example(start.example)
      : toData(flow, Float64Array.from(start.point), start.stage);
  const { passes, latent } = flow.forward(x);
  const prior = -latent.reduce((sum, z) => sum + 0.5 * z * z + 0.5 * Math.log(2 * Math.PI), 0);
  const logDets = Float32Array.from(passes, (pass) => pass.coupling + pass.norm);
  return {
    points: {
      shape: [passes.length + 1, 2],
      data: Float32Array.from([...x, ...passes.flatMap((pass) => [...pass.y])]),
    },
    logDets,
    prior,
    logDensity: logDets.reduce((a, b) => a + b, prior),
  };
}

function boundsOf(flow: ToyFlow, stage: number) {
  const points = Array.from({ length: 120 }, (_, i) => {
    const x = flow.data('validation', i);
    return stage === 0 ? x : flow.forward(x).passes[stage - 1]!.y;
  });
  return stageBounds(
    { shape: [120, 2], data: Float32Array.from(points.flatMap((p) => [...p])) },
    stage,
    flow.layers.length,
  );
}

export function toyDensity(flow: ToyFlow, { stage, pixels }: PlaneDensityQuery): PlaneDensity {
  const bounds = boundsOf(flow, stage);
  const cell = (bounds.x[1] - bounds.x[0]) / pixels;
  const data = Float32Array.from({ length: pixels ** 2 }, (_, i) => {
    const h = Float64Array.of(
      bounds.x[0] + cell * ((i % pixels) + 0.5),
      bounds.y[1] - cell * (Math.floor(i / pixels) + 0.5),
    );
    const x = toData(flow, h, stage);
    const before = flow
      .forward(x)
      .passes.slice(0, stage)
      .reduce((sum, pass) => sum + pass.coupling + pass.norm, 0);
    return Math.exp(-flow.nll(x).nats - before);
  });
  return { stage, density: { shape: [pixels, pixels], data }, bounds };
}

/** The first cell of the grid in four, whatever it looks like. */
export function toyCells(flow: ToyFlow, { stage, grid }: PlaneCellsQuery): PlaneCells {
  const last = flow.layers.length;
  const none = stage === last;
  const side = 6 / (grid - 1) / 2;
  const at = (i: number, j: number): number[] => {
    const states = flow.inverse(Float64Array.of(-3 + j * side, -3 + i * side));
    return [...states[last - stage]!];
  };
  const corners = none
    ? []
    : [
        [0, 0],
        [0, 1],
        [1, 1],
        [1, 0],
      ].flatMap(([i, j]) => [...at(i!, j!), ...at(i!, j! + 1), ...at(i! + 1, j! + 1), ...at(i! + 1, j!)]);
  return {
    stage,
    replaced: none ? new Int32Array() : Int32Array.of(0),
    corners: { shape: [corners.length / 8, 8], data: Float32Array.from(corners) },
    logAreas: new Float32Array(corners.length / 8).fill(2.5),
    folded: 0,
  };
}
