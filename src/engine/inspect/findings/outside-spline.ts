import { subscript } from '../../../base/digits';
import { layerName, mixedBefore } from '../../../protocol/model';
import { hasTails } from '../../../protocol/spline';
import { fine, andOthers, ranked, severityOf, skipped, where, type Check, percent, short } from './check';
import { thresholds } from './thresholds';

/** Values outside of the interval of a spline: there it is a line, and its bins do nothing. */
export const outsideSpline: Check = (seen) => {
  const { notice } = thresholds.outsideSpline;
  if (!seen.layers.some(({ info }) => info.spline && hasTails(info.spline)))
    return skipped('noSpline', 'No layer of this flow maps features by splines that have an outside.');
  const all = ranked(seen, ({ outside }) => outside?.ofElement);
  const [worst] = all;
  if (!worst) return skipped('notSeen', 'The inputs of the splines of this flow could not be looked at.');
  const { info, outside } = worst.layer;
  const severity = severityOf(worst.value, thresholds.outsideSpline);
  const name = layerName(info);
  const mixed = mixedBefore(
    seen.layers.map((layer) => layer.info),
    info,
  );
  const feature =
    (mixed ? undefined : seen.featureNames?.[outside!.element]) ??
    `${mixed ? 'h' : 'x'}${subscript(outside!.element + 1)}`;
  const { bound, center, ends } = info.spline!;
  const hasOwnInterval = ends === 'lines';
  const interval = hasOwnInterval ? '' : ` [${short(center - bound)}, ${short(center + bound)}]`;
  const values = { share: worst.value, all: outside!.share, feature, interval, notice };
  if (severity === 'ok') {
    const sentence = `At most ${percent(worst.value)} of the values of a feature lie outside of the spline's interval (${feature} in ${name}); from ${percent(notice)} on it counts.`;
    return fine('inside', sentence, values, info.index);
  }
  const place = where(all, notice, 'curve');
  return {
    severity,
    kind: 'outside',
    sentence: `${percent(worst.value)} of the values of feature ${feature} lie outside of the spline's interval${interval} in ${andOthers(name, place.others?.length ?? 0)}, where it is linear; from ${percent(notice)} on it counts.`,
    advice: `Train with a larger interval (${hasOwnInterval ? 'splineInterval' : 'splineBound'}), standardize the data, or put a layer that scales (actNorm, lu) before the spline.`,
    values,
    ...place,
  };
};
