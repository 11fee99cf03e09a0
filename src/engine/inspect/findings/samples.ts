import { several } from '../../../base/user-error';
import {
  allowedDistance,
  sampleLimits,
  type FeatureComparison,
  type Remedy,
} from '../../../protocol/data-and-samples';
import type { Finding } from '../../../protocol/findings';
import type { Comparison } from '../population/data-and-samples';
import { skipped, type Found, percent, short } from './check';

type Seen = Comparison | { reason: string } | null;

/** Samples compared with the data. @param seen null without data; the reason in words where samples could not be drawn */
export function samples(seen: Seen, known: { step?: number; target?: string }): Finding {
  return { check: 'samples', ...foundIn(seen, known) };
}

function foundIn(seen: Seen, { step, target }: Parameters<typeof samples>[1]): Found {
  if (seen === null) {
    if (target !== undefined) {
      const sentence = `The flow was trained on the target ${target}, not on data: flowscope check --target ${target} says how close it is.`;
      return { ...skipped('ofTarget', sentence), values: { target } };
    }
    return {
      ...skipped('ofSamples', 'There are no data to compare samples of the flow with.'),
      advice:
        'Name your data in a file beside this one, FILE.flowscope.json: {"data": {"source": "table.csv"}} (docs/importing.md).',
    };
  }
  if ('reason' in seen) return skipped('notDrawn', seen.reason);
  if (step === 0) return skipped('untrained', 'The flow is at step 0: its samples are not of the data yet.');
  const { features, nonFinite, samples: drawn, examples, split, energy, band } = seen;
  const common = {
    split,
    examples,
    samples: drawn,
    band,
    allowed: allowedDistance(band),
    energy: energy.distance,
    energyBand: energy.band,
    energyAllowed: energy.allowed,
  };
  if (nonFinite > 0) {
    return {
      severity: nonFinite > sampleLimits.outside.error * drawn ? 'error' : 'notice',
      kind: 'nonFinite',
      sentence: `${nonFinite} of ${several(drawn, 'sample')} have values that are not finite.`,
      advice:
        'Train with a lower learning rate or a bounded scale (scaleMap tanh-channel), or take an earlier checkpoint.',
      values: { ...common, nonFinite },
    };
  }
  const off = features.filter(({ sign }) => sign !== 'ok');
  const worst = off.reduce<FeatureComparison | undefined>(
    (a, b) => (a && weightOf(a) >= weightOf(b) ? a : b),
    undefined,
  );
  if (worst) return ofFeature(worst, off.length, common);
  const inAll = distanceText(energy.distance, energy.allowed, energy.band);
  const together = energy.distance > energy.allowed;
  const farthest = features.reduce<FeatureComparison | undefined>(
    (a, b) => (a && a.distance >= b.distance ? a : b),
    undefined,
  );
  const values = { ...common, ...(farthest ? { feature: farthest.name, distance: farthest.distance } : {}) };
  if (together) {
    return {
      severity: 'notice',
      kind: farthest ? 'together' : 'pixels',
      sentence: farthest
        ? `Each feature alone matches the data, but all together samples differ from the data: ${inAll}.`
        : `Samples differ from the data: ${inAll}.`,
      advice: farthest
        ? 'How the features depend on each other is not learned yet: train longer, or give the flow more layers.'
        : 'Train longer, or give the flow more layers; look at mean and deviation of both for where they differ.',
      values,
    };
  }
  return {
    severity: 'ok',
    kind: farthest ? 'match' : 'matchPixels',
    sentence: farthest
      ? `Samples match the data: largest ${distanceText(farthest.distance, allowedDistance(band), band)} for ${farthest.name}.`
      : `Samples match the data: ${inAll}.`,
    values,
  };
}

const distanceText = (distance: number, allowed: number, chance: number): string =>
  `distance ${short(distance)} (${allowed === chance ? 'by chance' : 'allowed'} up to ${short(allowed)}${allowed === chance ? '' : `, of which ${short(chance)} is chance`})`;

const outsideOf = ({ below, above }: FeatureComparison): number => below + above;
/** Whether what lies outside of all values says more than the distance. */
const isBeyond = (one: FeatureComparison, band: number): boolean => {
  const { notice, error } = sampleLimits.outside;
  return outsideOf(one) > (one.distance > allowedDistance(band) ? error : notice);
};
const weightOf = (one: FeatureComparison): number =>
  (one.sign === 'error' ? 2 : 0) + Math.max(one.distance, outsideOf(one));

function ofFeature(worst: FeatureComparison, off: number, common: Found['values']): Found {
  const { name, sign, distance, below, above, smallest, median, largest, heavyTail, remedy } = worst;
  const beyond = isBeyond(worst, Number(common.band));
  const share = percent(outsideOf(worst));
  const what = !beyond
    ? `samples are spread unlike the data: ${distanceText(distance, Number(common.allowed), Number(common.band))}`
    : above === 0
      ? `${share} of samples lie below the smallest value (${short(smallest)})`
      : below === 0
        ? `${share} of samples lie above the largest value (${short(largest)})`
        : `${share} of samples lie outside of all values (${short(smallest)} to ${short(largest)})`;
  const ratio = largest / median;
  const tail = heavyTail
    ? ` Heavy tail${median > 0 ? `: the largest value is ${Math.round(ratio).toLocaleString('en-US')} times the median` : ''}.`
    : '';
  const others = off > 1 ? ` ${several(off - 1, 'other feature')} ${off === 2 ? 'is' : 'are'} off, too.` : '';
  return {
    severity: sign,
    kind: !beyond ? 'distance' : above === 0 ? 'below' : below === 0 ? 'above' : 'outside',
    sentence: `${name}: ${what}.${tail}${others}`,
    advice: adviceOf(name, remedy ?? { kind: 'train' }),
    values: {
      ...common,
      ...{ feature: name, distance, below, above, smallest, median, largest, others: off - 1 },
      ...(heavyTail ? { ratio: median > 0 ? ratio : 0 } : {}),
      ...(remedy && {
        remedy: remedy.kind,
        ...(remedy.kind === 'log' ? { plus: remedy.plus } : {}),
        ...(remedy.kind === 'few values' ? { distinct: remedy.distinct } : {}),
      }),
    },
  };
}

function adviceOf(name: string, remedy: Remedy): string {
  switch (remedy.kind) {
    case 'log':
      return `Train on log(${remedy.plus ? '1 + ' : ''}${name}). --transform ${name}=log${remedy.plus ? ':-1' : ''} makes that a part of the flow.`;
    case 'logit':
      return `Its values are bounded: train on their logit. --transform ${name}=logit:LOW:HIGH, with bounds just beyond all values, makes that a part of the flow.`;
    case 'leave out':
      return 'It numbers the rows: leave the column out.';
    case 'few values':
      return `It has only ${remedy.distinct} values: train on it as a class, or add noise to it.`;
    case 'train':
      return 'Train longer, or give the flow more layers.';
  }
}
