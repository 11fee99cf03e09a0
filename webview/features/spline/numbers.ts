import { ready } from '../../base/store/question';
import type { Store } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { splineState } from './state';

/** One row for each knot of each feature. */
export function splineNumbers(store: Store): ViewData {
  const view = ready(store.state(splineState).answer.value);
  if (!view) return {};
  const { features, knots, bins, from, to, logDerivative } = view;
  const points = bins + 1;
  const rows = Array.from(knots.x.data, (_, i) => i);
  return {
    columns: [
      { name: 'feature', values: rows.map((i) => features[Math.floor(i / points)]) },
      { name: 'knot', values: rows.map((i) => i % points) },
      { name: 'x', values: Array.from(knots.x.data) },
      { name: 'y', values: Array.from(knots.y.data) },
      { name: 'slope', values: Array.from(knots.slopes.data) },
    ],
    arrays: {
      ...{ features: vector(features), knots_x: knots.x, knots_y: knots.y, slopes: knots.slopes },
      ...{ x: vector(from), y: vector(to), log_derivative: vector(logDerivative) },
      outside: vector(view.batch.outside),
      batch_counts: view.batch.counts,
      batch_in_bins: view.batch.inBins,
      batch_in_own_bins: view.batch.inOwnBins,
      band_low: view.batch.low,
      band_high: view.batch.high,
    },
  };
}
