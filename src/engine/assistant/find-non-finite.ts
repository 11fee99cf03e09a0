/** Where NaN or Inf starts: in the stored tensors, in what flows through, and in what the training wrote down. */
import { defined } from '../../base/defined';
import { sizeOf } from '../../base/shape';
import type { NonFiniteQuery, NonFiniteReport, ReportedRun } from '../../protocol/assistant';
import { layerName, type ModelSummary } from '../../protocol/model';
import { defaultBatch } from '../../protocol/questions';

import type { Inspector } from '../inspect/inspector';
import { statsOf } from '../inspect/statistics';
import { storedOf } from '../model/inspected-flow';
import type { Model } from '../model/model';
import { breathe } from '../model/breathe';
import { reportedRun } from './summarize-checkpoint';

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
  const tensors = await storedTensors(model, inspector, summary, signal);
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

/** Tensors of a runnable flow in the order of its layers, which is what matters; else in the order of the file. */
async function storedTensors(
  model: Model,
  inspector: Inspector,
  summary: ModelSummary,
  signal: AbortSignal,
): Promise<NonFiniteReport['tensors']> {
  const flow = model.flow ?? model.inspected;
  const found: NonFiniteReport['tensors']['first'] = [];
  if (!flow) {
    const names = model.tensorFile ? summary.tensors.map(({ name }) => name) : [];
    const statistics = names.length > 0 ? await inspector.ask('tensors', { names }, signal) : [];
    for (const { name, stats } of statistics) {
      if (!stats || stats.nan + stats.inf === 0) continue;
      const { shape = [0] } = summary.tensors.find((tensor) => tensor.name === name) ?? {};
      found.push({ name, nan: stats.nan, inf: stats.inf, values: sizeOf(shape) });
    }
    const unreadable = statistics.filter(({ problem }) => problem !== undefined).length;
    return { looked: names.length, found: found.length, first: found.slice(0, mostTensors), unreadable };
  }
  const owners = new Map(
    flow.layers.flatMap((layer) => storedOf(layer).map(({ name }) => [name, layer.info.name])),
  );
  const names = [...new Set([...owners.keys(), ...Object.keys(flow.tensors)])];
  for (const name of names) {
    await breathe(signal);
    const { data } = flow.tensors[name]!;
    const { nan, inf } = statsOf(data);
    const layer = owners.get(name);
    if (nan + inf > 0) found.push({ name, ...(layer ? { layer } : {}), nan, inf, values: data.length });
  }
  return { looked: names.length, found: found.length, first: found.slice(0, mostTensors), unreadable: 0 };
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
  const { findings, count: looked } = await inspector.ask(
    'findings',
    { batch: { ...usual, count: Math.min(count, splitSize(summary, usual.split)) } },
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

function splitSize({ splits }: ModelSummary, split: string): number {
  return splits.find(({ name }) => name === split)?.count ?? Infinity;
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
