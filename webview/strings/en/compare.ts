/** Texts of the comparison of two models. */
import { count } from '../../base/format/numbers';

export const compare = {
  compareStart: 'Compare',
  compareEnd: 'End comparison',
  compareWith: 'Compare with',
  compareOther: 'Another file…',
  compareSaved: 'Comparison as saved',
  differenceRange: 'Differences',
  rangeCommon: 'common range',
  rangeOwn: 'own range',
  onCommonRange: 'common range',
  onOwnRange: 'own range',
  compareFailed: 'This model cannot be compared',
  compareLogDets: 'Log-det by layer',
  compareNoLayer: 'B has no such layer',
  compareNoLayerWhy: 'Its layers have other names or shapes. Totals, samples and curves still compare.',
  compareNoValues: 'values not shown',
  compareNoPicture: 'Samples of this size are not drawn.',
  compareCurves: 'Validation loss of both runs',
  compareSameRun: 'A and B lie in one run.',
  compareCurvesKey: 'line A, dashed B',
  compareOtherInput: (input: string, unit: string) =>
    `B takes other inputs (${input}): its total is in ${unit}, of its own examples, and does not compare.`,
  compareUnmatched: (n: number) => `${count(n)} layers of A have no partner in B.`,
};
