/** The numbers behind each view: what its CSV and its NumPy arrays hold. */
import type { LayerView, NllParts } from '../../src/protocol/inspect';
import type { JacobianView } from '../../src/protocol/jacobian';
import type { ModelSummary } from '../../src/protocol/model';
import { ready } from '../state/question';
import type { PopulationState } from '../state/population-state';
import type { Store } from '../state/store';
import type { Column } from './csv';
import type { FloatArray } from './npy';

export type ViewId =
  | 'strip'
  | 'layer'
  | 'gallery'
  | 'waterfall'
  | 'distribution'
  | 'quantiles'
  | 'inverse'
  | 'findings'
  | 'loss'
  | 'gradient'
  | 'rate';

export interface ViewData {
  columns?: Column[];
  arrays?: Record<string, FloatArray>;
}

/** What is shown of a view now; empty while it is not there. */
export function dataOf(id: ViewId, store: Store, model: ModelSummary): ViewData {
  switch (id) {
    case 'strip':
      return stripData(store, model);
    case 'layer':
      return layerData(store, model);
    case 'gallery':
      return galleryData(store, model.levels !== undefined);
    case 'waterfall': {
      const strip = ready(store.strip.answer.value);
      if (!strip) return {};
      const parts = (from: NllParts | undefined): number[] | undefined =>
        from && partNames.map((name) => from[name] ?? NaN);
      return {
        columns: [
          { name: 'part', values: partNames },
          ...column('example', 'nats', parts(strip.example)),
          ...column('mean', 'nats', parts(strip.mean)),
        ],
      };
    }
    case 'distribution': {
      const answer = ready(store.diagnostics.answer.value);
      if (!answer) return {};
      const sets = Object.entries({
        train: answer.train,
        validation: answer.validation,
        samples: answer.samples,
      }).flatMap(([name, data]) => (data ? [{ name, data: [...data] }] : []));
      const own = store.population.ownScores.value;
      if (own) sets.push({ name: own.name, data: own.scores });
      return {
        columns: [
          { name: 'set', values: sets.flatMap(({ name, data }) => Array.from(data, () => name)) },
          { name: 'value', unit: answer.unit, values: sets.flatMap(({ data }) => [...data]) },
        ],
        arrays: Object.fromEntries(sets.map(({ name, data }) => [name, vector(data)])),
      };
    }
    case 'quantiles': {
      const answer = ready(store.diagnostics.answer.value);
      if (!answer) return {};
      const { normal, z } = answer.latentQuantiles;
      return {
        columns: [
          { name: 'normal', values: normal },
          { name: 'z', values: z },
        ],
        arrays: { normal: vector(normal), z: vector(z) },
      };
    }
    case 'inverse': {
      const errors = ready(store.diagnostics.answer.value)?.inverseError;
      if (!errors) return {};
      return {
        columns: [
          { name: 'layer', values: errors.map(({ layer }) => layer) },
          { name: 'name', values: errors.map(({ layer }) => nameOf(model, layer)) },
          { name: 'from_latent', values: errors.map(({ fromLatent }) => fromLatent) },
          { name: 'alone', values: errors.map(({ alone }) => alone) },
        ],
        arrays: {
          from_latent: vector(errors.map(({ fromLatent }) => fromLatent)),
          alone: vector(errors.map(({ alone }) => alone)),
        },
      };
    }
    case 'findings': {
      const found = ready(store.findings.answer.value)?.findings;
      if (!found) return {};
      return {
        columns: [
          { name: 'check', values: found.map(({ check }) => check) },
          { name: 'severity', values: found.map(({ severity }) => severity) },
          {
            name: 'layer',
            values: found.map(({ layer }) => (layer === undefined ? '' : nameOf(model, layer))),
          },
          { name: 'sentence', values: found.map(({ sentence }) => sentence) },
          { name: 'advice', values: found.map(({ advice }) => advice ?? '') },
        ],
      };
    }
    case 'loss':
    case 'gradient':
    case 'rate':
      return runData(id, store);
  }
}

const partNames = [
  'prior',
  'quantization',
  'preprocessing',
  'couplings',
  'norm',
  'nats',
  'bitsPerDim',
] as const satisfies readonly (keyof NllParts)[];

function vector(values: ArrayLike<number>): FloatArray {
  return { shape: [values.length], data: Float32Array.from(values) };
}

function column(name: string, unit: string, values: number[] | undefined): Column[] {
  return values ? [{ name, unit, values }] : [];
}

