/** The toy flow's answers to questions about examples from outside, their ranks, costs, neighbours and latents. */
import type { GivenExample, GivenFile } from '../../../src/protocol/given';
import type { Contribution } from '../../../src/protocol/contribution';
import type { InspectorMethod, Selection, UneditedRef } from '../../../src/protocol/inspect';
import type { EditedQuery } from '../../../src/protocol/latents';
import type { NearestQuery } from '../../../src/protocol/nearest';
import type { PickedQuery, PopulationRef, Scores, ScoresQuery } from '../../../src/protocol/population';
import type { ToyFlow } from './toy-flow';
import { toyEdited, toyLatents, toyNearest } from './toy-latents';

/** Runs in the page: the browser decodes what the engine would have decoded. */
async function given(flow: ToyFlow, { name, bytes }: GivenFile): Promise<GivenExample> {
  if (flow.summary.kind !== 'image') {
    const values = Float32Array.from(new TextDecoder().decode(bytes).trim().split(','), Number);
    return { values, source: { kind: 'numbers', count: values.length } };
  }
  if (!String.fromCharCode(...bytes.subarray(0, 4)).startsWith('\x89PNG'))
    throw new Error(`${name}: is not a PNG, JPEG or WebP picture.`);
  const [height = 0, width = 0] = flow.shape;
  const bitmap = await createImageBitmap(new Blob([bytes.slice()]));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const levels = flow.summary.levels!;
  return {
    values: Float32Array.from({ length: height * width }, (_, i) =>
      Math.floor((data[4 * i]! * levels) / 256),
    ),
    source: {
      kind: 'picture',
      width: bitmap.width,
      height: bitmap.height,
      colour: false,
      resized: bitmap.width !== width || bitmap.height !== height,
    },
  };
}

/** Of the toy's only folder; two of its pictures are damaged. */
export const toyOwn = { total: 300, planned: 100, block: 40, damaged: [6, 9] };

function memberOf(flow: ToyFlow, source: PopulationRef, index: number): Float64Array<ArrayBuffer> {
  return flow.example(
    source.kind === 'split'
      ? { kind: 'data', split: source.split, index }
      : { kind: 'file', path: source.path, index },
  );
}

function costs(flow: ToyFlow, source: PopulationRef, indices: readonly number[]): Float32Array {
  return Float32Array.from(indices, (index) => {
    const parts = flow.nll(memberOf(flow, source, index));
    return parts.bitsPerDim ?? parts.nats;
  });
}

function scores(flow: ToyFlow, { source, start }: ScoresQuery): Scores {
  const { total, planned, block, damaged } = toyOwn;
  if (source.kind === 'split') {
    const count = source.split === 'train' ? 200 : flow.validationCount;
    const indices = Array.from({ length: count }, (_, i) => i);
    return {
      total: source.split === 'train' ? flow.trainCount : count,
      planned: count,
      next: count,
      indices: Int32Array.from(indices),
      scores: costs(flow, source, indices),
      unreadable: 0,
    };
  }
  const next = Math.min(planned, start + block);
  const all = Array.from({ length: next - start }, (_, i) => (start + i) * (total / planned));
  const indices = all.filter((index) => !damaged.includes(index));
  return {
    total,
    planned,
    next,
    indices: Int32Array.from(indices),
    scores: costs(flow, source, indices),
    unreadable: all.length - indices.length,
    ...(indices.length < all.length ? { reason: 'toy: 6.png is damaged.' } : {}),
  };
}

/** By the toy's own passes: s and norms at their layer, carried back place by place. */
export function toyContribution(flow: ToyFlow, { example }: Selection): Contribution {
  const x = flow.example(example!);
  const { passes, latent } = flow.forward(x);
  const size = x.length;
  const maps = {
    prior: new Float64Array(size),
    couplings: new Float64Array(size),
    norm: new Float64Array(size),
    preprocessing: new Float64Array(size),
  };
  // Which element of x each value of a layer came from; what is factored out leaves with its places.
  let places = [...x.keys()];
  const left: number[] = [];
  for (const { layer, y, s, norm, coupling } of passes) {
    const { kind, inputShape } = layer.info;
    const channels = inputShape.at(-1)!;
    if (kind === 'logit')
      y.forEach(
        (v, i) => (maps.preprocessing[i] = -Math.log((0.9 / levels) * (2 + Math.exp(v) + Math.exp(-v)))),
      );
    else if (kind === 'standardize') maps.preprocessing.fill(-coupling / size);
    else if (kind === 'squeeze') {
      const [, width = 0] = inputShape;
      places = Array.from({ length: places.length }, (_, i) => {
        const [row, column, k] = [Math.floor(i / (2 * width)), Math.floor(i / 4) % (width / 2), i % 4];
        return places[(2 * row + (k >> 1)) * width + 2 * column + (k & 1)]!;
      });
    } else if (kind === 'factorOut') {
      left.push(...places.filter((_, i) => i % channels >= channels / 2));
      places = places.filter((_, i) => i % channels < channels / 2);
    }
    s?.forEach((value, i) => (maps.couplings[places[i]!]! -= value * (1 - layer.mask![i]!)));
    if (layer.norm) for (const place of places) maps.norm[place]! -= norm / places.length;
  }
  const order = [...places, ...left];
  latent.forEach((z, i) => (maps.prior[order[i]!] = 0.5 * z * z + 0.5 * Math.log(2 * Math.PI)));
  const { prior, couplings, norm, preprocessing } = maps;
  const array = (values: Float64Array) => ({ shape: flow.shape, data: Float32Array.from(values) });
  return {
    total: array(prior.map((value, i) => value + couplings[i]! + norm[i]! + preprocessing[i]!)),
    prior: array(prior),
    couplings: array(couplings),
    norm: array(norm),
    preprocessing: array(preprocessing),
    parts: flow.nll(x),
    spread: [],
  };
}
const levels = 17;

export function answerExamples(flow: ToyFlow, method: InspectorMethod, query: unknown): unknown {
  switch (method) {
    case 'givenExample':
      return given(flow, query as GivenFile);
    case 'contribution':
      return toyContribution(flow, query as Selection);
    case 'latents':
      return toyLatents(flow, query as { example: UneditedRef });
    case 'edited':
      return toyEdited(flow, query as EditedQuery);
    case 'nearest':
      return toyNearest(flow, query as NearestQuery);
    case 'scores':
      return scores(flow, query as ScoresQuery);
    case 'pickExamples': {
      const { source, indices } = query as PickedQuery;
      const data = indices.flatMap((index) => [...memberOf(flow, source, index)]);
      return { values: { shape: [indices.length, ...flow.shape], data: Float32Array.from(data) } };
    }
    default:
      throw new Error(`The toy flow has no answer to ${method}.`);
  }
}
