/** Whether the density of a flow is right: its draws weighed against a target, and which layer would mend them. */

export interface CheckSettings {
  /** `FILE.py:FUNCTION`, the log density of the target, which need not be normalized; absent for a check against held-out examples. */
  target?: string;
  /** For held-out examples: `LOW:HIGH` of all features or one each, or `FILE.py:FUNCTION`; draws outside of it leak. */
  prior?: string;
  draws: number;
  seed: number;
}

export interface CheckQuery extends CheckSettings {
  /** 0 begins; then what `done` of the last answer says. */
  start: number;
}

/** From so many draws on, tails and layers can be told. */
export const fewestWeighed = 1000;

/** Above, averages over weights cannot be trusted (Vehtari et al. 2024). */
export const largestK = 0.7;

/** Share of the flow beyond each end. */
export const tailShare = 0.001;

/** Standard errors that a ratio of tails is hardly off by chance. */
export const tailErrors = 3.5;

/** How far from 1 a ratio of tails may be: what does not matter, or what chance allows, as an end holds few of the draws. */
export function tailRoom(draws: number): number {
  return Math.max(0.5, tailErrors / (2 * Math.sqrt(tailShare * draws)));
}

/** A share with an interval that holds it in 90 of 100 cases, for any number of draws. */
export interface Efficiency {
  value: number;
  low: number;
  high: number;
}

/** The largest weights as a generalized Pareto distribution (Zhang and Stephens 2009; Vehtari et al. 2024, arXiv:1507.02646). */
export interface ParetoTail {
  /** Up to `largestK`, averages over the weights can be trusted. */
  k: number;
  /** Weights that it was fitted to. */
  count: number;
  /** The least log weight in it, less the log evidence. */
  from: number;
}

/** The target's mass beyond a quantile of the flow, over the flow's. */
export interface TailRatio {
  end: 'lowest' | 'highest';
  /** The quantile, in data units. */
  at: number;
  byWeights: { ratio: number; error: number };
  /** By rows of the target: absent where there are none. */
  byRows?: { ratio: number; error: number };
  off: boolean;
}

export interface CheckedFeature {
  name: string;
  feature: number;
  /** Beyond the flow's 0.1% and 99.9% points. */
  tails: TailRatio[];
  /** For the flow's draws, and for the target by their weights. */
  mean: { flow: number; target: number };
  deviation: { flow: number; target: number };
}

/** What would be if one layer alone were changed a little: a bijection cannot change the error, so no layer owns a part of it. */
export interface LayerBlame {
  layer: number;
  /** Share of the variance of the log weights that a small change of the layer explains, on draws it was not fitted to. */
  explained: number;
  /** Share that is gone when the change is carried out; for the layers that explain most. */
  removed?: number;
  /** What the change undoes, by feature of the layer's output: the factor that the layer stretches by, and the shift. */
  change?: { name: string; stretch: number; shift: number }[];
}

export interface Blame {
  layers: LayerBlame[];
  /** The layer to look at first; absent where none stands out. */
  named?: number;
  /** The two whose changes remove most. */
  first: number;
  second?: number;
  /** How often, over resampled draws, the first removes more than the second. */
  sure: number;
  draws: number;
}

/** Too much: the flow puts mass where the target has little. Missed: the reverse. Outside: the target has none. */
export type WorstKind = 'too much' | 'missed' | 'outside';

export interface WorstDraw {
  kind: WorstKind;
  /** Number of the draw. */
  index: number;
  /** In data units. */
  x: number[];
  logQ: number;
  /** Less the log evidence; null outside. */
  logWeight: number | null;
  /** Share of all weight. */
  share: number;
  /** Nats of the log weight that a change of each layer explains, in the order of `Blame.layers`. */
  layers?: number[];
}

/** Whether each is as it should be, in one sentence. */
export interface CheckFinding {
  kind:
    | ('efficiency' | 'paretoK' | 'evidence' | 'leakage' | 'tails' | 'missed' | 'layer')
    | ('classifier' | 'distance' | 'local' | 'observation' | 'recovery');
  severity: 'ok' | 'notice';
  sentence: string;
  advice?: string;
}

export interface CheckReport {
  draws: number;
  /** Draws whose log q is not finite; nothing else counts them. */
  nonFinite: number;
  /** (Σw)² / Σw². */
  ess: number;
  efficiency: Efficiency;
  pareto?: ParetoTail;
  logEvidence: { value: number; error: number };
  /** What it should be, for a target whose integral is known. */
  logZ?: number;
  /** Share of the draws where the target has no mass. */
  leakage: { share: number; error: number };
  /** KL of the flow from the target by the draws, and of the target from the flow by their weights, nats; infinite outside. */
  divergence: { reverse: number; forward: number };
  /** What rows of the target say; weights cannot see where the flow never draws. */
  rows?: { count: number; logEvidence: { value: number; error: number } };
  /** Counts of log weights less the log evidence, in bins of equal width. */
  histogram: { low: number; high: number; counts: number[]; under: number; over: number };
  features: CheckedFeature[];
  blame?: Blame;
  /** Why no layer is told. */
  noBlame?: string;
  worst: WorstDraw[];
  findings: CheckFinding[];
}

/** A number of a flow and examples, and what it is below by chance in a right flow. */
export interface ExamplesTest {
  /** Share that a classifier tells rightly, of latents or of examples beside draws; energy and sliced Wasserstein distance of latents. */
  kind: 'latents' | 'examples' | 'energy' | 'sliced';
  value: number;
  band: number;
  off: boolean;
}

/** How far a classifier's chance of an example is from ½ (root of the mean square), and what it is below in 95 of 100 right flows. */
interface LocalDistance {
  value: number;
  band: number;
  pValue: number;
}

export interface LocalTest extends LocalDistance {
  /** `example`: the number of the example whose condition it is. */
  observations: (LocalDistance & {
    condition: number[];
    example?: number;
    /** Share of the examples whose conditions are as far from the nearest other one. */
    asRare: number;
  })[];
}

/** What the condition tells of a feature, in the flow; for a right flow the two are the same. */
export interface Recovery {
  name: string;
  /** Share of the examples' variance that is gone once the condition is known. */
  contraction: number;
  /** Of draws with the examples that have the same condition. */
  correlation: number;
}

/** A flow beside examples. */
export interface ExamplesReport {
  examples: number;
  /** Examples that do not count, since their latents or the draws beside them are not finite. */
  nonFinite: number;
  tests: ExamplesTest[];
  /** For flows that take a condition. */
  local?: LocalTest;
  recovery?: Recovery[];
  /** Share of the draws outside of the prior; absent without one. */
  leakage?: CheckReport['leakage'];
  findings: CheckFinding[];
}

export interface CheckPart {
  settings: CheckSettings;
  done: number;
  total: number;
  /** Absent until there are enough draws, and without a target. */
  report?: CheckReport;
  /** Without a target. */
  against?: ExamplesReport;
}

export interface WeightMapQuery {
  /** Across, up. */
  features: [number, number];
}

/** Log of the mean weight of draws in the cells of two features: the log ratio of target and flow there. */
export interface WeightMap {
  features: [number, number];
  names: [string, string];
  /** [left, right], [bottom, top], data units. */
  range: [[number, number], [number, number]];
  side: number;
  /** [side, side], row by row from the bottom; NaN where there are too few draws. */
  cells: Float32Array;
}
