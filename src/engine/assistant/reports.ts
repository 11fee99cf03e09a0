/** What language models learn of a file: what it is, where NaN or Inf starts in it, and how likely examples are. */
import path from 'node:path';
import { defined } from '../../base/defined';
import { listCheckpoints, readStatus, runPaths } from '../../checkpoint/run-folder';
import type { ModelFile } from '../../checkpoint/model-file';
import type {
  CheckpointReport,
  ReportedRun,
  NonFiniteQuery,
  NonFiniteReport,
  ScoreFileQuery,
  ScoreReport,
} from '../../protocol/assistant';
import { CancelledError } from '../../protocol/wire';
import { describeModel } from '../open/describe-model';
import { sizeOf } from '../../base/shape';
import { layerName, type ModelSummary } from '../../protocol/model';
import { defaultBatch } from '../../protocol/questions';
import type { Inspector } from '../inspect/inspector';
import { tensorStatistics } from '../inspect/tensor-statistics';
import { storedOf } from '../model/inspected-flow';
import type { Model } from '../model/model';
import { countNonFinite } from '../../base/finite';
import { UserError } from '../../base/user-error';
import { openRunner, type Opening } from '../open/open-runner';
import { score, examplesToScore } from '../use/score';

/** Layers that a report names; a model reads no further. */
const mostLayers = 60;

/**
 * What a file or run is, as `flowscope info` says it, and the state of its run.
 * @throws UserError when there is no model at the path, CancelledError
 */
export async function summarizeCheckpoint(
  source: string | ModelFile,
  signal: AbortSignal,
): Promise<CheckpointReport> {
  const { file, format, bytes, parameterCount, tensorCount, layers, ...rest } = await describeModel(source);
  if (signal.aborted) throw new CancelledError();
  const { architecture, preprocessing, step, validation, data, origin, onnx, note, run } = rest;
  return {
    ...{ file, format, bytes, parameterCount, tensorCount, layerCount: layers.length },
    // Without what is as long as a flow has features, or as a config in an ONNX file.
    layers: layers.slice(0, mostLayers).map(({ order: _, ...layer }) => layer),
    ...defined({
      architecture: architecture?.summary,
      inputShape: architecture?.inputShape,
      preprocessing: preprocessing?.summary,
      ...{ step, validation, data: data?.summary, origin, note },
      onnx: onnx && { ...onnx, metadata: {} },
      run: run === undefined ? undefined : await reportedRun(run),
    }),
  };
}

/** Undefined fields are those that the run's status does not say; a run trained elsewhere may have none at all. */
async function reportedRun(folder: string): Promise<ReportedRun> {
  const paths = runPaths(path.resolve(folder));
  const status = await readStatus(paths);
  const checkpoints = await listCheckpoints(paths);
  return {
    folder: paths.folder,
    status: status?.status ?? 'unknown',
    ...defined({ message: status?.message || undefined, step: status?.step, best: status?.best }),
    checkpointSteps: checkpoints.map(({ step }) => step),
  };
}

/** Tensors that a report names. */
const mostTensors = 20;

/**
 * @param inspector of the model
 * @throws UserError for a file of examples that does not fit the model, CancelledError
 */
export async function findNonFinite(
  query: NonFiniteQuery,
  model: Model,
  inspector: Inspector,
  signal: AbortSignal,
): Promise<NonFiniteReport> {
  const summary = await inspector.ask('summary', undefined, signal);
  const tensors = await storedTensors(model, summary, signal);
  const passed = summary.runnable
    ? { pass: await passOf(query, inspector, summary, signal) }
    : { noPass: summary.reason ?? `${summary.fileName} cannot be run.` };
  const run = summary.runFolder ? await reportedRun(summary.runFolder) : undefined;
  const report = { model: model.file, tensors, ...passed };
  return {
    ...report,
    conclusion: concluded(report, run),
    ...defined({
      run: run && {
        folder: run.folder,
        status: run.status,
        ...defined({ message: run.message, step: run.step }),
      },
    }),
  };
}

/** Tensors of a flow in the order of its layers, which is what matters; else in the order of the file. */
async function storedTensors(
  { flow, inspected, tensorFile }: Model,
  { tensors }: ModelSummary,
  signal: AbortSignal,
): Promise<NonFiniteReport['tensors']> {
  const { layers = [], tensors: held } = flow ?? inspected ?? {};
  const owners = new Map(
    layers.flatMap((layer) => storedOf(layer).map(({ name }) => [name, layer.info.name])),
  );
  const read = held ? (name: string) => Promise.resolve(held[name]!) : tensorFile?.read;
  const names = new Set([...owners.keys(), ...(held ? Object.keys(held) : tensors.map(({ name }) => name))]);
  const statistics = read ? await tensorStatistics({ read }, [...names], signal) : [];
  const found = statistics.flatMap(({ name, stats }) =>
    stats && stats.nan + stats.inf > 0
      ? [
          {
            name,
            ...defined({ layer: owners.get(name) }),
            nan: stats.nan,
            inf: stats.inf,
            values: stats.count,
          },
        ]
      : [],
  );
  const unreadable = statistics.filter(({ problem }) => problem !== undefined).length;
  return { looked: statistics.length, found: found.length, first: found.slice(0, mostTensors), unreadable };
}

