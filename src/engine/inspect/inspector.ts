/** Answers the inspector's questions about one open model. */
import { defined } from '../../base/defined';
import { dropOldest } from '../../base/drop-oldest';
import { UserError } from '../../base/user-error';
import {
  questionOf,
  type inspectorQuestions,
  type InspectorAnswer,
  type InspectorMethod,
  type InspectorQuery,
  type QuestionNeeds,
} from '../../protocol/inspector-questions';
import type { InPageInspector } from '../../protocol/in-page';
import { whyApart } from '../../protocol/paired-scores';
import { CancelledError } from '../../protocol/wire';
import type { Backend } from '../backends/backend';
import type { InspectedFlow } from '../model/inspected-flow';
import type { Model } from '../model/model';
import { createCurves, type Curves } from './curves';
import { activity } from './conditioner/activity';
import { atConditions } from './population/at-conditions';
import { contextUse } from './conditioner/context-use';
import { createCalibrations, type Calibrations } from './population/calibration';
import { createChecks, type Checks } from './population/checks';
import { contribution } from './strip/contribution';
import { compareSamples } from './population/data-and-samples';
import { diagnostics } from './population/diagnostics';
import { examples } from './examples';
import { lossOverTime } from './field/loss-over-time';
import { fieldPaths } from './field/paths';
import { fieldPlane } from './field/plane';
import { solverErrors } from './field/solver';
import { findings } from './findings/findings';
import { samples as samplesFinding } from './findings/samples';
import { features } from './conditioner/features';
import { exampleFromFile } from './example-file';
import { jacobian } from './layer/jacobian';
import { mixing } from './layer/mixing';
import { order } from './layer/order';
import { edited, latents, manifold, reconstruct } from './latents/latents';
import { layer, layerOfExample, mask } from './layer/layer';
import { layerDifferences } from './layer/layer-differences';
import { morph, samples } from './latents/samples';
import { nearest } from './population/nearest';
import { plane } from './plane/plane';
import { planeCells } from './plane/cells';
import { planeDensity } from './plane/density';
import { planePath } from './plane/path';
import { pairedScores } from './population/paired-scores';
import { pickExamples, scores } from './population/population';
import { createSharedWork, type SharedWork } from './shared-work';
import { strip, stripOfExample } from './strip/strip';
import { tensorStatistics } from './tensor-statistics';
import { tensorWindow } from './layer/tensor-window';
import { transformCurve } from './layer/transform-curve';
import { network, weight } from './conditioner/weight';
import type { SharedInquiry } from './inquiry';

/** Passes that stay in memory. They hold statistics of a batch and the activations of one example. */
const keptPasses = 16;
/** Contexts that a page went through lately. */
const keptContexts = 4;

/** What is open, with the context that a question gives; what answers keep is kept for each context. */
interface Opened {
  id: string;
  model: Model;
  modelOf: ModelOf;
  flow(): Promise<InspectedFlow>;
  work: SharedWork;
  calibrations: Calibrations;
  checks: Checks;
  curves: Curves;
}

/** What an answer is made of, by what its question needs. */
interface AnswerInputs extends Record<QuestionNeeds, unknown> {
  flow: SharedInquiry;
  model: Opened & { signal: AbortSignal };
}

type Answers = {
  [M in InspectorMethod]: (
    input: AnswerInputs[(typeof inspectorQuestions)[M]['needs']],
    query: InspectorQuery<M>,
  ) => InspectorAnswer<M> | Promise<InspectorAnswer<M>>;
};