const runColumns = {
  loss: [
    'seconds',
    'trainNats',
    'validationNats',
    'trainBitsPerDim',
    'validationBitsPerDim',
    'prior',
    'logDet',
    'preprocessing',
  ],
  gradient: ['seconds', 'gradientNorm'],
  rate: ['seconds', 'learningRate'],
} as const;

/** Rows as they were measured, without the smoothing of the curves. */
function runData(id: keyof typeof runColumns, store: Store): ViewData {
  const run = store.run.data.value;
  if (!run) return {};
  const used = runColumns[id].flatMap((name) => {
    const values = run.columns[name];
    return values ? [{ name, values: Array.from(values) }] : [];
  });
  const steps = Array.from(run.steps);
  return {
    columns: [
      { name: 'step', values: steps },
      // What was not measured at a step is no number.
      ...used.map(({ name, values }) => ({
        name,
        values: values.map((value) => (Number.isNaN(value) ? undefined : value)),
      })),
    ],
    arrays: {
      step: vector(steps),
      ...Object.fromEntries(used.map(({ name, values }) => [name, vector(values)])),
    },
  };
}

function nameOf(model: ModelSummary, index: number): string {
  return model.layers.find((layer) => layer.index === index)?.name ?? String(index);
}

function stripData(store: Store, model: ModelSummary): ViewData {
  const strip = ready(store.strip.answer.value);
  if (!strip) return {};
  const { rows } = strip;
  const layers = rows.map(({ layer }) => model.layers.find(({ index }) => index === layer));
  const examples = rows.some(({ example }) => example !== undefined);
  const numbers: Column[] = [
    ...(examples
      ? [
          { name: 'coupling_example', unit: 'nats', values: rows.map(({ example }) => example?.coupling) },
          { name: 'norm_example', unit: 'nats', values: rows.map(({ example }) => example?.norm) },
        ]
      : []),
    { name: 'coupling_mean', unit: 'nats', values: rows.map(({ mean }) => mean.coupling) },
    { name: 'norm_mean', unit: 'nats', values: rows.map(({ mean }) => mean.norm) },
    { name: 'round_trip', values: rows.map(({ roundTrip }) => roundTrip) },
    { name: 'non_finite', values: rows.map(({ nonFinite }) => nonFinite) },
  ];
  return {
    columns: [
      { name: 'layer', values: rows.map(({ layer }) => layer) },
      { name: 'name', values: layers.map((layer) => layer?.name) },
      { name: 'kind', values: layers.map((layer) => layer?.kind) },
      { name: 'scale', values: layers.map((layer) => layer && layer.scale + 1) },
      ...numbers,
    ],
    arrays: {
      ...Object.fromEntries(
        numbers.map(({ name, values }) => [
          name,
          vector(Array.from(values, (value) => (typeof value === 'number' ? value : NaN))),
        ]),
      ),
      ...(strip.input ? { x: strip.input } : {}),
      ...(strip.latent ? { z: strip.latent } : {}),
    },
  };
}

function layerData(store: Store, model: ModelSummary): ViewData {
  switch (store.tab.value) {
    case 'activations':
    case 'logdet': {
      const view = ready(store.layerView.answer.value);
      return view ? elementsOf(view) : {};
    }
    case 'mask': {
      const view = ready(store.mask.answer.value);
      if (!view) return {};
      return {
        columns: [...places(view.inImage.shape), { name: 'read', values: view.inImage.data }],
        arrays: { mask: view.mask, in_image: view.inImage },
      };
    }
    case 'network': {
      const view = ready(store.network.answer.value);
      if (!view) return {};
      const all = [...view.parameters, ...view.state];
      return {
        columns: [
          { name: 'tensor', values: all.map(({ name }) => name) },
          { name: 'shape', values: all.map(({ shape }) => shape.join('x')) },
          ...(['count', 'min', 'mean', 'max', 'std', 'nan', 'inf'] as const).map((name) => ({
            name,
            values: all.map(({ stats }) => stats[name]),
          })),
        ],
      };
    }
    case 'jacobian': {
      const view = ready(store.layerTabs.jacobian.answer.value);
      return view ? jacobianData(view) : {};
    }
    case 'plane': {
      const view = ready(store.plane.answer.value);
      if (!view) return {};
      const { points, grids, density, samples } = view;
      const names = ['data', ...model.layers.map(({ name }) => name)];
      const last = points.at(-1)!;
      const pick = ({ data }: FloatArray, axis: number): Float32Array =>
        data.filter((_, i) => i % 2 === axis);
      return {
        columns: [
          { name: 'x1', values: pick(points[0]!, 0) },
          { name: 'x2', values: pick(points[0]!, 1) },
          { name: 'z1', values: pick(last, 0) },
          { name: 'z2', values: pick(last, 1) },
        ],
        arrays: {
          ...Object.fromEntries(points.map((array, i) => [`points_${names[i] ?? i}`, array])),
          ...Object.fromEntries(grids.map((array, i) => [`grid_${names[i] ?? i}`, array])),
          density,
          samples,
        },
      };
    }
    default:
      return {};
  }
}

