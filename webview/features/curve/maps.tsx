/** Widths, heights and derivatives of the bins of all features. */
import { rowOf } from '../../../src/base/shape';
import type { ModelSummary } from '../../../src/protocol/model';
import type { SplineOverlay, TransformCurveView } from '../../../src/protocol/transform-curve';
import { magnitudeScale, signedScale, type ColorScale, Legend } from '../../base/canvas/color-maps';
import { MatrixView, type MatrixViewProps } from '../../base/canvas/matrix-view';
import { largest } from '../../base/canvas/planes';
import { compact, roundUp } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { useStore } from '../../base/store/use-store';
import { Heading } from '../../base/controls/heading';
import { text } from './text';

interface Props {
  model: ModelSummary;
  features: TransformCurveView['features'];
  spline: SplineOverlay;
  row: number;
}

export function BinMaps({ model, features, spline, row }: Props) {
  const store = useStore();
  const { bins, bin: inside, knots } = spline;
  const size = (of: Float32Array, bin: number): number => of[bin + 1]! - of[bin]!;
  const widths = (i: number, bin: number): number => size(rowOf(knots.x, i), bin);
  const heights = (i: number, bin: number): number => size(rowOf(knots.y, i), bin);
  const derivatives = (i: number, knot: number): number => Math.log(rowOf(knots.slopes, i)[knot]!);
  const most = (of: (i: number, column: number) => number, columns: number): number => {
    const values = Array.from(inside, (_, i) =>
      Array.from({ length: columns }, (__, column) => of(i, column)),
    );
    return roundUp(Math.max(1e-6, largest(...values)));
  };
  // Widths and heights compare, so they share a scale.
  const sizes = Math.max(most(widths, bins), most(heights, bins));
  const slopes = most(derivatives, bins + 1);
  const ofSizes = (): ColorScale => magnitudeScale(sizes);
  const ofSlopes = (light: boolean): ColorScale => signedScale(slopes, light);
  const nameOf = (i: number): string => featureName(model, features[i]!);
  const map = (
    title: string,
    at: (i: number, column: number) => number,
    scale: MatrixViewProps['scale'],
    ofKnots: boolean,
  ) => (
    <div class="row-map">
      <Heading title={title} />
      <MatrixView
        rows={features.length}
        columns={ofKnots ? bins + 1 : bins}
        columnName={(column) => String(ofKnots ? column : column + 1)}
        rowName={nameOf}
        {...{ at, scale }}
        framed={(i, column) => {
          const isAround = inside[i] === column || (ofKnots && inside[i]! >= 0 && inside[i] === column - 1);
          return isAround ? 'whole' : undefined;
        }}
        label={`${text.maps}, ${title}`}
        hint={text.hint}
        hinted={false}
        name={title}
        chosen={row}
        labelWidth={56}
        read={(i, column) => {
          const value = compact(at(i, column));
          return ofKnots
            ? text.readKnot(nameOf(i), column, value)
            : text.readBin(nameOf(i), column + 1, value);
        }}
        onPick={(i) => (store.marked.value = features[i]!)}
      />
      <Legend scale={scale} width={120} />
    </div>
  );
  return (
    <section class="bin-maps below">
      <Heading title={text.maps} note={store.example.value ? text.mapsNote : text.mapsFirst} />
      <div class="row-maps flex-wrap">
        {map(text.widths, widths, ofSizes, false)}
        {map(text.heights, heights, ofSizes, false)}
        {map(text.derivatives, derivatives, ofSlopes, true)}
      </div>
    </section>
  );
}
