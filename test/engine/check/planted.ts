/** Flows that are right, since each is its own target, and the same with one fault planted. */
import * as tf from '@tensorflow/tfjs-core';
import { parseRunConfig } from '../../../src/config/parse';
import { createModelData } from '../../../src/engine/model/model-data';
import { createFlowModel } from '../../../src/engine/model/flow-model';
import { modelLayers } from '../../../src/engine/model/layer-list';
import { inspectedModel } from '../../../src/engine/inspect/programs';
import { initialTensors, type TensorTable } from '../../../src/engine/training/initialize';
import { againstExamples } from '../../../src/engine/check/against-examples';
import { sample } from '../../../src/engine/use/sample';
import { layersOf } from '../../../src/engine/check/layers';
import { report } from '../../../src/engine/check/report';
import { logDensities, weigh, type Weighed } from '../../../src/engine/check/weigh';
import type { Backend } from '../../../src/engine/backends/backend';
import type { InspectedFlow } from '../../../src/engine/model/inspected-flow';
import { stream } from '../../../src/data/random';
import type { Bijection, FlowContext } from '../../../src/flow/core/bijection';
import type { Flow } from '../../../src/flow/built-flow';
import { buildFlow } from '../../../src/flow/flow';
import type { CheckReport, ExamplesReport } from '../../../src/protocol/check';

const dim = 4;
const shared = { kind: 'vector', dim, couplings: 5, hidden: [32, 32] };

/** Four kinds of flow. */
export const kinds = {
  NSF: { ...shared, transform: 'rationalQuadratic', mask: 'random' },
  MAF: { ...shared, layer: 'autoregressive', permutation: 'reverse' },
  RealNVP: { ...shared, transform: 'affine', scaleMap: 'tanh-channel' },
  conditional: { ...shared, transform: 'rationalQuadratic', context: 2 },
} as const;
export type Kind = keyof typeof kinds;

export type Fault =
  | { kind: 'none' }
  /** What the layer gives, times or plus. */
  | { kind: 'stretch' | 'shift'; layer: number; by: number }
  /** The layer's spline read with another bound; for flows of splines. */
  | { kind: 'bound'; layer: number; by: number }
  /** The layer's weights times 1 + by · normal. */
  | { kind: 'weights'; layer: number; by: number }
  /** The target has no mass beyond a quantile of the first feature. */
  | { kind: 'edge'; share: number }
  /** A part of the target, which the flow does not know, lies far away. */
  | { kind: 'mode'; share: number }
  /** The flow is given the condition times this; for conditional flows. */
  | { kind: 'condition'; by: number };

const condition = [0.7, -0.4];

/** Weights that make each layer do something, with a deviation of a few tenths. */
function weightsOf(flow: Flow, seed: number): TensorTable {
  const tensors = initialTensors(flow, seed);
  for (const [name, { data }] of Object.entries(tensors)) {
    const noise = stream(seed, 'planted', name).normal(data.length);
    const last = /\.(2|out|last)\.(weight|bias)$/.test(name) || /scale$/.test(name);
    for (let i = 0; i < data.length; i++) data[i]! += (last ? 0.12 : 0.05) * noise[i]!;
  }
  return tensors;
}

/** The flow with other maps in place of its layers. */
function withMaps(flow: Flow, maps: readonly Bijection[]): Flow {
  const fold = (list: readonly Bijection[], way: 'forward' | 'inverse', ctx: FlowContext, x: tf.Tensor) => {
    let step = { value: x, logDet: tf.scalar(0) as tf.Tensor };
    for (const map of list) {
      const next = map[way](ctx, step.value);
      step = { value: next.value, logDet: tf.add(step.logDet, next.logDet) };
    }
    return step;
  };
  return {
    ...flow,
    layers: flow.layers.map((layer, i) => ({ ...layer, bijection: maps[i]! })),
    forward: (ctx, x) => fold(maps, 'forward', ctx, x),
    inverse: (ctx, z) => fold(maps.toReversed(), 'inverse', ctx, z),
  };
}

