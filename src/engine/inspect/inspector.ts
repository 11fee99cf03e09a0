/** Answers the inspector's questions about one open model. */
import { dropOldest } from '../../base/drop-oldest';
import { UserError } from '../../base/user-error';
import type { InspectorAnswer, InspectorMethod, InspectorQuery } from '../../protocol/inspect';
import { CancelledError } from '../../protocol/wire';
import type { InspectedFlow } from '../model/inspected-flow';
import type { Model } from '../model/model';
import { createCurves } from './curves';
import { activity } from './activity';
import { atConditions } from './at-conditions';
import { contextUse } from './context-use';
import { createCalibrations } from './calibration';
import { contribution } from './contribution';
import { diagnostics } from './diagnostics';
import { examples } from './examples';
import { findings } from './findings/findings';
import { features } from './features';
import { givenExample } from './given';
import { jacobian } from './jacobian';
import { mixing } from './mixing';
import { order } from './order';
import { spline } from './spline';
import { edited, latents } from './latents';
import { layer, layerOfExample } from './layer';
import { layerDifferences } from './layer-differences';
import { manifold } from './manifold';
import { mask } from './mask';
import { morph } from './morph';
import { nearest } from './nearest';
import { network } from './network';
import { plane } from './plane';
import { planeCells } from './plane-cells';
import { planeDensity } from './plane-density';
import { planePath } from './plane-path';
import { pickExamples, scores } from './population';
import { reconstruct } from './reconstruct';
import { samples } from './samples';
import { createSharedWork, type SharedWork } from './shared-work';
import { strip, stripOfExample } from './strip';
import { tensorStatistics } from './tensor-statistics';
import { tensorWindow } from './tensor-window';
import { weight } from './weight';

/** Passes that stay in memory. They hold statistics of a batch and the activations of one example. */
const keptPasses = 16;
/** Contexts that a page went through lately. */
const keptContexts = 4;

type Answers = {
  [M in InspectorMethod]: (
    query: InspectorQuery<M>,
    signal: AbortSignal,
  ) => InspectorAnswer<M> | Promise<InspectorAnswer<M>>;
};

export interface Inspector {
  /**
   * @param context that single examples and samples are given, in data units
   * @throws UserError for a question that the model has no answer to, CancelledError
   */
  ask<M extends InspectorMethod>(
    method: M,
    query: InspectorQuery<M>,
    signal: AbortSignal,
    context?: readonly number[],
  ): Promise<InspectorAnswer<M>>;
  dispose(): void;
}

/** A model that is open too. @throws UserError where there is none of this id */
export type ModelOf = (id: string) => Model;

/**
 * @param id of the model in its engine, part of the summary
 * @param modelOf finds what the model is compared with
 */
export function createInspector(id: string, model: Model, modelOf: ModelOf = noOther): Inspector {
  const given = (asked: Model): Given => {
    const work = createSharedWork(keptPasses);
    return { work, answers: answersOf(id, asked, { work, modelOf }) };
  };
  const plain: Given = given(model);
  /** By the context that a question gives; each has work of its own. */
  const others = new Map<string, Given>();
  const givenFor = (context: readonly number[] | undefined): Given => {
    if (!context) return plain;
    const key = context.join();
    const known = others.get(key) ?? given(withContext(model, context));
    others.delete(key);
    others.set(key, known);
    for (const { work } of dropOldest(others, keptContexts)) work.clear();
    return known;
  };
  return {
    async ask(method, query, signal, context) {
      const { answers } = givenFor(context);
      if (!Object.hasOwn(answers, method)) {
        throw new UserError(`The inspector has no question "${method}".`);
      }
      if (model.recording && !model.recording.answers.includes(method)) {
        throw new UserError(
          `${model.file}: is a recording, whose flow is not run again; it has no answer to this question (${method}).`,
        );
      }
      if (signal.aborted) throw new CancelledError();
      const answer = answers[method] as (
        query: InspectorQuery<InspectorMethod>,
        signal: AbortSignal,
      ) => unknown;
      return (await answer(query, signal)) as InspectorAnswer<typeof method>;
    },
    dispose() {
      for (const { work } of [plain, ...others.values()]) work.clear();
    },
  };
}

interface Given {
  work: SharedWork;
  answers: Answers;
}

function noOther(): never {
  throw new UserError('No other model is open here.');
}

