/** What a flow's own numbers say is wrong, in words. */
import type { BatchRef } from './selection';
import type { LayerTab } from './layer-tabs';

/** What is looked at, in the order in which it is shown. */
export const checkNames = [
  'nonFinite',
  'samples',
  'scaleSize',
  'saturation',
  'outsideSpline',
  'deadConditioner',
  'deadUnits',
  'normStatistics',
  'modes',
  'latents',
  'inverse',
  'overfitting',
] as const;

export type CheckName = (typeof checkNames)[number];

/** `skipped`: could not be looked at, the sentence says why. */
export type Severity = 'ok' | 'notice' | 'warning' | 'error' | 'skipped';

export interface Finding {
  check: CheckName;
  severity: Severity;
  /** Which of the check's sentences this is, so that a page in another language has its own. */
  kind: string;
  /** In English, with the numbers in it. */
  sentence: string;
  /** What to try; absent where nothing is wrong. */
  advice?: string;
  /** What was measured and what it was compared with; what the sentence is made of. */
  values: Record<string, number | string>;
  /** The layer to look at, by index, and the tab that shows it. */
  layer?: number;
  tab?: LayerTab;
  /** Other layers of which the same is true, by index. */
  others?: number[];
}

export interface FindingsQuery {
  batch: BatchRef;
}

export interface Findings {
  /** One of every check. */
  findings: Finding[];
  /** Examples that the passes went over. */
  count: number;
}

/** Whether there were no data, so that the findings are about the flow's own samples and say nothing of the data. */
export function areAboutSamples(findings: readonly Finding[]): boolean {
  return findings.some(({ check, kind }) => check === 'samples' && /^of(Samples|Target)$/.test(kind));
}

const order: readonly Severity[] = ['error', 'warning', 'notice', 'ok', 'skipped'];

/** The worst first; checks of the same severity in their order. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
