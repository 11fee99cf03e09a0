import { hasCurves } from '../../../src/protocol/questions';
import { layerTab } from '../../base/layers/layer-tab';
import { type LayerFeature, stateOf } from '../../base/store/store';
import { text } from './text';
import { CurveTab } from './view';
import './style.css';
import type { TransformCurveView } from '../../../src/protocol/transform-curve';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { ask } from '../../base/store/question';

const curveState = stateOf((store) =>
  ask(store.context, 'transformCurve', () => {
    const layer = store.layerInfo();
    return store.shows('curve') && store.selection.value && layer && hasCurves(layer)
      ? { ...store.selection.value, layer: layer.index }
      : null;
  }),
);

/** One row for each place of the curve of each feature. */
function curveNumbers(view: TransformCurveView): ViewData {
  const { features, curve, from, to, logDerivative, batch, spline } = view;
  const places = curve.x.shape[1]!;
  return {
    columns: [
      { name: 'feature', values: Array.from(curve.x.data, (_, i) => features[Math.floor(i / places)]) },
      { name: 'x', values: Array.from(curve.x.data) },
      { name: 'y', values: Array.from(curve.y.data) },
      { name: 'log_derivative', values: Array.from(curve.logDerivative.data) },
    ],
    arrays: {
      ...{ features: vector(features), curve_x: curve.x, curve_y: curve.y },
      ...{ curve_log_derivative: curve.logDerivative },
      ...{ x: vector(from), y: vector(to), log_derivative: vector(logDerivative) },
      batch_counts: batch.counts,
      band_x: vector(batch.places),
      band_low: batch.low,
      band_high: batch.high,
      ...(spline && {
        ...{ knots_x: spline.knots.x, knots_y: spline.knots.y, slopes: spline.knots.slopes },
        outside: vector(spline.outside),
        batch_in_bins: spline.inBins,
        batch_in_own_bins: spline.inOwnBins,
      }),
    },
  };
}

export const curve: LayerFeature = {
  id: 'curve',
  region: 'layer',
  title: () => text.tab,
  applies: (model) => model.layers.some(hasCurves),
  state: curveState,
  missing: (layer) => (hasCurves(layer) ? undefined : { title: text.noCurve, why: text.noCurveWhy }),
  ...layerTab((store) => store.state(curveState), CurveTab, curveNumbers),
};