async function passOf(
  { input, index, count }: NonFiniteQuery,
  inspector: Inspector,
  summary: ModelSummary,
  signal: AbortSignal,
): Promise<NonNullable<NonFiniteReport['pass']>> {
  const named = (layer: number) => {
    const { name, kind } = summary.layers[layer]!;
    return { layer: { index: layer, name, kind } };
  };
  if (input !== undefined) {
    const example = { kind: 'file', path: input, index } as const;
    const { firstNonFinite } = await inspector.ask('stripOfExample', { example }, signal);
    return {
      examples: `example ${index} of ${input}`,
      ...(firstNonFinite ? named(firstNonFinite.layer) : {}),
      sentence: firstNonFinite
        ? `NaN or Inf first appears in ${layerName(summary.layers[firstNonFinite.layer]!)}. ${firstNonFinite.cause}`
        : `Every value of ${summary.layers.length} layers is finite for this example.`,
    };
  }
  const usual = defaultBatch(summary);
  const most = summary.splits.find(({ name }) => name === usual.split)?.count ?? Infinity;
  const { findings, count: looked } = await inspector.ask(
    'findings',
    { batch: { ...usual, count: Math.min(count, most) } },
    signal,
  );
  const { layer, sentence, advice } = findings.find(({ check }) => check === 'nonFinite')!;
  return {
    examples:
      usual.split === 'sample' ? `${looked} samples of the flow` : `${looked} ${usual.split} examples`,
    ...(layer === undefined ? {} : named(layer)),
    sentence,
    ...(advice ? { advice } : {}),
  };
}

function concluded(
  { tensors, pass }: Pick<NonFiniteReport, 'tensors' | 'pass'>,
  run: ReportedRun | undefined,
): string {
  const [first] = tensors.first;
  const stored = first
    ? `${tensors.found} of ${tensors.looked} stored tensors hold NaN or Inf, first ${first.name}${first.layer ? ` of layer ${first.layer}` : ''}.`
    : `No stored tensor holds NaN or Inf (${tensors.looked} looked at).`;
  return [
    ...(pass ? [pass.sentence, `Looked at: ${pass.examples}.`] : []),
    stored,
    ...(run?.status === 'failed' ? [`The training failed at step ${run.step}: ${run.message}.`] : []),
  ].join(' ');
}

const probabilities = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/**
 * Scores examples as `flowscope score` does, and says how they spread and which are the least likely.
 * @throws UserError for a model without a likelihood or examples that do not fit it, CancelledError
 */
export async function scoreFile(
  query: ScoreFileQuery,
  model: ModelFile,
  opening: Omit<Opening, 'note'>,
  signal: AbortSignal,
): Promise<ScoreReport> {
  const { draws, seed, leastLikely, input, split } = query;
  const notes: string[] = [];
  const opened = await openRunner({ ...opening, note: (text) => notes.push(text) }, model, 'forward');
  const { runner, file } = opened;
  const origin = opened.model?.header.origin;
  if (origin && origin.assumptions.length > 0)
    notes.push(`Not in the file: ${origin.assumptions.join('; ')}.`);
  if (runner.lacksLogDet) {
    throw new UserError(
      `${file}: computes no log-det, without which there is no likelihood; use another file.`,
    );
  }
  const examples = await examplesToScore(opened, { ...query, space: 'data' });
  // Only integer pixels get noise; all other examples would score the same each time.
  const result = await score(runner, examples, { draws: examples.noisy ? draws : 1, signal });
  const unit = result.bitsPerDim ? 'bits/dim' : 'nats';
  const values = result.bitsPerDim ?? result.nats;
  const order = unlikelyFirst(values);
  return {
    model: file,
    examples: input ?? `${split} data of the run`,
    count: examples.count,
    dimensions: sizeOf(runner.inputShape),
    unit,
    mean: result.mean,
    quantiles: probabilities.map((probability) => ({
      probability,
      value: values[order[order.length - 1 - Math.round(probability * (order.length - 1))]!]!,
    })),
    leastLikely: [...order.slice(0, leastLikely)].map((index) => ({ index, value: values[index]! })),
    nonFinite: countNonFinite(values),
    ...(examples.noisy ? { noise: { draws, seed } } : {}),
    notes,
  };
}

/** Places of the values from the largest to the smallest; NaN counts as the largest. */
function unlikelyFirst(values: Float64Array): Int32Array {
  const rank = (value: number): number => (Number.isNaN(value) ? Infinity : value);
  return Int32Array.from(values.keys()).sort((a, b) => {
    const [left, right] = [rank(values[a]!), rank(values[b]!)];
    return left === right ? a - b : right - left;
  });
}
