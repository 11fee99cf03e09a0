/** Widths, heights and derivatives of the bins of all features. */
import { rowOf } from '../../../src/base/shape';
import type { ModelSummary } from '../../../src/protocol/model';
import type { SplineOverlay, TransformCurveView } from '../../../src/protocol/transform-curve';
import { magnitudeScale, signedScale, type ColorScale, Legend } from '../../base/canvas/color-maps';
import { MatrixView } from '../../base/canvas/matrix-view';
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
  const largest = (of: (i: number, column: number) => number, columns: number): number =>
    roundUp(
      inside.reduce(
        (most, _, i) =>
          Array.from({ length: columns }, (__, column) => Math.abs(of(i, column)))
            .filter(Number.isFinite)
            .reduce((a, b) => Math.max(a, b), most),
        1e-6,
      ),
    );
  // Widths and heights compare, so they share a scale.
  const sizes = Math.max(largest(widths, bins), largest(heights, bins));
  const slopes = largest(derivatives, bins + 1);
  const ofSlopes = (light: boolean): ColorScale => signedScale(slopes, light);
  const onPick = (i: number): void => void (store.marked.value = features[i]!);
  const shared = { model, features, spline, row, onPick };
  const ofBins = {
    columns: bins,
    scale: (): ColorScale => magnitudeScale(sizes),
    isFramed: (i: number, bin: number) => inside[i] === bin,
  };
  return (
    <section class="bin-maps below">
      <Heading title={text.maps} note={store.example.value ? text.mapsNote : text.mapsFirst} />
      <div class="row-maps flex-wrap">
        <BinMap {...shared} {...ofBins} title={text.widths} at={widths} />
        <BinMap {...shared} {...ofBins} title={text.heights} at={heights} />
        <BinMap
          {...shared}
          title={text.derivatives}
          at={derivatives}
          columns={bins + 1}
          scale={ofSlopes}
          isFramed={(i, knot) => inside[i]! >= 0 && (inside[i] === knot || inside[i] === knot - 1)}
        />
      </div>
    </section>
  );
}

function BinMap({
  model,
  features,
  spline,
  row,
  title,
  at,
  columns,
  scale,
  isFramed,
  onPick,
}: Props & {
  title: string;
  at(row: number, column: number): number;
  columns: number;
  scale(light: boolean): ColorScale;
  isFramed(row: number, column: number): boolean;
  onPick(row: number): void;
}) {
  const nameOf = (i: number): string => featureName(model, features[i]!);
  const knots = columns > spline.bins;
  return (
    <div class="row-map">
      <Heading title={title} />
      <MatrixView
        rows={features.length}
        columnName={(column) => String(knots ? column : column + 1)}
        rowName={nameOf}
        {...{ columns, at, scale, onPick }}
        framed={(i, column) => (isFramed(i, column) ? 'whole' : undefined)}
        label={`${text.maps}, ${title}`}
        hint={text.hint}
        hinted={false}
        name={title}
        chosen={row}
        labelWidth={56}
        read={(i, column) => {
          const value = compact(at(i, column));
          return knots ? text.readKnot(nameOf(i), column, value) : text.readBin(nameOf(i), column + 1, value);
        }}
      />
      <Legend scale={scale} width={120} />
    </div>
  );
}
