/**
 * A small real flow in plain arithmetic, so that what the page draws can be checked against numbers made elsewhere:
 * couplings with fixed weights, batch norm with fixed statistics, squeeze and factor-out, exact inverse and log-dets.
 */
import type { TensorWindowQuery } from '../../../src/protocol/tensor-window';
import type {
  Diagnostics,
  ExampleRef,
  InspectorMethod,
  LayerView,
  ManifoldQuery,
  MaskView,
  Morph,
  NllParts,
  PlaneQuery,
  PlaneView,
  ReconstructQuery,
  SampleQuery,
  Selection,
  SourceRef,
  Strip,
} from '../../../src/protocol/inspect';
import type { LayerInfo, LayerKind, ModelSummary } from '../../../src/protocol/model';
import type { CurvesQuery } from '../../../src/protocol/run';
import type {
  Histogram,
  NdArray,
  TensorStatistics,
  TensorStats,
  TensorView,
} from '../../../src/protocol/tensors';
import type { FindingsQuery } from '../../../src/protocol/findings';
import { answerExamples } from './toy-examples';
import { toyWindow } from './toy-large';
import { toyFindings } from './toy-findings';

import { ToyRun, toyCheckpoints, toyPath, toySteps } from './toy-run';
import { answerInside, axesOf, insideOf, toyWeights, weightValues } from './toy-inside';
import type { PlaneCellsQuery, PlaneDensityQuery, PlanePathQuery } from '../../../src/protocol/plane';
import { toyCells, toyDensity, toyPointPath } from './toy-plane';

export interface ToyOptions {
  kind: 'image' | 'plane' | 'vector';
  /** Makes this coupling's scale overflow, so that values after it are not finite. */
  overflowAt?: number;
  /** The network of this coupling answers zero for everything. */
  deadAt?: number;
  /** No data: nothing but samples. */
  noData?: boolean;
  /** Couplings of the vector flow. */
  couplings?: number;
  /** Largest |s| of the couplings, .6 by default: flows of other gains stand for other checkpoints. */
  gain?: number;
  /** Of the checkpoint, 240 by default. */
  step?: number;
  /** Tensors of layers come without their values. */
  large?: boolean;
  /** Rows of metrics. */
  rows?: number;
  /** A file that is not recognised, with so many tensors, in place of a flow. */
  tensors?: number;
}

export type Values = Float64Array<ArrayBuffer>;

export interface Layer {
  info: LayerInfo;
  mask?: Values;
  /** Scale of s. */
  gain: number;
  norm?: { mean: number[]; std: number[] };
}

export interface Pass {
  layer: Layer;
  x: Values;
  y: Values;
  s?: Values;
  t?: Values;
  map?: Values;
  coupling: number;
  norm: number;
}

const levels = 17;

export function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Uniform in [0, 1), the same everywhere. */
function hash(...keys: number[]): number {
  let h = 2166136261;
  for (const key of keys) {
    h = Math.imul(h ^ (key | 0), 16777619);
    h ^= h >>> 15;
    h = Math.imul(h, 2246822507);
    h ^= h >>> 13;
  }
  return (h >>> 0) / 2 ** 32;
}

export function normal(...keys: number[]): number {
  const u = Math.max(1e-12, hash(...keys, 1));
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * hash(...keys, 2));
}

export class ToyFlow {
  readonly layers: Layer[] = [];
  readonly shape: number[];
  readonly summary: ModelSummary;
  readonly run: ToyRun;
  readonly trainCount = 300;
  readonly validationCount = 120;

  constructor(readonly options: ToyOptions) {
    this.shape = options.kind === 'image' ? [8, 8, 1] : [options.kind === 'plane' ? 2 : 5];
    this.#build();
    this.#fitNorms();
    const image = options.kind === 'image';
    const step = options.step ?? 240;
    this.run = new ToyRun(this, options.rows);
    this.summary = {
      id: 'toy',
      path: toyPath(step),
      fileName: toyPath(step).split('/').at(-1)!,
      format: 'flowscope',
      runnable: true,
      kind: image ? 'image' : 'vector',
      shape: this.shape,
      levels: image ? levels : undefined,
      title: image ? 'RealNVP, 8×8×1, 17 levels' : `RealNVP, ${this.shape[0]}-D`,
      subtitle: image ? '2 scales, 6 couplings, 12,345 parameters' : 'couplings of 12,345 parameters',
      parameterCount: 12345,
      tensorCount: 60,
      bytes: 1234567,
      step,
      dataName: image ? 'digits' : 'moons',
      featureNames: options.kind === 'vector' ? ['speed', 'height', 'width', 'mass', 'age'] : undefined,
      layers: this.layers.map((layer) => layer.info),
      splits: options.noData
        ? []
        : [
            { name: 'train', count: this.trainCount },
            { name: 'validation', count: this.validationCount },
          ],
      splitsReason: options.noData ? 'The file digits.csv was moved.' : undefined,
      runFolder: '/toy',
      checkpoints: toyCheckpoints(toySteps),
      backend: { name: 'onnxruntime', library: 'Toy 1.0', threads: 1, reason: 'a test' },
      tensors: [],
    };
    if (options.tensors !== undefined) this.#describeTensors(options.tensors);
  }

