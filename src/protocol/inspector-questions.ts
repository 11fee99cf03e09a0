/** Every question that the inspector can be asked about an open model. */
import type { AtConditions, AtConditionsQuery, ContextUse, ContextUseQuery } from './conditions';
import type { CheckPart, CheckQuery, WeightMap, WeightMapQuery } from './check';
import type { CalibrationPart, CalibrationQuery } from './calibration';
import type {
  ActivityQuery,
  ActivityView,
  FeatureQuery,
  FeatureView,
  WeightQuery,
  WeightView,
} from './conditioner';
import type { Contribution } from './contribution';
import type { DataAndSamples } from './data-and-samples';
import {
  hasFieldPlane,
  hasLines,
  hasPaths,
  type FieldPaths,
  type FieldPathsQuery,
  type FieldPlane,
  type FieldPlaneQuery,
  type LossOverTime,
  type SolverErrors,
} from './field';
import type { Findings, FindingsQuery } from './findings';
import type { ExampleInFile, ExampleFile } from './example-file';
import type {
  Diagnostics,
  ExampleLayer,
  ExamplePage,
  ExamplesQuery,
  ExampleStrip,
  LayerQuery,
  LayerView,
  ManifoldQuery,
  ManifoldView,
  MaskView,
  Morph,
  NetworkView,
  PlaneQuery,
  PlaneView,
  Reconstructions,
  ReconstructQuery,
  SampleGrid,
  Strip,
} from './inspect';
import type { JacobianQuery, JacobianView } from './jacobian';
import type { EditedQuery, EditedView, LatentsView } from './latents';
import type { LayerDifferences, LayerDifferencesQuery } from './layer-differences';
import { hasMatrix, type MixingQuery, type MixingView } from './mixing';
import type { LayerInfo, ModelSummary } from './model';
import type { NearestExamples, NearestQuery } from './nearest';
import type { OrderQuery, OrderView } from './order';
import type {
  PlaneCells,
  PlaneCellsQuery,
  PlaneDensity,
  PlaneDensityQuery,
  PlanePath,
  PlanePathQuery,
} from './plane';
import type { Incomparable, PairedScores, PairedScoresQuery } from './paired-scores';
import type { PickedExamples, PickedQuery, Scores, ScoresQuery } from './population';
import {
  atConditionsQuery,
  canAsk,
  defaultFresh,
  defaultManifold,
  defaultSelection,
  hasCalibration,
  hasCheck,
  hasConditions,
  hasJacobian,
  hasCurves,
  hasTensorTable,
  hasManyValues,
  isCoupling,
  isPlane,
  jacobianQuery,
  planeCellsQuery,
  planeDensityQuery,
  planeQuery,
  recordedChoices,
  recordedConditions,
  scaleCount,
  tensorBatches,
  variedConditions,
  type RecordedChoices,
} from './questions';
import type { CurvesQuery, RunCurves } from './run';
import type { BatchRef, ExampleRef, SampleQuery, Selection, UneditedRef } from './selection';
import type { TransformCurveQuery, TransformCurveView } from './transform-curve';
import type { TensorStatistics } from './tensors';
import type { TensorWindow, TensorWindowQuery } from './tensor-window';

/** What a saved page is made for. */
interface SavedPlan extends RecordedChoices {
  summary: ModelSummary;
  /** Each example as it is looked at. */
  selections: Selection[];
  /** The first of them. */
  selection: Selection;
  batch: BatchRef;
}

interface Declaration<Query> {
  /**
   * What examples and samples of a conditional flow are given: what the user chose, if anything, or also the looked-at
   * example's own. By default the first; `none` for an answer that no context changes.
   */
  context?: 'none' | 'example';
  /** The part of a recording that answers it; absent where the flow would have to run. */
  recorded?: RecordedPart;
  /** A flow that runs elsewhere answers it by its values and log-dets, besides what was recorded of it. */
  running?: true;
  /** Its query names another model, which has to be open in the same engine. */
  beside?: true;
  /** Queries whose answers a saved page holds. */
  saved?(plan: SavedPlan): readonly Query[];
}

/** `pass` is in every recording. */
export type RecordedPart = 'pass' | 'samples' | 'jacobian' | 'order' | 'activations' | 'slices';

/** What answers it: a flow, or whatever is open, even a file that is not run. */
export type QuestionNeeds = 'flow' | 'model';

