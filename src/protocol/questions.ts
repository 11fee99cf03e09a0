/** What the inspector asks first, of a model of which kind. */
import { sizeOf } from '../base/shape';
import { classesAtOnce, type AtConditionsQuery, type Varied } from './conditions';
import type { ExamplesQuery, ManifoldQuery, PlaneQuery } from './inspect';
import type {
  BatchRef,
  ExampleRef,
  FreshLatents,
  NormMode,
  SampleQuery,
  Selection,
  SourceRef,
} from './selection';
import { usualBlock, wholeJacobian, type JacobianQuery } from './jacobian';
import type { ContextInfo, LayerInfo, ModelSummary, TensorEntry } from './model';
import type { PlaneCellsQuery, PlaneDensityQuery } from './plane';

/** What a saved page lets its reader choose. */
export interface RecordedChoices {
  examples: ExampleRef[];
  batches: BatchRef[];
  modes: NormMode[];
  samples: SampleQuery[];
  /** Samples whose way from z to x was recorded. */
  morphs: (SampleQuery & { index: number })[];
  pages: ExamplesQuery[];
}

/** Values of an example above which a saved page keeps a single one, so that it stays a few MB. */
const MANY_VALUES = 1024;

/** Parameters above which a smaller batch comes first: 64 examples of the paper's CIFAR-10 flow take many seconds. */
const MANY_PARAMETERS = 5e6;

export function defaultBatch(summary: ModelSummary): BatchRef {
  const split = summary.splits.find((s) => s.name === 'validation') ?? summary.splits[0];
  const count = summary.parameterCount > MANY_PARAMETERS ? 16 : 64;
  return split ? { split: split.name, count: Math.min(count, split.count) } : { split: 'sample', count };
}

/** The first example held out; without data, as of a flow of another library, the first sample. */
export function defaultExample(summary: ModelSummary): Extract<ExampleRef, { index: number }> {
  const split = summary.splits.find((s) => s.name === 'validation') ?? summary.splits[0];
  return split && split.count > 0
    ? { kind: 'data', split: split.name, index: 0 }
    : { kind: 'sample', ...defaultSamples(summary), index: 0 };
}

export function defaultSelection(summary: ModelSummary): Selection {
  return { example: defaultExample(summary), batch: defaultBatch(summary), mode: 'eval' };
}

/** At temperature 1, which is the flow that was trained. */
export function defaultSamples(summary: ModelSummary): SampleQuery {
  // A recording has only the samples that are in it.
  if (summary.recording) return { count: Math.max(1, summary.recording.samples), seed: 0, temperature: 1 };
  const count = summary.kind === 'image' ? 25 : isPlane(summary) ? 500 : 16;
  return { count, seed: 7, temperature: 1 };
}

/** The paper's figure from the first four examples held out, or from samples where there are no data. */
export function defaultManifold(summary: ModelSummary): ManifoldQuery {
  const split =
    summary.splits.find((s) => s.name === 'validation' && s.count >= 4) ??
    summary.splits.find((s) => s.count >= 4);
  const { seed, temperature } = defaultSamples(summary);
  const source = (index: number): SourceRef =>
    split
      ? { kind: 'data', split: split.name, index }
      : { kind: 'sample', seed, temperature, count: 4, index };
  const values = sizeOf(summary.shape);
  return {
    corners: [source(0), source(1), source(2), source(3)],
    // Lines through the plane want to be smooth; large pictures are few, so that a saved page stays a few MB.
    angles: isPlane(summary) ? 48 : values > 4 * MANY_VALUES ? 4 : 8,
    range: 'circle',
  };
}

export const defaultFresh: FreshLatents = { seed: 7, temperature: 1 };

/** Scales at which latents leave; 1 for vectors. */
export function scaleCount(summary: ModelSummary): number {
  return Math.max(0, ...summary.layers.map((layer) => layer.scale)) + 1;
}

export function examplesQuery(
  summary: ModelSummary,
  split: 'train' | 'validation',
  offset: number,
): ExamplesQuery {
  return { split, offset, count: summary.kind === 'image' ? 24 : 16 };
}

/** Two features, whose plane is drawn. */
export function isPlane(summary: ModelSummary): boolean {
  return (
    canAsk(summary, 'plane') &&
    summary.kind === 'vector' &&
    summary.shape.length === 1 &&
    summary.shape[0] === 2
  );
}