/** One row for each y, one column for each x; elements by their number in the layer. */
function jacobianData({ elements, matrix, passes, expected }: JacobianView): ViewData {
  const k = elements.length;
  const all = Array.from(elements);
  return {
    columns: [
      { name: 'y', values: all },
      ...all.map((element, j) => ({
        name: `x${element}`,
        values: all.map((_, i) => matrix.data[i * k + j]),
      })),
      ...(expected ? [{ name: 'from_scale', values: Array.from(expected) }] : []),
      ...(passes ? [{ name: 'passes', values: Array.from(passes) }] : []),
    ],
    arrays: {
      jacobian: matrix,
      elements: vector(elements),
      ...(expected ? { from_scale: vector(expected) } : {}),
      ...(passes ? { passes: vector(passes) } : {}),
    },
  };
}

/** Every tensor of a layer, element by element. */
function elementsOf(view: LayerView): ViewData {
  const tensors = view.tensors.flatMap(({ name, role, shape, data }) =>
    data ? [{ name, shape, data, nats: role === 'logScale' }] : [],
  );
  const shape = tensors[0]?.shape ?? [];
  const size = tensors[0]?.data.length ?? 0;
  const maps = [
    ...tensors,
    ...(view.mask ? [{ name: 'mask', ...view.mask, nats: false }] : []),
    ...(view.logDetMap ? [{ name: 'log_det', ...view.logDetMap, nats: true }] : []),
    ...(view.logDetMapMean ? [{ name: 'log_det_mean', ...view.logDetMapMean, nats: true }] : []),
  ];
  return {
    columns: [
      ...places(shape),
      ...maps
        .filter(({ data }) => data.length <= size)
        .map(({ name, data, nats }) => ({ name, ...(nats ? { unit: 'nats' } : {}), values: data })),
    ],
    arrays: {
      ...Object.fromEntries(maps.map(({ name, shape, data }) => [name, { shape, data }])),
      log_det_batch: vector(view.logDetBatch),
    },
  };
}

/** Row, column and channel of every element, or its feature. */
function places(shape: readonly number[]): Column[] {
  const size = shape.reduce((a, b) => a * b, 1);
  const at = (pick: (i: number) => number): number[] => Array.from({ length: size }, (_, i) => pick(i));
  const [, width = 1, depth = 1] = shape;
  return shape.length === 3
    ? [
        { name: 'row', values: at((i) => Math.floor(i / (width * depth))) },
        { name: 'column', values: at((i) => Math.floor(i / depth) % width) },
        { name: 'channel', values: at((i) => i % depth) },
      ]
    : [{ name: 'feature', values: at((i) => i) }];
}