interface DeclaredQuestion<Query, Answer, Needs extends QuestionNeeds> extends Declaration<Query> {
  needs: Needs;
  /** Only its type is there. */
  method?(query: Query): Promise<Answer>;
}

/** Says what a question takes and what comes back; engine/inspect answers it. */
const defineQuestion =
  <Needs extends QuestionNeeds>(needs: Needs) =>
  <Query, Answer>(declaration: Declaration<Query> = {}): DeclaredQuestion<Query, Answer, Needs> => ({
    needs,
    ...declaration,
  });

const ofModel = defineQuestion('model');
const ofFlow = defineQuestion('flow');

/** Features of a layer above which a saved page keeps none of its curves, so that it stays a few MB. */
const savedCurves = 128;

/** Asks of each layer that has it. */
const ofLayers =
  <Query>(has: (layer: LayerInfo) => unknown, query: (layer: LayerInfo, plan: SavedPlan) => Query) =>
  (plan: SavedPlan): Query[] =>
    plan.summary.layers.filter(has).map((layer) => query(layer, plan));

/** In the order in which a saved page computes them. `null` for an answer says that the question does not apply. */
export const inspectorQuestions = {
  summary: ofModel<undefined, ModelSummary>({ context: 'none', recorded: 'pass', saved: () => [undefined] }),
  /** Tensors of a file whose flow is not known, in the order of the names. */
  tensors: ofModel<{ names: string[] }, TensorStatistics[]>({
    context: 'none',
    saved: ({ summary }) => (hasTensorTable(summary) ? tensorBatches(summary.tensors) : []),
  }),
  strip: ofFlow<Selection, Strip>({ recorded: 'pass', saved: ({ selections }) => selections }),
  stripOfExample: ofFlow<{ example: ExampleRef }, ExampleStrip>({ recorded: 'pass' }),
  /** What each element of the example costs. */
  contribution: ofFlow<Selection, Contribution>({ recorded: 'pass', saved: ({ selections }) => selections }),
  layer: ofFlow<LayerQuery, LayerView>({
    recorded: 'pass',
    saved: ({ selections, summary: { layers } }) =>
      selections.flatMap((selection) => layers.map(({ index }) => ({ ...selection, layer: index }))),
  }),
  layerOfExample: ofFlow<{ example: ExampleRef; layer: number }, ExampleLayer>({ recorded: 'pass' }),
  tensorWindow: ofFlow<TensorWindowQuery, TensorWindow>({ recorded: 'pass' }),
  mask: ofFlow<{ layer: number }, MaskView>({
    context: 'none',
    recorded: 'pass',
    saved: ofLayers(isCoupling, ({ index }) => ({ layer: index })),
  }),
  transformCurve: ofFlow<TransformCurveQuery, TransformCurveView>({
    saved: ofLayers(
      (layer) => hasCurves(layer) && layer.inputShape[0]! <= savedCurves,
      ({ index }, { selection }) => ({ ...selection, layer: index }),
    ),
  }),
  mixing: ofFlow<MixingQuery, MixingView>({
    saved: ofLayers(hasMatrix, ({ index }) => ({ layer: index, feature: -1 })),
  }),
  order: ofFlow<OrderQuery, OrderView>({
    recorded: 'order',
    saved: ofLayers(
      ({ order }) => order,
      ({ index }, { batch }) => ({ layer: index, batch, from: 0 }),
    ),
  }),
  network: ofFlow<{ layer: number }, NetworkView>({
    context: 'none',
    recorded: 'pass',
    saved: ofLayers(
      () => true,
      ({ index }) => ({ layer: index }),
    ),
  }),
  weight: ofFlow<WeightQuery, WeightView>({ context: 'none' }),
  features: ofFlow<FeatureQuery, FeatureView>({ recorded: 'activations' }),
  activity: ofFlow<ActivityQuery, ActivityView>(),
  jacobian: ofFlow<JacobianQuery, JacobianView>({
    recorded: 'jacobian',
    // Gradients of large networks take their time.
    saved: (plan) =>
      hasManyValues(plan.summary)
        ? []
        : ofLayers(hasJacobian, (layer) => jacobianQuery(plan.selection, layer, -1))(plan),
  }),
  contextUse: ofFlow<ContextUseQuery, ContextUse>({
    saved: ({ summary, batch }) => (hasConditions(summary) ? [{ batch }] : []),
  }),
  atConditions: ofFlow<AtConditionsQuery, AtConditions>({
    running: true,
    context: 'example',
    saved: ({ summary, batch, samples: [samples] }) =>
      hasConditions(summary)
        ? variedConditions(summary.context!)
            .slice(0, recordedConditions)
            .map((vary) => atConditionsQuery(summary, batch, vary, samples!, true))
        : [],
  }),
  calibration: ofModel<CalibrationQuery, CalibrationPart>({ context: 'none' }),
  /** What `calibration` came to last, whether it reached its end or not. */
  keptCalibration: ofModel<undefined, CalibrationPart | null>({
    context: 'none',
    saved: ({ summary }) => (hasCalibration(summary) ? [undefined] : []),
  }),
  check: ofModel<CheckQuery, CheckPart>({ context: 'example' }),
  /** What `check` came to last, whether it reached its end or not. */
  keptCheck: ofModel<undefined, CheckPart | null>({
    context: 'example',
    saved: ({ summary }) => (hasCheck(summary) ? [undefined] : []),
  }),
  /** Over two features of the draws that `check` made last; `null` where there are none. */
  weightMap: ofModel<WeightMapQuery, WeightMap | null>({
    context: 'example',
    saved: ({ summary }) => (hasCheck(summary) && summary.shape[0]! > 1 ? [{ features: [0, 1] }] : []),
  }),
  diagnostics: ofFlow<Selection, Diagnostics>({
    recorded: 'pass',
    saved: ({ batch, modes }) => modes.map((mode) => ({ batch, mode })),
  }),
  findings: ofModel<FindingsQuery, Findings>({
    recorded: 'pass',
    saved: ({ batches }) => batches.map((batch) => ({ batch })),
  }),
  /** Samples at temperature 1 compared with the data; `null` without data. */
  dataAndSamples: ofFlow<undefined, DataAndSamples | null>({
    running: true,
    context: 'none',
    saved: ({ summary }) => (summary.splits.length > 0 ? [undefined] : []),
  }),
  samples: ofFlow<SampleQuery, SampleGrid>({
    running: true,
    context: 'example',
    recorded: 'samples',
    saved: ({ samples }) => samples,
  }),
  morph: ofFlow<SampleQuery & { index: number }, Morph>({
    running: true,
    context: 'example',
    recorded: 'samples',
    saved: ({ morphs }) => morphs,
  }),
  manifold: ofFlow<ManifoldQuery, ManifoldView>({
    running: true,
    saved: ({ summary }) => [defaultManifold(summary)],
  }),
  reconstruct: ofFlow<ReconstructQuery, Reconstructions>({
    saved: ({ summary }) =>
      scaleCount(summary) > 1 ? [{ examples: defaultManifold(summary).corners, ...defaultFresh }] : [],
  }),
  examples: ofFlow<ExamplesQuery, ExamplePage>({ recorded: 'pass', saved: ({ pages }) => pages }),
  plane: ofFlow<PlaneQuery, PlaneView>({
    running: true,
    context: 'example',
    saved: ({ summary, batch, samples: [samples] }) =>
      isPlane(summary) ? [planeQuery(summary, batch, samples!)] : [],
  }),
  planePath: ofFlow<PlanePathQuery, PlanePath>({
    running: true,
    context: 'example',
    saved: ({ summary, examples }) =>
      isPlane(summary) ? examples.map((example) => ({ start: { kind: 'example', example } })) : [],
  }),
  planeCells: ofFlow<PlaneCellsQuery, PlaneCells>({
    running: true,
    context: 'example',
    saved: ({ summary, batch }) =>
      planeStages(summary).map((stage) => planeCellsQuery(summary, batch, stage, true)),
  }),
  planeDensity: ofFlow<PlaneDensityQuery, PlaneDensity>({
    running: true,
    context: 'example',
    saved: ({ summary, batch }) =>
      planeStages(summary)
        // Those in between take seconds each where layers are not run alone.
        .filter((stage, _, { length }) => summary.format !== 'onnx' || stage === 0 || stage === length - 1)
        .map((stage) => planeDensityQuery(summary, batch, stage, true)),
  }),
  /** Where examples are on their way through a vector field. */
  fieldPaths: ofFlow<FieldPathsQuery, FieldPaths>({
    recorded: 'slices',
    saved: ({ summary, batch, examples }) =>
      hasPaths(summary) ? examples.map((example) => ({ batch, example, features: [0, 1] })) : [],
  }),
  /** Where a vector field pushes when a slice begins. */
  fieldPlane: ofFlow<FieldPlaneQuery, FieldPlane>({
    // A page holds it for one example.
    saved: ({ summary, batch, examples: [example] }) =>
      hasFieldPlane(summary)
        ? summary.layers.flatMap(({ index, times }) =>
            times ? [{ layer: index, batch, example, features: [0, 1] }] : [],
          )
        : [],
  }),
  /** How many steps of a vector field's solver are enough. */
  solverErrors: ofFlow<{ batch: BatchRef }, SolverErrors>({
    saved: ({ summary: { layers }, batch }) => (layers.some(({ times }) => times) ? [{ batch }] : []),
  }),
  /** Where in time a field's training fails. */
  lossOverTime: ofFlow<Record<string, never>, LossOverTime>({
    context: 'none',
    saved: ({ summary }) => (hasLines(summary) ? [{}] : []),
  }),
  curves: ofModel<CurvesQuery, RunCurves | null>({
    context: 'none',
    recorded: 'pass',
    saved: ({ summary }) => (summary.runnable ? [{}] : []),
  }),
  /** What the layers of two flows make of the same examples. */
  layerDifferences: ofModel<LayerDifferencesQuery, LayerDifferences>({
    context: 'none',
    beside: true,
    recorded: 'pass',
  }),
  /** Which of two flows makes the same held-out examples likelier. */
  pairedScores: ofModel<PairedScoresQuery, PairedScores | { why: Incomparable }>({
    context: 'none',
    beside: true,
  }),
  /** The bytes of a picture or of a row of numbers as an example of the model. */
  exampleInFile: ofModel<ExampleFile, ExampleInFile>({ context: 'none' }),
  scores: ofFlow<ScoresQuery, Scores>({ context: 'none', recorded: 'pass' }),
  pickExamples: ofFlow<PickedQuery, PickedExamples>({ recorded: 'pass' }),
  latents: ofFlow<{ example: UneditedRef }, LatentsView>({ running: true }),
  edited: ofFlow<EditedQuery, EditedView>({ running: true }),
  nearest: ofFlow<NearestQuery, NearestExamples>({ running: true }),
};

