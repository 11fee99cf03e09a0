/** What a model is compared with, and the questions that the second model is asked. */
import { layerComparison, type LayerDifferencesQuery } from './layer-differences';
import type { Strip } from './inspect';
import type { Question } from './inspector-questions';
import type { ExampleRef, SampleQuery, Selection } from './selection';
import type { CheckpointInfo, LayerInfo, ModelSummary } from './model';
import { canAsk, defaultSamples, type RecordedChoices } from './questions';

/** The checkpoints of another run. */
export interface ComparableRun {
  folder: string;
  /** By ascending step. */
  checkpoints: CheckpointInfo[];
}

/** What there is to compare with, apart from the checkpoints of the model's own run. */
export interface Comparables {
  /** The one that was written last first. */
  runs: ComparableRun[];
  /** Paths of files that were opened or compared lately, the latest first. */
  recent: string[];
}

/** Whether two flows were given the same examples, so that what their layers make of them can be compared. */
export function comparesLayers(a: ModelSummary, b: ModelSummary): boolean {
  const recorded = a.recording !== undefined || b.recording !== undefined;
  return recorded && a.runnable && b.runnable && JSON.stringify(a.shape) === JSON.stringify(b.shape);
}

export function layerDifferencesQuery({ id }: Pick<ModelSummary, 'id'>): LayerDifferencesQuery {
  return { first: id, count: layerComparison.examples };
}

/** Samples of B: the same query as A's; for a recording, as many of its own as A shows; undefined where it has none. */
export function linkedSamples(query: SampleQuery, b: ModelSummary): SampleQuery | undefined {
  if (!canAsk(b, 'samples')) return undefined;
  if (!b.recording) return query;
  return { ...defaultSamples(b), count: Math.min(query.count, b.recording.samples) };
}

/** The layer of B that does what a layer of A does: the same name and shapes, or of a recording the same place and shapes. */
export function partnerOf(layer: LayerInfo, b: ModelSummary): LayerInfo | undefined {
  const shapes = ({ inputShape, outputShape }: LayerInfo): string =>
    JSON.stringify([inputShape, outputShape]);
  const same = b.layers.filter((other) => shapes(other) === shapes(layer));
  return (
    same.find(({ name }) => name === layer.name) ??
    (b.recording ? same.find(({ index }) => index === layer.index) : undefined)
  );
}

/**
 * The selection in B: the same input, also where B's data are others, and a batch that B has.
 * @param strip A's, of the example: its input, in data units, and the condition that goes with it
 */
export function linkedSelection(
  now: Selection,
  a: ModelSummary,
  b: ModelSummary,
  strip: Pick<Strip, 'input' | 'context'> | undefined,
): Selection {
  const sameData =
    (a.runFolder !== undefined && a.runFolder === b.runFolder) ||
    (a.dataName !== undefined &&
      a.dataName === b.dataName &&
      JSON.stringify(a.splits) === JSON.stringify(b.splits));
  const sameShape = JSON.stringify(a.shape) === JSON.stringify(b.shape);
  const { example, ...rest } = now;
  const split = b.splits.find(({ name }) => name === now.batch.split);
  const batch = split
    ? { split: split.name, count: Math.min(now.batch.count, split.count) }
    : { split: 'sample' as const, count: now.batch.count };
  if (!example || !sameShape) return { ...rest, batch };
  if (sameData && example.kind === 'data') return { ...rest, batch, example };
  const input = strip?.input?.data;
  if (input && within(input, b.levels)) {
    const context = b.context && strip.context ? { context: [...strip.context] } : {};
    return { ...rest, batch, example: { kind: 'values', values: [...input], ...context } };
  }
  return sameData ? { ...rest, batch, example } : { ...rest, batch };
}

/** Samples may lie a little outside of what pixels can be; such values are not taken as an example. */
function within(input: Float32Array, levels: number | undefined): boolean {
  return levels === undefined || input.every((value) => value >= 0 && value < levels);
}

/** Examples of which a saved page holds the layers of B too. */
const mostExamples = 3;

/**
 * What a saved page asks B, for as many of its examples as fit.
 * @param stripOf the strip of one of A's examples, where it was recorded
 */
export function comparisonPlan(
  a: ModelSummary,
  b: ModelSummary,
  choices: RecordedChoices,
  stripOf: (example: ExampleRef) => Strip | undefined,
): Question[] {
  const questions: Question[] = [{ method: 'summary', query: undefined }];
  const [batch] = choices.batches;
  if (!b.runnable || !batch) return questions;
  if (comparesLayers(a, b)) questions.push({ method: 'layerDifferences', query: layerDifferencesQuery(a) });
  else questions.push({ method: 'pairedScores', query: { first: a.id } });
  const samples = canAsk(a, 'samples') ? linkedSamples(defaultSamples(a), b) : undefined;
  if (samples) questions.push({ method: 'samples', query: samples });
  questions.push({ method: 'curves', query: {} });
  for (const example of choices.examples.slice(0, mostExamples)) {
    const selection = linkedSelection({ example, batch, mode: 'eval' }, a, b, stripOf(example));
    questions.push({ method: 'strip', query: selection });
    for (const layer of a.layers) {
      const partner = partnerOf(layer, b);
      if (partner) questions.push({ method: 'layer', query: { ...selection, layer: partner.index } });
    }
  }
  return questions;
}