/** Nodes of a side of the grid: fewer where each is searched for. */
export const planeGrid = ({ origin }: Pick<ModelSummary, 'origin'>): number => (origin?.searched ? 25 : 49);

/** Samples of a plane, however many of them are shown. */
export const planeSamples = 2000;

export function planeQuery(
  summary: Pick<ModelSummary, 'origin'>,
  batch: BatchRef,
  samples: Omit<SampleQuery, 'count'>,
): PlaneQuery {
  return {
    batch: { ...batch, count: 500 },
    seed: samples.seed,
    temperature: samples.temperature,
    ...(samples.truncations ? { truncations: samples.truncations } : {}),
    grid: planeGrid(summary),
    pixels: 128,
  };
}

export function planeDensityQuery(
  { format }: Pick<ModelSummary, 'format'>,
  batch: BatchRef,
  stage: number,
  saved: boolean,
): PlaneDensityQuery {
  // Layers of an ONNX graph are not run alone: its densities take a search for every cell.
  return { batch: { ...batch, count: 500 }, stage, pixels: saved || format === 'onnx' ? 64 : 128 };
}

/** A saved page holds fewer parts, so that it stays a few MB. */
export function planeCellsQuery(
  summary: Pick<ModelSummary, 'origin'>,
  batch: BatchRef,
  stage: number,
  saved: boolean,
): PlaneCellsQuery {
  const most = saved || summary.origin?.searched ? 3000 : 12_000;
  return { batch: { ...batch, count: 500 }, stage, grid: planeGrid(summary), most };
}

export function isCoupling(layer: LayerInfo): boolean {
  return layer.kind === 'checkerboard' || layer.kind === 'channelwise' || layer.kind === 'vector';
}

/** Whether it is answered at all: a recording has answers to some questions only. */
export function canAsk({ recording }: Pick<ModelSummary, 'recording'>, method: string): boolean {
  return !recording || recording.answers.includes(method);
}

/** Whether the curves of its features are shown: for rows of numbers. */
export function hasCurves({ mapsAlone, inputShape }: LayerInfo): boolean {
  return mapsAlone === true && inputShape.length === 1;
}

/** Whether the page can show how the layers use the context: an ONNX file has no gradients. */
export function hasConditions({ context, format }: Pick<ModelSummary, 'context' | 'format'>): boolean {
  return context !== undefined && context.shape === undefined && format !== 'onnx';
}

/** Whether the spread of its samples can be compared with the truth; a saved page gets the result that was kept. */
export function hasCalibration({ context, kind }: Pick<ModelSummary, 'context' | 'kind'>): boolean {
  return context !== undefined && kind === 'vector';
}

/** Whether its density can be compared with a target: for rows of numbers, by a flow that can be run again. */
export function hasCheck({
  recording,
  kind,
  runnable,
}: Pick<ModelSummary, 'recording' | 'kind' | 'runnable'>): boolean {
  return runnable && kind === 'vector' && !recording;
}

/** Samples at each value of a condition: rows of numbers; images, and large ones. */
const conditionSamples = { rows: 300, images: 8, large: 2 };
/** Values of an image that is large. */
const largeImage = 2 ** 14;
/** Conditions that a saved page lets vary. */
export const recordedConditions = 4;

/** What can vary of a context: its class, at first a page of classes, then its other numbers. */
export function variedConditions({ names, classes }: ContextInfo): Varied[] {
  const numbers = names.flatMap((_, condition): Varied[] =>
    classes && condition >= classes.start && condition < classes.start + classes.count
      ? []
      : [{ kind: 'number', condition }],
  );
  return [
    ...(classes ? [{ kind: 'class' as const, from: 0, count: Math.min(classesAtOnce, classes.count) }] : []),
    ...numbers,
  ];
}

export function atConditionsQuery(
  summary: ModelSummary,
  batch: BatchRef,
  vary: Varied,
  { seed, temperature }: Pick<SampleQuery, 'seed' | 'temperature'>,
  saved: boolean,
  features = summary.kind === 'image' ? [] : sizeOf(summary.shape) > 1 ? [0, 1] : [0],
): AtConditionsQuery {
  const size = sizeOf(summary.shape);
  const what = summary.kind === 'image' ? (size > largeImage ? 'large' : 'images') : 'rows';
  return {
    batch: { ...batch, count: 500 },
    vary,
    features,
    pixels: saved || vary.kind === 'class' ? 64 : 96,
    samples: { count: conditionSamples[what], seed, temperature },
  };
}