  #describeTensors(count: number): void {
    Object.assign(this.summary, {
      path: '/toy/model.pt',
      fileName: 'model.pt',
      format: 'torch',
      runnable: false,
      reason: 'Its tensors have names that no known library gives.',
      kind: 'unknown',
      tensorCount: count,
      tensors: Array.from({ length: count }, (_, i) => ({
        name: `block.${i}.weight`,
        dtype: 'F32',
        shape: [i + 1, 2],
      })),
    } satisfies Partial<ModelSummary>);
  }

  /** Of the tensor with the number i: values from −i to i + 1; the fourth has NaN, the fifth is not read. */
  #tensorStatistics(name: string): TensorStatistics {
    const i = Number(name.split('.')[1]);
    if (i === 4) return { name, problem: 'toy: complex numbers are not read.' };
    if (i === 5)
      return { name, stats: { count: 12, min: NaN, max: NaN, mean: NaN, std: NaN, nan: 12, inf: 0 } };
    return {
      name,
      stats: {
        count: 2 * i + 2,
        min: -i,
        max: i + 1,
        mean: 0.5,
        std: 1,
        nan: i === 3 ? 2 : 0,
        inf: i === 3 ? 1 : 0,
      },
    };
  }

  #add(
    kind: LayerKind,
    inputShape: number[],
    outputShape: number[],
    scale: number,
    more: Partial<Layer> = {},
  ): void {
    const index = this.layers.length;
    const couplingKind = kind === 'checkerboard' || kind === 'channelwise' || kind === 'vector';
    const coupling = couplingKind ? this.layers.filter((l) => l.mask).length : undefined;
    this.layers.push({
      gain:
        this.options.overflowAt !== undefined && coupling === this.options.overflowAt
          ? 400
          : (this.options.gain ?? 0.6),
      ...more,
      info: {
        index,
        name: `scales.${scale}.${kind}.${index}`,
        kind,
        coupling,
        scale,
        inputShape,
        outputShape,
        parameterCount: couplingKind ? 2057 : 0,
        hasNorm: more.norm !== undefined,
        ...(couplingKind
          ? {
              moves: {
                of: 'values',
                count: more.mask!.filter((b) => b < 0.5).length,
                total: more.mask!.length,
              },
            }
          : {}),
        ...(couplingKind
          ? {
              quantities: [
                { name: 's', role: 'logScale' as const },
                { name: 't', role: 'shift' as const },
              ],
              formula: 'x · exp( s ) + t',
            }
          : {}),
        ...(kind === 'squeeze' || kind === 'factorOut' ? { preservesVolume: true as const } : {}),
        description: `${inputShape.join('×')}${couplingKind ? `, ${more.mask!.filter((b) => b < 0.5).length} values move` : ''}`,
      },
    });
  }

  #build(): void {
    const norm = (channels: number, k: number): Layer['norm'] => ({
      mean: Array.from({ length: channels }, (_, c) => 0.1 * Math.sin(k + c)),
      std: Array.from({ length: channels }, (_, c) => 0.7 + 0.25 * Math.cos(k + 2 * c)),
    });
    if (this.options.kind !== 'image') {
      const d = this.shape[0]!;
      this.#add('standardize', [d], [d], 0);
      for (let k = 0; k < (this.options.couplings ?? 6); k++)
        this.#add('vector', [d], [d], 0, { mask: Float64Array.from({ length: d }, (_, i) => (i + k) % 2) });
      return;
    }
    const checker = (shape: number[], odd: number): Values =>
      Float64Array.from({ length: product(shape) }, (_, i) => {
        const [, w = 1, c = 1] = shape;
        return (Math.floor(i / (w * c)) + (Math.floor(i / c) % w) + odd) % 2;
      });
    const channel = (shape: number[], odd: boolean): Values =>
      Float64Array.from({ length: product(shape) }, (_, i) => Number(i % shape[2]! < shape[2]! / 2 === odd));
    this.#add('logit', [8, 8, 1], [8, 8, 1], 0);
    this.#add('checkerboard', [8, 8, 1], [8, 8, 1], 0, { mask: checker([8, 8, 1], 0), norm: norm(1, 1) });
    this.#add('checkerboard', [8, 8, 1], [8, 8, 1], 0, { mask: checker([8, 8, 1], 1), norm: norm(1, 2) });
    this.#add('squeeze', [8, 8, 1], [4, 4, 4], 0);
    this.#add('channelwise', [4, 4, 4], [4, 4, 4], 0, { mask: channel([4, 4, 4], true), norm: norm(4, 3) });
    this.#add('channelwise', [4, 4, 4], [4, 4, 4], 0, { mask: channel([4, 4, 4], false), norm: norm(4, 4) });
    this.#add('factorOut', [4, 4, 4], [4, 4, 2], 0);
    this.#add('checkerboard', [4, 4, 2], [4, 4, 2], 1, { mask: checker([4, 4, 2], 0), norm: norm(2, 5) });
    this.#add('checkerboard', [4, 4, 2], [4, 4, 2], 1, { mask: checker([4, 4, 2], 1), norm: norm(2, 6) });
  }

  /** Statistics of the layers' own outputs, so that values stay near one as in a trained flow. */
  #fitNorms(): void {
    for (const layer of this.layers) {
      if (!layer.norm || layer.gain > 100) continue;
      const channels = layer.norm.mean.length;
      layer.norm.mean.fill(0);
      layer.norm.std.fill(1);
      const outputs = Array.from(
        { length: 40 },
        (_, i) => this.forward(this.data('train', i)).passes[layer.info.index]!.y,
      );
      for (let c = 0; c < channels; c++) {
        const own = outputs
          .flatMap((y) => [...y.filter((_, i) => i % channels === c)])
          .filter(Number.isFinite);
        const mean = own.reduce((a, b) => a + b, 0) / (own.length || 1);
        const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / (own.length || 1);
        layer.norm.mean[c] = mean;
        layer.norm.std[c] = Math.sqrt(variance + 1e-4);
      }
    }
  }

  #network(layer: Layer, x: Values): { s: Values; t: Values } {
    const n = x.length;
    const s = new Float64Array(n);
    const t = new Float64Array(n);
    const mask = layer.mask!;
    const read: number[] = [];
    for (let j = 0; j < n; j++) if (mask[j]! > 0.5) read.push(j);
    for (let i = 0; i < n; i++) {
      if (mask[i]! > 0.5) continue;
      let a = 0;
      let b = 0;
      for (const j of read) {
        a += Math.sin(3.1 * i + 1.7 * j + layer.info.index) * x[j]!;
        b += Math.cos(1.3 * i + 2.9 * j + layer.info.index) * x[j]!;
      }
      const share = 1 / Math.sqrt(read.length);
      if (layer.info.coupling !== undefined && layer.info.coupling === this.options.deadAt) continue;
      s[i] = layer.gain * Math.tanh(a * share);
      t[i] = 0.5 * Math.tanh(b * share);
    }
    return { s, t };
  }

  /** x in data units to every layer's input and output; `factored` collects what leaves early. */
  forward(data: Values): { passes: Pass[]; latent: Values; preprocessing: number } {
    let x = data;
    const passes: Pass[] = [];
    const factored: number[] = [];
    let preprocessing = 0;
    for (const layer of this.layers) {
      const pass: Pass = { layer, x, y: x, coupling: 0, norm: 0 };
      if (layer.info.kind === 'logit') {
        pass.y = x.map((v) => {
          const p = 0.05 + (0.9 * (v + 0.5)) / levels;
          pass.coupling += Math.log(0.9 / levels) - Math.log(p) - Math.log(1 - p);
          return Math.log(p / (1 - p));
        });
        preprocessing += pass.coupling;
      } else if (layer.info.kind === 'standardize') {
        pass.y = x.map((v) => (v - 0.5) / 0.8);
        pass.coupling = -x.length * Math.log(0.8);
        preprocessing += pass.coupling;
      } else if (layer.mask) this.#couple(pass);
      else if (layer.info.kind === 'squeeze') pass.y = squeeze(x, layer.info.inputShape);
      else if (layer.info.kind === 'factorOut') {
        const channels = layer.info.inputShape[2]!;
        const keep: number[] = [];
        x.forEach((v, i) => (i % channels < channels / 2 ? keep : factored).push(v));
        pass.y = Float64Array.from(keep);
      }
      passes.push(pass);
      x = pass.y;
    }
    return { passes, latent: Float64Array.from([...x, ...factored]), preprocessing };
  }

  #couple(pass: Pass): void {
    const { layer, x } = pass;
    const { s, t } = this.#network(layer, x);
    const mask = layer.mask!;
    const channels = layer.info.inputShape.at(-1)!;
    pass.s = s;
    pass.t = t;
    pass.map = s.map((v, i) => v * (1 - mask[i]!));
    pass.coupling = pass.map.reduce((a, b) => a + b, 0);
    pass.y = x.map((v, i) => (mask[i]! > 0.5 ? v : Math.fround(v * Math.fround(Math.exp(s[i]!))) + t[i]!));
    const { norm } = layer;
    if (!norm) return;
    pass.y = pass.y.map((v, i) => (v - norm.mean[i % channels]!) / norm.std[i % channels]!);
    for (let i = 0; i < x.length; i++) pass.norm -= Math.log(norm.std[i % channels]!);
  }

  /** Data from a point after so many layers of a flow without factor-outs. */
  back(point: Values, layers: number): Values {
    return this.inverse(point, layers).at(-1)!;
  }

  /** The states on the way from latent (first) to data (last); of the first so many layers alone. */
  inverse(latent: Values, layers = this.layers.length): Values[] {
    let y = latent.slice(0, product(this.layers[layers - 1]!.info.outputShape));
    let rest = latent.slice(y.length);
    const states = [y];
    for (const layer of this.layers.slice(0, layers).reverse()) {
      const { info } = layer;
      const channels = info.inputShape.at(-1)!;
      if (info.kind === 'logit') y = y.map((v) => ((1 / (1 + Math.exp(-v)) - 0.05) / 0.9) * levels - 0.5);
      else if (info.kind === 'standardize') y = y.map((v) => v * 0.8 + 0.5);
      else if (info.kind === 'squeeze') y = unsqueeze(y, info.inputShape);
      else if (info.kind === 'factorOut') {
        const out = new Float64Array(product(info.inputShape));
        let a = 0;
        let b = 0;
        for (let i = 0; i < out.length; i++) out[i] = i % channels < channels / 2 ? y[a++]! : rest[b++]!;
        rest = rest.slice(b);
        y = out;
      } else if (layer.mask) {
        const before = layer.norm
          ? y.map((v, i) => v * layer.norm!.std[i % channels]! + layer.norm!.mean[i % channels]!)
          : y;
        const { s, t } = this.#network(layer, before);
        y = before.map((v, i) => (layer.mask![i]! > 0.5 ? v : (v - t[i]!) * Math.exp(-s[i]!)));
      }
      states.push(y);
    }
    return states;
  }

  data(split: 'train' | 'validation', index: number): Values {
    const key = (split === 'train' ? 0 : 1000) + index;
    if (this.options.kind !== 'image') {
      const label = index % 2;
      const angle = Math.PI * hash(key, 3);
      const noise = (k: number): number => 0.05 * normal(key, 4, k);
      const moon = label
        ? [1 - Math.cos(angle) + noise(0), 0.5 - Math.sin(angle) + noise(1)]
        : [Math.cos(angle) + noise(0), Math.sin(angle) + noise(1)];
      return Float64Array.from(
        { length: this.shape[0]! },
        (_, i) => moon[i] ?? 0.5 * normal(key, 5, i) + moon[0]!,
      );
    }
    // An arc of ink, different for every index.
    const start = hash(key, 6) * 6.28;
    const sweep = 2 + 3.5 * hash(key, 7);
    const picture = new Float64Array(64);
    for (let k = 0; k <= 24; k++) {
      const angle = start + (sweep * k) / 24;
      const cx = 3.5 + 2.1 * Math.cos(angle);
      const cy = 3.5 + 2.7 * Math.sin(angle);
      for (let i = 0; i < 64; i++) {
        const d = (Math.floor(i / 8) - cy) ** 2 + ((i % 8) - cx) ** 2;
        picture[i] = Math.max(picture[i]!, Math.round(16 * Math.exp(-d / 0.8)));
      }
    }
    return picture;
  }

  sample(seed: number, temperature: number, index: number, truncations?: (number | null)[]): Values[] {
    return this.inverse(this.drawn(seed, temperature, index, truncations));
  }

  /** The latent of a sample; those beyond their bound are drawn again. */
  drawn(seed: number, temperature: number, index: number, truncations: (number | null)[] = [null]): Values {
    const last = product(this.layers.at(-1)!.info.outputShape);
    return Float64Array.from({ length: product(this.shape) }, (_, i) => {
      const bound = truncations[i < last ? truncations.length - 1 : 0] ?? Infinity;
      let value = normal(seed, index, i);
      for (let again = 1; Math.abs(value) > bound; again++) value = normal(seed, index, i, again);
      return temperature * value;
    });
  }

  example(ref: ExampleRef): Values {
    if (ref.kind === 'values') return Float64Array.from(ref.values);
    // The toy's folder of the user's: the training examples upside down.
    if (ref.kind === 'file') return this.data('train', ref.index).reverse();
    if (ref.kind === 'data') return this.data(ref.split, ref.index);
    if (ref.kind === 'sample')
      return this.sample(ref.seed, ref.temperature, ref.index, ref.truncations).at(-1)!;
    return this.inverse(this.made(ref)).at(-1)!;
  }

  /** The latent of a source: what leaves last comes first, then what was factored out, first to last. */
  latentOf(ref: ExampleRef): Values {
    if (ref.kind === 'sample') return this.drawn(ref.seed, ref.temperature, ref.index, ref.truncations);
    return this.forward(this.example(ref)).latent;
  }

  made(ref: Exclude<ExampleRef, SourceRef>): Values {
    if (ref.kind === 'edited') {
      const z = this.latentOf(ref.example);
      for (const { element, value } of ref.edits) z[element] = value;
      return z;
    }
    if (ref.kind === 'reconstruction')
      return this.reconstruction(ref.example, ref.seed, ref.temperature, ref.row, ref.column);
    const [a, b, c, d] = ref.corners.map((corner) => this.latentOf(corner)) as [
      Values,
      Values,
      Values,
      Values,
    ];
    const [cp, sp] = [Math.cos(ref.phiPrime), Math.sin(ref.phiPrime)];
    return a.map(
      (value, i) =>
        Math.cos(ref.phi) * (cp * value + sp * b[i]!) + Math.sin(ref.phi) * (cp * c[i]! + sp * d[i]!),
    );
  }

  reconstruction(example: SourceRef, seed: number, temperature: number, row: number, column: number): Values {
    const last = product(this.layers.at(-1)!.info.outputShape);
    return this.latentOf(example).map((value, i) =>
      i < last || column === 0 ? value : temperature * normal(seed, 77, row, i),
    );
  }

  batch(query: Pick<Selection, 'batch'>): Values[] {
    const { split, count } = query.batch;
    return Array.from({ length: count }, (_, i) =>
      split === 'sample' ? this.sample(7, 1, i).at(-1)! : this.data(split, i),
    );
  }

  nll(x: Values): NllParts {
    const { passes, latent, preprocessing } = this.forward(x);
    const prior = latent.reduce((sum, z) => sum + 0.5 * z * z + 0.5 * Math.log(2 * Math.PI), 0);
    const couplings = -passes.filter((p) => p.layer.mask).reduce((sum, p) => sum + p.coupling, 0);
    const norm = -passes.reduce((sum, p) => sum + p.norm, 0);
    const image = this.options.kind === 'image';
    // The logit above already works on pixel units, so the density is of the pixel value: nothing to add.
    const quantization = 0;
    const nats = prior + couplings + norm - preprocessing + quantization;
    return {
      prior,
      couplings,
      norm,
      preprocessing: -preprocessing,
      quantization,
      nats,
      bitsPerDim: image ? nats / (product(this.shape) * Math.LN2) : undefined,
    };
  }

  answer(method: InspectorMethod, query: unknown): unknown {
    switch (method) {
      case 'summary':
        return this.summary;
      case 'tensors':
        return (query as { names: string[] }).names.map((name) => this.#tensorStatistics(name));
      case 'strip':
        return this.#strip(query as Selection);
      case 'stripOfExample': {
        const { rows, ...strip } = this.#strip(this.#alone(query));
        delete (strip as Partial<Strip>).mean;
        return { ...strip, rows: rows.map(({ mean: _, roundTrip: __, ...row }) => row) };
      }
      case 'layerOfExample': {
        const {
          logDetMapMean: _,
          logDetBatch: __,
          roundTrip: ___,
          ...own
        } = this.#layer({
          ...this.#alone(query),
          layer: (query as { layer: number }).layer,
        });
        return own;
      }
      case 'tensorWindow':
        return toyWindow(this, query as TensorWindowQuery);
      case 'layer':
        return this.#layer(query as Selection & { layer: number });
      case 'mask':
        return this.#mask((query as { layer: number }).layer);
      case 'network':
        return this.#networkView((query as { layer: number }).layer);
      case 'weight':
      case 'features':
      case 'activity':
      case 'jacobian':
        return answerInside(this, method, query);
      case 'samples': {
        const q = query as SampleQuery;
        const all = Array.from({ length: q.count }, (_, i) =>
          this.sample(q.seed, q.temperature, i, q.truncations).at(-1)!,
        );
        return {
          values: array(
            [q.count, ...this.shape],
            all.flatMap((v) => [...v]),
          ),
        };
      }
      case 'morph':
        return this.#morph(query as SampleQuery & { index: number });
      case 'manifold': {
        const q = query as ManifoldQuery;
        const step = q.range === 'circle' ? (2 * Math.PI) / q.angles : Math.PI / 2 / (q.angles - 1);
        const angles = Array.from({ length: q.angles }, (_, i) => i * step);
        const points = angles.flatMap((phi) =>
          angles.map((phiPrime) => this.made({ kind: 'manifold', corners: q.corners, phi, phiPrime })),
        );
        return {
          angles,
          values: array(
            [q.angles, q.angles, ...this.shape],
            points.flatMap((z) => [...this.inverse(z).at(-1)!]),
          ),
          corners: array(
            [4, ...this.shape],
            q.corners.flatMap((ref) => [...this.example(ref)]),
          ),
          norms: array(
            [q.angles, q.angles],
            points.map((z) => Math.hypot(...z)),
          ),
        };
      }
      case 'reconstruct': {
        const q = query as ReconstructQuery;
        const size = product(this.shape);
        return {
          originals: array(
            [q.examples.length, ...this.shape],
            q.examples.flatMap((ref) => [...this.example(ref)]),
          ),
          values: array(
            [q.examples.length, 2, ...this.shape],
            q.examples.flatMap((ref, row) =>
              [0, 1].flatMap((column) => [
                ...this.inverse(this.reconstruction(ref, q.seed, q.temperature, row, column)).at(-1)!,
              ]),
            ),
          ),
          kept: [size, size / 2],
        };
      }
      case 'examples': {
        const q = query as { split: 'train' | 'validation'; offset: number; count: number };
        const total = q.split === 'train' ? this.trainCount : this.validationCount;
        const n = Math.max(0, Math.min(q.count, total - q.offset));
        const all = Array.from({ length: n }, (_, i) => this.data(q.split, q.offset + i));
        const parts = all.map((x) => this.nll(x));
        return {
          offset: q.offset,
          total,
          values: array(
            [n, ...this.shape],
            all.flatMap((v) => [...v]),
          ),
          labels: all.map((_, i) => i % 2),
          nats: Float32Array.from(parts, (p) => p.nats),
          bitsPerDim: this.summary.levels ? Float32Array.from(parts, (p) => p.bitsPerDim!) : undefined,
        };
      }
      case 'findings':
        return toyFindings(this, query as FindingsQuery);
      case 'diagnostics':
        return this.#diagnostics(query as Selection);
      case 'plane':
        return this.#plane(query as PlaneQuery);
      case 'planePath':
        return toyPointPath(this, query as PlanePathQuery);
      case 'planeDensity':
        return toyDensity(this, query as PlaneDensityQuery);
      case 'planeCells':
        return toyCells(this, query as PlaneCellsQuery);
      case 'curves':
        return this.run.curves(query as CurvesQuery);
      default:
        return answerExamples(this, method, query);
    }
  }

  #roundTrip(pass: Pass): number {
    if (!pass.y.every(Number.isFinite)) return NaN;
    return pass.layer.mask ? 4.8e-7 * (1 + hash(pass.layer.info.index, 11)) : 1.2e-7;
  }

  #alone(query: unknown): Selection {
    const { example } = query as { example: ExampleRef };
    return { example, batch: { split: 'validation', count: 1 }, mode: 'eval' };
  }

  #strip(query: Selection): Strip {
    const example = query.example && this.forward(this.example(query.example));
    const batch = this.batch(query).map((x) => this.forward(x));
    const mean = (pick: (p: Pass) => number, k: number): number =>
      batch.reduce((sum, b) => sum + pick(b.passes[k]!), 0) / batch.length;
    const rows = this.layers.map((layer, k) => ({
      layer: layer.info.index,
      example: example && { coupling: example.passes[k]!.coupling, norm: example.passes[k]!.norm },
      mean: { coupling: mean((p) => p.coupling, k), norm: mean((p) => p.norm, k) },
      roundTrip: Math.max(...batch.map((b) => this.#roundTrip(b.passes[k]!))),
      thumbnail: example && array(layer.info.outputShape, [...example.passes[k]!.y]),
      nonFinite: batch.reduce((sum, b) => sum + b.passes[k]!.y.filter((v) => !Number.isFinite(v)).length, 0),
    }));
    const first = rows.find((row) => row.nonFinite > 0);
    const parts = this.batch(query).map((x) => this.nll(x));
    const average = (pick: (p: NllParts) => number): number =>
      parts.reduce((s, p) => s + pick(p), 0) / parts.length;
    return {
      rows,
      example: query.example && this.nll(this.example(query.example)),
      mean: {
        prior: average((p) => p.prior),
        couplings: average((p) => p.couplings),
        norm: average((p) => p.norm),
        preprocessing: average((p) => p.preprocessing),
        quantization: 0,
        nats: average((p) => p.nats),
        bitsPerDim: this.summary.levels ? average((p) => p.bitsPerDim!) : undefined,
      },
      firstNonFinite: first && {
        layer: first.layer,
        cause: 'The largest s is 400, and exp(s) overflows float32 above 88.7.',
      },
      input: query.example && array(this.shape, [...this.example(query.example)]),
      latent: example && array(this.shape, [...example.latent]),
    };
  }

  layerPass(query: Selection & { layer: number }): Pass {
    const x = query.example ? this.example(query.example) : this.batch(query)[0]!;
    return this.forward(x).passes[query.layer]!;
  }

  #layer(query: Selection & { layer: number }): LayerView {
    const pass = this.layerPass(query);
    const { info, mask, norm } = pass.layer;
    const batch = this.batch(query).map((x) => this.forward(x).passes[query.layer]!);
    const views: TensorView[] = [view('x', 'input', info.inputShape, pass.x)];
    if (pass.s && pass.t)
      views.push(
        view('s', 'logScale', info.inputShape, pass.s, mask),
        view('t', 'shift', info.inputShape, pass.t, mask),
      );
    views.push(view('y', 'output', info.outputShape, pass.y));
    const meanMap =
      pass.map && pass.map.map((_, i) => batch.reduce((sum, b) => sum + b.map![i]!, 0) / batch.length);
    return {
      layer: query.layer,
      tensors: views,
      mask: mask && array(info.inputShape, [...mask]),
      logDetMap: pass.map && array(info.inputShape, [...pass.map]),
      ...(pass.map && info.inputShape.join() !== this.shape.join()
        ? { logDetInImage: array(this.shape, [...this.#inImage(query.layer, pass.map)]) }
        : {}),
      logDetMapMean: meanMap && array(info.inputShape, [...meanMap]),
      logDetBatch: Float32Array.from(batch, (b) => b.coupling + b.norm),
      logDetExample: { coupling: pass.coupling, norm: pass.norm },
      norm,
      roundTrip: this.#roundTrip(pass),
    };
  }

  /** Values of a layer's input at their places in the flow's input. */
  #inImage(index: number, values: Values): Values {
    if (this.options.kind !== 'image') return values;
    let inImage = values;
    for (const layer of this.layers.slice(0, index).reverse()) {
      const shape = layer.info.inputShape;
      if (layer.info.kind === 'squeeze') inImage = unsqueeze(inImage, shape);
      if (layer.info.kind === 'factorOut') {
        const channels = shape[2]!;
        let a = 0;
        const kept = inImage;
        inImage = Float64Array.from({ length: product(shape) }, (_, i) =>
          i % channels < channels / 2 ? kept[a++]! : NaN,
        );
      }
    }
    return inImage;
  }

  #mask(index: number): MaskView {
    const { info, mask } = this.layers[index]!;
    return {
      layer: index,
      mask: array(info.inputShape, [...mask!]),
      inImage: array(this.shape, [...this.#inImage(index, mask!)]),
    };
  }

  #networkView(index: number): unknown {
    const { info, mask } = this.layers[index]!;
    if (!mask) return { layer: index, parameters: [], state: [], stages: [], norms: [] };
    return {
      layer: index,
      ...insideOf(info),
      parameters: Object.entries(toyWeights).map(([name, shape]) => {
        const { stats, histogram } = view(name, undefined, shape, weightValues(info, name));
        return { name: `${info.name}.${name}`, shape, stats, histogram, axes: axesOf(shape) };
      }),
      state: [
        { name: `${info.name}.norm.mean`, shape: [1], stats: view('m', undefined, [1], Float64Array.of(0.1)).stats },
      ],
    };
  }

  #morph(query: SampleQuery & { index: number }): Morph {
    const states = this.sample(query.seed, query.temperature, query.index, query.truncations);
    const reversed = [...this.layers].reverse();
    return {
      steps: states.map((value, i) => ({
        layer: i === 0 ? null : reversed[i - 1]!.info.index,
        label: i === 0 ? 'z' : `after inverse of ${reversed[i - 1]!.info.kind}`,
        value: array(i === 0 ? this.layers.at(-1)!.info.outputShape : reversed[i - 1]!.info.inputShape, [
          ...value,
        ]),
      })),
    };
  }

  #diagnostics(query: Selection): Diagnostics {
    const latents = this.batch(query).flatMap((x) => [...this.forward(x).latent]);
    latents.sort((a, b) => a - b);
    const at = Array.from({ length: 41 }, (_, i) => (i + 0.5) / 41);
    const pick = (p: number): number => latents[Math.floor(p * latents.length)]!;
    const costOf = (x: Values): number => {
      const parts = this.nll(x);
      return parts.bitsPerDim ?? parts.nats;
    };
    const cost = (split: 'train' | 'validation', n: number): Float32Array =>
      Float32Array.from({ length: n }, (_, i) => costOf(this.data(split, i)));
    return {
      ...(query.batch.split === 'sample'
        ? { samples: Float32Array.from(this.batch(query).map(costOf)) }
        : {}),
      train: this.options.noData ? undefined : cost('train', 200),
      validation: this.options.noData ? undefined : cost('validation', 120),
      unit: this.summary.levels ? 'bits/dim' : 'nats',
      latentQuantiles: { normal: at.map((p) => probit(p)), z: at.map(pick) },
      latentStd: Math.sqrt(latents.reduce((s, z) => s + z * z, 0) / latents.length),
      latentKurtosis: 0.4,
      inverseError: this.layers.map((layer, i) => ({
        layer: layer.info.index,
        fromLatent: 2e-6 * 0.85 ** i,
        alone: 5e-7,
      })),
    };
  }

  #plane(query: PlaneQuery): PlaneView {
    const points = Array.from({ length: 120 }, (_, i) => this.data('validation', i));
    const passes = points.map((x) => this.forward(x).passes);
    const n = query.grid;
    const nodes = Array.from({ length: n * n }, (_, i) =>
      this.inverse(Float64Array.of(((i % n) / (n - 1)) * 6 - 3, (Math.floor(i / n) / (n - 1)) * 6 - 3)),
    );
    const bounds = { x: [-1.8, 2.8] as [number, number], y: [-2, 2.6] as [number, number] };
    const density = new Float32Array(query.pixels ** 2);
    for (let i = 0; i < density.length; i++) {
      const x = bounds.x[0] + ((i % query.pixels) + 0.5) * ((bounds.x[1] - bounds.x[0]) / query.pixels);
      const y =
        bounds.y[1] - (Math.floor(i / query.pixels) + 0.5) * ((bounds.y[1] - bounds.y[0]) / query.pixels);
      density[i] = Math.exp(-this.nll(Float64Array.of(x, y)).nats);
    }
    const stages = this.layers.length + 1;
    return {
      points: Array.from({ length: stages }, (_, k) =>
        array(
          [points.length, 2],
          points.flatMap((x, i) => [...(k === 0 ? x : passes[i]![k - 1]!.y)]),
        ),
      ),
      labels: points.map((_, i) => i % 2),
      grids: Array.from({ length: stages }, (_, k) =>
        array(
          [n, n, 2],
          nodes.flatMap((states) => [...states[stages - 1 - k]!]),
        ),
      ),
      density: { shape: [query.pixels, query.pixels], data: density },
      bounds,
      samples: array(
        [500, 2],
        Array.from({ length: 500 }, (_, i) => [
          ...this.sample(query.seed, query.temperature, i, query.truncations).at(-1)!,
        ]).flat(),
      ),
    };
  }
}

