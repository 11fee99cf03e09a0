import { hasCheck } from '../../../src/protocol/questions';
import type { RegionFeature, Store } from '../../base/store/store';
import { checkState } from './state';
import { text } from './text';
import { CheckTab } from './view';
import './style.css';
import { latest } from '../../base/store/question';
import { vector, type ViewData } from '../../base/view-data/view-data';

/** One row for each end of each feature. */
function checkNumbers(store: Store): ViewData {
  const { part, map } = store.state(checkState);
  const report = part.value?.report;
  if (!report) return {};
  const ends = report.features.flatMap(({ name, tails }) => tails.map((tail) => ({ name, ...tail })));
  const { worst, blame, histogram } = report;
  const cells = latest(map.answer.value);
  return {
    columns: [
      { name: 'feature', values: ends.map(({ name }) => name) },
      { name: 'end', values: ends.map(({ end }) => end) },
      { name: 'quantile', values: ends.map(({ at }) => at) },
      { name: 'target over flow', values: ends.map(({ byWeights }) => byWeights.ratio) },
      { name: 'error', values: ends.map(({ byWeights }) => byWeights.error) },
    ],
    arrays: {
      histogram: vector(histogram.counts),
      worst: {
        shape: [worst.length, worst[0]!.x.length],
        data: Float32Array.from(worst.flatMap(({ x }) => x)),
      },
      ...(blame ? { explained: vector(blame.layers.map(({ explained }) => explained)) } : {}),
      ...(cells ? { map: { shape: [cells.side, cells.side], data: cells.cells } } : {}),
    },
  };
}

export const check: RegionFeature = {
  id: 'check',
  region: 'diagnostics',
  title: () => text.tab,
  applies: hasCheck,
  state: checkState,
  View: CheckTab,
  numbers: checkNumbers,
};