/** Squeezes, factor-outs and permutations. */
export function onlyMoves({ kind }: LayerInfo): boolean {
  return kind === 'squeeze' || kind === 'flatten' || kind === 'factorOut' || kind === 'permute';
}

/** Among layers that only move values, only a permutation has a Jacobian worth showing. */
export function hasJacobian(layer: LayerInfo): boolean {
  return !layer.lacksJacobian && (!onlyMoves(layer) || layer.kind === 'permute');
}

/** All of a small layer, whatever is marked; else a block around the marked element. */
export function jacobianQuery(
  selection: Selection,
  layer: LayerInfo,
  marked: number,
  count = usualBlock,
): JacobianQuery {
  const size = sizeOf(layer.inputShape);
  const around = size <= wholeJacobian || marked >= size ? -1 : marked;
  return { ...selection, layer: layer.index, around, count };
}

/** Whether statistics of a batch can replace the running ones; an ONNX file has the latter only. */
export function hasBatchMode({ layers, format }: Pick<ModelSummary, 'layers' | 'format'>): boolean {
  return format !== 'onnx' && layers.some((layer) => layer.hasNorm || layer.kind === 'batchNorm');
}

/** Rows that the table of a file's tensors shows at once. */
export const shownTensors = 500;

/** Values whose statistics take a moment, and names that a message carries. */
const tensorBatch = { values: 2 ** 22, names: 100 };

/** Names of the first tensors that `isKnown` does not have: as many as are answered in one go. */
export function nextTensors(tensors: readonly TensorEntry[], isKnown: (name: string) => boolean): string[] {
  const names: string[] = [];
  let values = 0;
  for (const { name, shape } of tensors) {
    if (isKnown(name)) continue;
    values += sizeOf(shape);
    if (names.length > 0 && (values > tensorBatch.values || names.length >= tensorBatch.names)) break;
    names.push(name);
  }
  return names;
}

/** Whether the file's tensors can be asked for: in an ONNX file they are parts of a graph. */
export function hasTensorTable({ runnable, format }: Pick<ModelSummary, 'runnable' | 'format'>): boolean {
  return !runnable && format !== 'onnx';
}

/** The names of the tensors that a saved page shows, as they are asked for. */
export function tensorBatches(tensors: readonly TensorEntry[]): { names: string[] }[] {
  const shown = tensors.slice(0, shownTensors);
  const batches: { names: string[] }[] = [];
  const known = new Set<string>();
  while (known.size < shown.length) {
    const names = nextTensors(shown, (name) => known.has(name));
    for (const name of names) known.add(name);
    batches.push({ names });
  }
  return batches;
}

export function hasManyValues({ shape }: Pick<ModelSummary, 'shape'>): boolean {
  return sizeOf(shape) > MANY_VALUES;
}

/** What the reader of a saved page can choose: nothing where the model cannot be run. */
export function recordedChoices(summary: ModelSummary): RecordedChoices {
  if (!summary.runnable)
    return { examples: [], batches: [], modes: ['eval'], samples: [], morphs: [], pages: [] };
  const count = hasManyValues(summary) ? 1 : 6;
  const samples = defaultSamples(summary);
  const first = defaultExample(summary);
  const total =
    first.kind === 'data' ? (summary.splits.find((s) => s.name === first.split)?.count ?? 0) : samples.count;
  const upTo = (most: number): number[] => Array.from({ length: Math.min(count, most) }, (_, index) => index);
  return {
    examples: upTo(total).map((index) => ({ ...first, index })),
    batches: [defaultBatch(summary)],
    modes: hasBatchMode(summary) ? ['eval', 'train'] : ['eval'],
    samples: [samples],
    morphs: isPlane(summary) ? [] : upTo(samples.count).map((index) => ({ ...samples, index })),
    pages: summary.splits.filter((s) => s.count > 0).map((s) => examplesQuery(summary, s.name, 0)),
  };
}