/** y · by, or y + by, behind a map. */
function followed(
  map: Bijection,
  { kind, by }: { kind: 'stretch' | 'shift'; by: number },
  mask?: Float32Array,
): Bijection {
  const changed = Array.from({ length: dim }, (_, i) => (mask ? mask[i]! < 0.5 : true));
  const factor = changed.map((is) => (is && kind === 'stretch' ? by : 1));
  const shift = changed.map((is) => (is && kind === 'shift' ? by : 0));
  const logDet = kind === 'stretch' ? Math.log(by) * changed.filter(Boolean).length : 0;
  return {
    ...map,
    forward(ctx, x) {
      const step = map.forward(ctx, x);
      return { value: tf.add(tf.mul(step.value, factor), shift), logDet: tf.add(step.logDet, logDet) };
    },
    inverse(ctx, y) {
      const step = map.inverse(ctx, tf.div(tf.sub(y, shift), factor));
      return { value: step.value, logDet: tf.sub(step.logDet, logDet) };
    },
  };
}

export async function openPlanted(
  backend: Backend,
  kind: Kind,
  seed: number,
  fault: Fault,
  anyCondition = false,
): Promise<InspectedFlow> {
  const read = (more: object = {}) =>
    parseRunConfig({ data: { source: 'moons' }, model: { ...kinds[kind], ...more } }, 'test');
  const config = read();
  const plain = buildFlow(config.model);
  const tensors = weightsOf(plain, seed);
  const layers = plain.layers.map((layer) => layer.bijection!);
  const at = 'layer' in fault ? layerOf(plain, fault.layer) : -1;
  if (fault.kind === 'stretch' || fault.kind === 'shift')
    layers[at] = followed(layers[at]!, fault, plain.layers[at]!.mask?.data);
  if (fault.kind === 'bound')
    layers[at] = buildFlow(read({ splineBound: fault.by }).model).layers[at]!.bijection!;
  if (fault.kind === 'weights') {
    for (const { name } of layers[at]!.parameters) {
      const noise = stream(seed, 'spoiled', name).normal(tensors[name]!.data.length);
      tensors[name]!.data.forEach((value, i, all) => (all[i] = value * (1 + fault.by * noise[i]!)));
    }
  }
  const flow = withMaps(plain, layers);
  const header = { config: { ...config, version: 1 as const }, step: 1, seconds: 0 } as Parameters<
    typeof createModelData
  >[0];
  const model = createFlowModel({
    ...{ header, flow, tensors, backend, settled: false },
    layers: modelLayers(flow, undefined),
    data: createModelData(header, '.'),
  });
  const context = fault.kind === 'condition' ? condition.map((value) => value * fault.by) : condition;
  return kind === 'conditional' && !anyCondition ? inspectedModel(model, context) : inspectedModel(model);
}

/** The place of a coupling or autoregressive layer among all layers. */
export function layerOf(flow: Pick<Flow, 'layers'>, number: number): number {
  return [...flow.layers.keys()].filter(
    (i) => flow.layers[i]!.coupling !== undefined || flow.layers[i]!.kind === 'autoregressive',
  )[number]!;
}

export interface Planted {
  report: CheckReport;
  /** Index of the layer that was spoiled, −1 without. */
  layer: number;
}