function planeStages(summary: ModelSummary): number[] {
  return isPlane(summary) ? Array.from({ length: summary.layers.length + 1 }, (_, stage) => stage) : [];
}

type Questions = typeof inspectorQuestions;
export type InspectorMethod = keyof Questions;
type MethodOf<M extends InspectorMethod> = NonNullable<Questions[M]['method']>;
export type InspectorQuery<M extends InspectorMethod> = Parameters<MethodOf<M>>[0];
export type InspectorAnswer<M extends InspectorMethod> = Awaited<ReturnType<MethodOf<M>>>;

export const inspectorMethods = Object.keys(inspectorQuestions) as InspectorMethod[];

/** What is declared of a question, whichever it is. */
export function questionOf(method: InspectorMethod): Declaration<unknown> & { needs: QuestionNeeds } {
  return inspectorQuestions[method];
}

export interface Question {
  method: InspectorMethod;
  query: unknown;
}

/** All that a saved page holds, in the order in which it is computed, and what its reader can choose. */
export function recordPlan(summary: ModelSummary): { choices: RecordedChoices; questions: Question[] } {
  const choices = recordedChoices(summary);
  const selection = defaultSelection(summary);
  const { examples, modes } = choices;
  // The other mode only for the first example: it explains a difference, and readers do not page through it.
  const selections = examples.flatMap((example, index) =>
    (index === 0 ? modes : modes.slice(0, 1)).map((mode): Selection => ({ ...selection, example, mode })),
  );
  const plan: SavedPlan = { summary, ...choices, selections, selection, batch: selection.batch };
  const methods = inspectorMethods.filter(
    (method) => canAsk(summary, method) && (summary.runnable || questionOf(method).needs === 'model'),
  );
  const questions = methods.flatMap((method) =>
    (questionOf(method).saved?.(plan) ?? []).map((query) => ({ method, query })),
  );
  return { choices, questions };
}