/** @throws UserError for a flow that takes none, or for values that are none */
function withContext(model: Model, context: readonly number[]): Model {
  const size = model.inspected?.runner.context?.mean.length;
  if (!model.inspected?.withContext || size === undefined) {
    throw new UserError('A context was given; this flow takes none.');
  }
  if (context.length !== size || !context.every(Number.isFinite)) {
    throw new UserError(`The context is [${context.join(', ')}]; expected ${size} finite numbers.`);
  }
  return { ...model, inspected: model.inspected.withContext(context) };
}

/** Steps that a flow was trained for; a file of another library does not say. */
function trainedSteps({ flow }: Model): number | undefined {
  return flow && (flow.header.origin && flow.header.step === 0 ? undefined : flow.header.step);
}

async function flowOf(model: Model): Promise<InspectedFlow> {
  if (model.inspected) return model.inspected;
  const { reason, fileName } = await model.summary();
  throw new UserError(reason ?? `${fileName} cannot be run.`);
}

function answersOf(
  id: string,
  model: Model,
  { work, modelOf }: { work: SharedWork; modelOf: ModelOf },
): Answers {
  const flow = (): Promise<InspectedFlow> => flowOf(model);
  const calibrations = createCalibrations(async () => (await model.summary()).featureNames);
  return {
    calibration: async (query, signal) => calibrations.next(await flow(), model.file, query, signal),
    keptCalibration: () => calibrations.kept(),
    pairPlot: (query, signal) => calibrations.pairPlot(query, signal),
    summary: async () => ({ ...(await model.summary()), id }),
    strip: async (query, signal) => strip(await flow(), work, query, signal),
    stripOfExample: async (query, signal) => stripOfExample(await flow(), work, query, signal),
    layer: async (query, signal) => layer(await flow(), work, query, signal),
    layerOfExample: async (query, signal) => layerOfExample(await flow(), work, query, signal),
    tensorWindow: async (query, signal) => tensorWindow(await flow(), work, query, signal),
    layerDifferences: async ({ first, count }, signal) =>
      layerDifferences(await flowOf(modelOf(first)), await flow(), count, signal),
    mask: async (query) => mask(await flow(), query),
    network: async (query) => network(await flow(), query),
    weight: async (query) => weight(await flow(), query),
    features: async (query, signal) => features(await flow(), work, query, signal),
    activity: async (query, signal) => activity(await flow(), query, signal),
    spline: async (query, signal) => spline(await flow(), work, query, signal),
    mixing: async (query, signal) => mixing(await flow(), work, query, signal),
    order: async (query, signal) => order(await flow(), query, signal),
    atConditions: async (query, signal) => atConditions(await flow(), query, signal),
    contextUse: async (query, signal) => contextUse(await flow(), query, signal),
    jacobian: async (query, signal) => jacobian(await flow(), work, query, signal),
    samples: async (query, signal) => samples(await flow(), query, signal),
    morph: async (query, signal) => morph(await flow(), query, signal),
    manifold: async (query, signal) => manifold(await flow(), query, signal),
    reconstruct: async (query, signal) => reconstruct(await flow(), query, signal),
    examples: async (query, signal) => examples(await flow(), query, signal),
    diagnostics: async (query, signal) => diagnostics(await flow(), work, query, signal),
    findings: async (query, signal) => {
      const step = trainedSteps(model);
      const { featureNames } = await model.summary();
      const known = { ...(step === undefined ? {} : { step }), ...(featureNames ? { featureNames } : {}) };
      return findings(await flow(), work, query, known, signal);
    },
    plane: async (query, signal) => plane(await flow(), query, signal),
    givenExample: async (query, signal) =>
      givenExample(await flow(), query, (await model.summary()).featureNames, signal),
    planePath: async (query, signal) => planePath(await flow(), query, signal),
    planeDensity: async (query, signal) => planeDensity(await flow(), query, signal),
    planeCells: async (query, signal) => planeCells(await flow(), query, signal),
    curves: createCurves(model.run),
    contribution: async (query, signal) => contribution(await flow(), work, query, signal),
    scores: async (query, signal) => scores(await flow(), work, query, signal),
    pickExamples: async (query, signal) => pickExamples(await flow(), query, signal),
    latents: async (query, signal) => latents(await flow(), work, query, signal),
    edited: async (query, signal) => edited(await flow(), work, query, signal),
    nearest: async (query, signal) => nearest(await flow(), query, signal),
    tensors: async ({ names }, signal) => {
      if (!model.tensorFile) {
        throw new UserError(
          `${model.file}: statistics of single tensors are there for files that cannot be run.`,
        );
      }
      return tensorStatistics(model.tensorFile, names, signal);
    },
  };
}