function galleryData(store: Store, bits: boolean): ViewData {
  switch (store.galleryTab.value) {
    case 'samples': {
      const plane = ready(store.plane.answer.value);
      const values =
        ready(store.samples.answer.value)?.values ??
        (plane && firstOf(plane.samples, store.samplesQuery.value.count));
      return values
        ? {
            columns: rowsOf('sample', values, 1),
            arrays: { samples: values, ...(plane ? { density: plane.density } : {}) },
          }
        : {};
    }
    case 'examples': {
      if (store.population.listed.value) return rankedData(store.population, bits);
      const page = ready(store.examples.answer.value);
      if (!page) return {};
      const { values, nats, bitsPerDim, labels, offset } = page;
      return {
        columns: [
          { name: 'example', values: Array.from(nats, (_, i) => offset + i) },
          { name: 'nll', unit: 'nats', values: nats },
          ...(bitsPerDim ? [{ name: 'bits_per_dim', values: bitsPerDim }] : []),
          ...(labels ? [{ name: 'label', values: labels.map((label) => label ?? undefined) }] : []),
          ...valuesOf(values, 1),
        ],
        arrays: { examples: values, nats: vector(nats) },
      };
    }
    case 'interpolate': {
      const view = ready(store.gallery.manifold.answer.value);
      if (!view) return {};
      const { angles, values, corners, norms } = view;
      const n = angles.length;
      return {
        columns: [
          {
            name: 'phi',
            unit: 'rad',
            values: Array.from({ length: n * n }, (_, i) => angles[Math.floor(i / n)]),
          },
          { name: 'phi_prime', unit: 'rad', values: Array.from({ length: n * n }, (_, i) => angles[i % n]) },
          { name: 'norm', values: norms.data },
          ...valuesOf(values, 2),
        ],
        arrays: { values, corners, norms, angles: vector(angles) },
      };
    }
    case 'latents': {
      const view = ready(store.latents.latents.answer.value);
      const before = ready(store.latents.original.answer.value)?.values;
      const now = store.latents.shown.value?.values;
      if (!view || !before || !now) return {};
      const z = Float32Array.from(view.z, (value, i) => store.latents.edits.value.get(i) ?? value);
      return {
        columns: [
          { name: 'latent', values: Array.from(z, (_, i) => i) },
          ...(view.scales ? [{ name: 'scale', values: Array.from(view.scales, (scale) => scale + 1) }] : []),
          { name: 'z', values: view.z },
          { name: 'z_changed', values: z },
        ],
        arrays: { z: vector(view.z), z_changed: vector(z), x: before, x_changed: now },
      };
    }
    case 'nearest': {
      const found = store.nearest.shown.value;
      if (!found) return {};
      const { indices, distances, values, nats, bitsPerDim } = found;
      return {
        columns: [
          { name: 'train', values: Array.from(indices) },
          { name: 'distance', values: distances },
          { name: 'nll', unit: 'nats', values: nats },
          ...(bitsPerDim ? [{ name: 'bits_per_dim', values: bitsPerDim }] : []),
          ...valuesOf(values, 1),
        ],
        arrays: { examples: values, distances: vector(distances) },
      };
    }
    case 'reconstruct': {
      const view = ready(store.gallery.reconstructions.answer.value);
      if (!view) return {};
      const { originals, values, kept } = view;
      const columns = kept.length;
      const count = values.shape[0]! * columns;
      return {
        columns: [
          { name: 'example', values: Array.from({ length: count }, (_, i) => Math.floor(i / columns)) },
          {
            name: 'kept',
            unit: 'latents',
            values: Array.from({ length: count }, (_, i) => kept[i % columns]),
          },
          ...valuesOf(values, 2),
        ],
        arrays: { originals, values, kept: vector(kept) },
      };
    }
    default:
      return {};
  }
}

/** Examples by how likely they are, or those of the user's own data: the page that is shown. */
function rankedData({ listed, shown, pictures }: PopulationState, bits: boolean): ViewData {
  const population = listed.value;
  const values = ready(pictures.answer.value)?.values;
  if (!population || !values || values.shape[0] !== shown.value.length) return {};
  const scores = shown.value.map((place) => population.scores[place]);
  return {
    columns: [
      { name: 'example', values: shown.value.map((place) => population.indices[place]) },
      bits ? { name: 'bits_per_dim', values: scores } : { name: 'nll', unit: 'nats', values: scores },
      ...valuesOf(values, 1),
    ],
    arrays: {
      examples: values,
      [bits ? 'bits_per_dim' : 'nats']: vector(scores.map((score) => score ?? NaN)),
    },
  };
}

/** As many as the view shows. */
function firstOf({ shape: [total = 0, ...event], data }: FloatArray, count: number): FloatArray {
  const n = Math.min(count, total);
  return { shape: [n, ...event], data: data.subarray(0, (data.length / Math.max(1, total)) * n) };
}

function rowsOf(name: string, array: FloatArray, axes: number): Column[] {
  const count = array.shape.slice(0, axes).reduce((a, b) => a * b, 1);
  return [{ name, values: Array.from({ length: count }, (_, i) => i) }, ...valuesOf(array, axes)];
}

/** One column for each value of an example, the first `axes` axes being rows: v0, v1, … in row-major order. */
function valuesOf({ shape, data }: FloatArray, axes: number): Column[] {
  const count = shape.slice(0, axes).reduce((a, b) => a * b, 1);
  const size = count === 0 ? 0 : data.length / count;
  return Array.from({ length: size }, (_, k) => ({
    name: `v${k}`,
    values: Array.from({ length: count }, (_, i) => data[i * size + k]),
  }));
}