/** Sorted as the questions are. */
const answers: Answers = {
  summary: async ({ id, model }) => ({ ...(await model.summary()), id }),
  tensors({ model, signal }, { names }) {
    if (!model.tensorFile) {
      throw new UserError(
        `${model.file}: statistics of single tensors are there for files that cannot be run.`,
      );
    }
    return tensorStatistics(model.tensorFile, names, signal);
  },
  strip,
  stripOfExample,
  contribution,
  layer,
  layerOfExample,
  tensorWindow,
  mask: ({ model }, query) => mask(model, query),
  transformCurve,
  mixing,
  order,
  network: ({ model }, query) => network(model, query),
  weight: ({ model }, query) => weight(model, query),
  features,
  activity,
  jacobian,
  contextUse,
  atConditions,
  calibration: async ({ calibrations, flow, model, signal }, { start, ...settings }) =>
    calibrations.next({ flow: await flow(), file: model.file, settings }, start, signal),
  keptCalibration: ({ calibrations }) => calibrations.kept(),
  check: async ({ checks, flow, signal }, { start, ...settings }) =>
    checks.next({ flow: await flow(), settings }, start, signal),
  keptCheck: ({ checks }) => checks.kept(),
  weightMap: ({ checks }, { features }) => checks.map(features),
  diagnostics,
  async findings({ model, flow, work, signal }, query) {
    const step = trainedSteps(model);
    const { featureNames, target } = await model.summary();
    const known = defined({ step, featureNames, target });
    return findings({ model: await flow(), work, signal }, query, known);
  },
  async dataAndSamples(inquiry) {
    const seen = await compareSamples(inquiry);
    return seen && { ...seen, finding: samplesFinding(seen, {}) };
  },
  samples,
  morph,
  manifold,
  reconstruct,
  examples,
  plane,
  planePath,
  planeCells,
  planeDensity,
  fieldPaths,
  fieldPlane,
  solverErrors,
  lossOverTime,
  curves: ({ curves }, query) => curves(query),
  layerDifferences: async ({ modelOf, flow, signal }, { first, count }) =>
    layerDifferences(await flowOf(modelOf(first)), await flow(), count, signal),
  async pairedScores({ model, modelOf, flow, signal }, { first }) {
    const other = modelOf(first);
    const why = whyApart(await other.summary(), await model.summary());
    return why ? { why } : pairedScores(await flowOf(other), await flow(), signal);
  },
  exampleInFile: async ({ model, flow, signal }, query) =>
    exampleFromFile({ model: await flow(), signal }, query, (await model.summary()).featureNames),
  scores,
  pickExamples,
  latents,
  edited,
  nearest,
};

export type Inspector = InPageInspector;

/** A model that is open too. @throws UserError where there is none of this id */
export type ModelOf = (id: string) => Model;

/**
 * @param id of the model in its engine, part of the summary
 * @param modelOf finds what the model is compared with
 * @param backend for what is trained to answer
 */
export function createInspector(
  id: string,
  model: Model,
  modelOf: ModelOf = noOther,
  backend?: Pick<Backend, 'compile'>,
): Inspector {
  const opened = (subject: Model): Opened => ({
    id,
    model: subject,
    modelOf,
    flow: () => flowOf(subject),
    work: createSharedWork(keptPasses),
    calibrations: createCalibrations(async () => (await subject.summary()).featureNames),
    checks: createChecks(async () => (await subject.summary()).featureNames, backend),
    curves: createCurves(subject.run),
  });
  const plain = opened(model);
  /** By the context that a question gives; each has work of its own. */
  const others = new Map<string, Opened>();
  const openedWith = (context: readonly number[] | undefined): Opened => {
    if (!context) return plain;
    const key = context.join();
    const known = others.get(key) ?? opened(withContext(model, context));
    others.delete(key);
    others.set(key, known);
    for (const { work, checks } of dropOldest(others, keptContexts)) {
      work.clear();
      checks.end();
    }
    return known;
  };
  return {
    async ask(method, query, signal, context) {
      if (!Object.hasOwn(answers, method)) throw new UserError(`The inspector has no question "${method}".`);
      if (model.recording && !model.recording.answers.includes(method)) {
        throw new UserError(
          `${model.file}: is a recording, whose flow is not run again; it has no answer to this question (${method}).`,
        );
      }
      if (signal.aborted) throw new CancelledError();
      const { needs, context: takes } = questionOf(method);
      const opened = openedWith(takes === 'none' ? undefined : context);
      const { flow, work } = opened;
      const input = needs === 'model' ? { ...opened, signal } : { model: await flow(), work, signal };
      const answer = answers[method] as (input: unknown, query: unknown) => unknown;
      return (await answer(input, query)) as InspectorAnswer<typeof method>;
    },
    dispose() {
      for (const { work, checks } of [plain, ...others.values()]) {
        work.clear();
        checks.end();
      }
    },
  };
}

function noOther(): never {
  throw new UserError('No other model is open here.');
}

/** @throws UserError for a flow without context, or for values that do not fit */
function withContext(model: Model, context: readonly number[]): Model {
  const size = model.inspected?.runner.context?.mean.length;
  if (!model.inspected?.withContext || size === undefined)
    throw new UserError('A context was given; this flow takes none.');
  if (context.length !== size || !context.every(Number.isFinite))
    throw new UserError(`The context is [${context.join(', ')}]; expected ${size} finite numbers.`);
  return { ...model, inspected: model.inspected.withContext(context) };
}

/** Steps that a flow was trained for; a file of another library does not say. */
function trainedSteps({ flow }: Model): number | undefined {
  return flow && (flow.header.origin && flow.header.step === 0 ? undefined : flow.header.step);
}

/** @throws UserError for a file that can only be described */
export async function flowOf(model: Model): Promise<InspectedFlow> {
  if (model.inspected) return model.inspected;
  const { reason, fileName } = await model.summary();
  throw new UserError(reason ?? `${fileName} cannot be run.`);
}
