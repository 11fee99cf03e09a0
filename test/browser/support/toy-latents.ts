/** The toy flow's answers about latents that are changed by hand, and about the nearest training examples. */
import type { ExampleRef, UneditedRef } from '../../../src/protocol/inspect';
import type { EditedQuery, EditedView, LatentsView } from '../../../src/protocol/latents';
import type { NearestExamples, NearestQuery } from '../../../src/protocol/nearest';
import type { ToyFlow, Values } from './toy-flow';

/** Where each latent stands in the picture: squeezes and factor-outs carried through with the places. */
function latentPlaces(flow: ToyFlow): number[] {
  let places = Array.from({ length: flow.shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
  const left: number[] = [];
  for (const { info } of flow.layers) {
    const channels = info.inputShape.at(-1)!;
    if (info.kind === 'squeeze') {
      const [, width = 0] = info.inputShape;
      places = places.map((_, i) => {
        const [row, column, k] = [Math.floor(i / (2 * width)), Math.floor(i / 4) % (width / 2), i % 4];
        return places[(2 * row + (k >> 1)) * width + 2 * column + (k & 1)]!;
      });
    } else if (info.kind === 'factorOut') {
      left.push(...places.filter((_, i) => i % channels >= channels / 2));
      places = places.filter((_, i) => i % channels < channels / 2);
    }
  }
  return [...places, ...left];
}

export function toyLatents(flow: ToyFlow, { example }: { example: UneditedRef }): LatentsView {
  const z = flow.latentOf(example);
  const kept = flow.layers.at(-1)!.info.outputShape.reduce((a, b) => a * b, 1);
  return {
    shape: flow.shape,
    z: Float32Array.from(z),
    scales: Int32Array.from(z, (_, i) => (i < kept && kept < z.length ? 1 : 0)),
    places: Int32Array.from(latentPlaces(flow)),
  };
}

export function toyEdited(flow: ToyFlow, { example, edits }: EditedQuery): EditedView {
  const x = flow.example({ kind: 'edited', example, edits });
  const { nats, bitsPerDim } = flow.nll(x);
  return {
    values: { shape: flow.shape, data: Float32Array.from(x) },
    nats,
    ...(bitsPerDim === undefined ? {} : { bitsPerDim }),
  };
}

/** How many the toy looks at at most. */
export const toyLimit = 280;

export function toyNearest(flow: ToyFlow, query: NearestQuery): NearestExamples {
  const looked = Math.min(toyLimit, query.most);
  const point = (ref: ExampleRef): Values =>
    query.space === 'latent'
      ? flow.forward(flow.example(ref)).latent
      : flow.example(ref).map((value) => (flow.summary.levels ? Math.floor(value) / 16 : value));
  const all = Array.from({ length: looked }, (_, index) => point({ kind: 'data', split: 'train', index }));
  const ranked = (from: Values, without?: number) =>
    all
      .map((row, index) => ({ index, distance: Math.hypot(...row.map((value, k) => value - from[k]!)) }))
      .filter(({ index }) => index !== without)
      .sort((a, b) => a.distance - b.distance || a.index - b.index);
  const { example } = query;
  const self = example.kind === 'data' && example.split === 'train' ? example.index : undefined;
  const found = ranked(point(example), self).slice(0, query.count);
  const usual = Array.from(
    { length: 8 },
    (_, index) => ranked(point({ kind: 'data', split: 'validation', index }))[0]!.distance,
  );
  const costs = found.map(({ index }) => flow.nll(flow.data('train', index)));
  return {
    example: { shape: flow.shape, data: Float32Array.from(flow.example(example)) },
    indices: Int32Array.from(found, ({ index }) => index),
    distances: Float32Array.from(found, ({ distance }) => distance),
    values: {
      shape: [found.length, ...flow.shape],
      data: Float32Array.from(found.flatMap(({ index }) => [...flow.data('train', index)])),
    },
    nats: Float32Array.from(costs, ({ nats }) => nats),
    ...(flow.summary.levels ? { bitsPerDim: Float32Array.from(costs, (c) => c.bitsPerDim!) } : {}),
    looked,
    limit: toyLimit,
    total: flow.trainCount,
    usual: Float32Array.from(usual).sort(),
  };
}