/** Checks a flow with a fault against itself without it. */
export async function checkPlanted(
  backend: Backend,
  kind: Kind,
  fault: Fault,
  { seed, draws }: { seed: number; draws: number },
): Promise<Planted> {
  const right = await openPlanted(backend, kind, seed, { kind: 'none' });
  const spoiled = await openPlanted(backend, kind, seed, fault);
  const names = Array.from({ length: dim }, (_, i) => `x${i}`);
  const rowsOf = async (count: number): Promise<Float32Array> => {
    let found: Weighed | undefined;
    const same = {
      logDensity: async (_: Float32Array, n: number) => new Float64Array(n),
      end: () => undefined,
    };
    const ways = { forward: right.runner, inverse: right.runner };
    for await (const now of weigh(ways, same, { draws: count, seed: seed + 10_000 })) found = now;
    return found!.x;
  };
  const held = await rowsOf(4000);
  const firsts = Float64Array.from({ length: held.length / dim }, (_, i) => held[i * dim]!).sort();
  const edge = fault.kind === 'edge' ? firsts[Math.floor((1 - fault.share) * firsts.length)]! : Infinity;
  const far = 40;
  const logDensity = async (x: Float32Array, n: number): Promise<Float64Array> => {
    const logQ = await logDensities(right.runner, x, n, {});
    if (fault.kind === 'mode') {
      const moved = x.map((value, i) => (i % dim === 0 ? value - far : value));
      const there = await logDensities(right.runner, moved, n, {});
      return logQ.map((value, i) =>
        logSum(value + Math.log(1 - fault.share), there[i]! + Math.log(fault.share)),
      );
    }
    return logQ.map((value, i) => (x[i * dim]! > edge ? -Infinity : value));
  };
  const rows = Float32Array.from(held);
  if (fault.kind === 'mode')
    for (let i = 0; i < rows.length / dim; i++)
      if (i % Math.round(1 / fault.share) === 0) rows[i * dim]! += far;
  const kept = [...Array(rows.length / dim).keys()].filter(
    (i) => rows[i * dim]! <= edge || fault.kind === 'mode',
  );
  const x = Float32Array.from(kept.flatMap((i) => [...rows.subarray(i * dim, (i + 1) * dim)]));
  let weighed: Weighed | undefined;
  const ways = { forward: spoiled.runner, inverse: spoiled.runner };
  for await (const now of weigh(ways, { logDensity, end: () => undefined }, { draws, seed })) weighed = now;
  const found = await report(weighed!, {
    ...{ seed, names },
    rows: {
      x,
      logP: await logDensity(x, kept.length),
      logQ: await logDensities(spoiled.runner, x, kept.length, {}),
    },
    layers: layersOf(spoiled, weighed!, names),
  });
  const plain = buildFlow(parseRunConfig({ data: { source: 'moons' }, model: kinds[kind] }, 'test').model);
  return { report: found, layer: 'layer' in fault ? layerOf(plain, fault.layer) : -1 };
}

const logSum = (a: number, b: number): number => {
  const top = Math.max(a, b);
  return top === -Infinity ? top : top + Math.log(Math.exp(a - top) + Math.exp(b - top));
};

/** Whether any of the numbers is called off. */
export const isOff = ({ findings }: CheckReport): boolean =>
  findings.some(({ severity }) => severity !== 'ok');

export interface DrawnOptions {
  kind: Kind;
  fault?: Fault;
  /** What the conditions of the examples are multiplied by once they are drawn. */
  wrong?: number;
  seed: number;
  count?: number;
}

/** Holds a flow with a fault against examples that it drew without it. */
export async function againstDrawn(
  backend: Backend,
  { kind, fault = { kind: 'none' }, wrong = 1, seed, count = 3000 }: DrawnOptions,
): Promise<ExamplesReport> {
  const right = await openPlanted(backend, kind, seed, { kind: 'none' }, true);
  const flow = await openPlanted(backend, kind, seed, fault, true);
  const isConditional = kind === 'conditional';
  const context = isConditional ? stream(seed, 'conditions').normal(2 * count) : new Float32Array();
  const query = { count, seed: seed + 500, temperature: 1 };
  const { x } = await sample(right.runner, query, isConditional ? { context } : {});
  let last: ExamplesReport | undefined;
  for await (const { report: now } of againstExamples({
    ways: { forward: flow.runner, inverse: flow.runner },
    ...{ backend, seed, names: ['a', 'b', 'c', 'd'], signal: new AbortController().signal },
    examples: { count, x: x.data, context: context.map((value) => value * wrong) },
  }))
    last = now;
  return last!;
}