function squeeze(x: Values, [height, width, channels]: number[]): Values {
  const out = new Float64Array(x.length);
  const c4 = channels! * 4;
  for (let y = 0; y < height!; y++)
    for (let w = 0; w < width!; w++)
      for (let c = 0; c < channels!; c++)
        out[((y >> 1) * (width! / 2) + (w >> 1)) * c4 + c * 4 + (y % 2) * 2 + (w % 2)] =
          x[(y * width! + w) * channels! + c]!;
  return out;
}

/** `shape` is the shape before the squeeze. */
function unsqueeze(z: Values, [height, width, channels]: number[]): Values {
  const out = new Float64Array(z.length);
  const c4 = channels! * 4;
  for (let y = 0; y < height!; y++)
    for (let w = 0; w < width!; w++)
      for (let c = 0; c < channels!; c++)
        out[(y * width! + w) * channels! + c] =
          z[((y >> 1) * (width! / 2) + (w >> 1)) * c4 + c * 4 + (y % 2) * 2 + (w % 2)]!;
  return out;
}

export function array(shape: number[], values: number[]): NdArray<Float32Array> {
  return { shape, data: Float32Array.from(values) };
}

/** Statistics and histogram; with a mask, only of the elements that move. */
export function view(
  name: string,
  role: TensorView['role'],
  shape: number[],
  values: Values,
  mask?: Values,
): TensorView {
  const own = [...values].filter((_, i) => !(mask && mask[i]! > 0.5));
  const finite = own.filter(Number.isFinite);
  const mean = finite.reduce((a, b) => a + b, 0) / (finite.length || 1);
  const stats: TensorStats = {
    count: own.length,
    min: Math.min(...finite),
    max: Math.max(...finite),
    mean,
    std: Math.sqrt(finite.reduce((a, b) => a + (b - mean) ** 2, 0) / (finite.length || 1)),
    nan: own.filter(Number.isNaN).length,
    inf: own.filter((v) => Math.abs(v) === Infinity).length,
  };
  const bins = 24;
  const histogram: Histogram = { edges: [], counts: new Array<number>(bins).fill(0) };
  const width = (stats.max - stats.min || 1) / bins;
  for (let i = 0; i <= bins; i++) histogram.edges.push(stats.min + i * width);
  for (const v of finite) histogram.counts[Math.min(bins - 1, Math.floor((v - stats.min) / width))]!++;
  return { name, role, shape, dtype: 'float32', stats, histogram, data: Float32Array.from(values) };
}

/** Inverse of the normal distribution function, by bisection. */
function probit(p: number): number {
  let low = -6;
  let high = 6;
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function cdf(x: number): number {
  // Simpson's rule is more than enough for a chart.
  const n = 200;
  const h = (x + 8) / n;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const z = -8 + i * h;
    sum += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-0.5 * z * z);
  }
  return (sum * h) / 3 / Math.sqrt(2 * Math.PI);
}
