/** Where examples go from data to noise, and how straight their paths are. */
import { hasPaths, spanOf, type FieldPaths } from '../../../src/protocol/field';
import { planeAxes, drawDot, drawPoints, frameOf, type PlaneFrame, toScreen } from '../../base/canvas/points';
import { Board } from '../../base/canvas/canvas';
import { item } from '../../base/canvas/planes';
import { cssText } from '../../base/canvas/theme';
import { Distribution } from '../../base/charts/distribution';
import { Heading } from '../../base/controls/heading';
import { fixed, tickText } from '../../base/format/numbers';
import { FeaturePair, fieldPair, fieldQuery } from '../../base/layers/feature-pair';
import { featureName } from '../../base/layers/layer-names';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { Sized } from '../../base/size/sized';
import { useStore } from '../../base/store/use-store';
import { vector } from '../../base/view-data/view-data';
import { words } from '../../base/words';
import { text } from './text';

/** Largest side of the plane, px. */
const largestSide = 320;

function PathsTab({ model, layer, view }: LayerTabProps<FieldPaths>) {
  const store = useStore();
  const { features } = store.state(fieldPair);
  const { states, straightness, times } = view;
  const [count, total] = states.shape as [number, number];
  const names = features.value.map((feature) => featureName(model, feature)) as [string, string];
  const own = store.example.value && straightness[0];
  const finite = straightness.filter(Number.isFinite);
  const mean = text.mean(fixed(finite.reduce((sum, value) => sum + value, 0) / finite.length), count);
  // Where the layer is no slice, the whole path is marked.
  const span = spanOf(view, layer.index) ?? [0, total - 1];
  const [from, to] = span.map((at) => tickText(times[at]!)) as [string, string];
  const hasMore = model.shape[0]! > 2;
  const ends = (at: number) => ({
    shape: [count, 2],
    data: states.data.filter((_, i) => (i >> 1) % total === at),
  });
  return (
    <>
      <p class="view-verdict">{own === undefined ? mean : `${text.own(fixed(own))} ${mean}`}</p>
      <FeaturePair model={model} pair={features} />
      <div class="panels">
        <Sized height={(width) => Math.min(width, largestSide)}>
          {(_, size) => (
            <Board
              {...{ width: size, height: size, name: 'paths' }}
              label={text.board(count, ...names)}
              draw={(context) => {
                const frame = frameOf({ shape: [count * total, 2], data: states.data }, size, 0.001);
                context.globalAlpha = 0.45;
                for (let i = 0; i < count; i++)
                  drawPath(context, frame, item(states, i).data, ['--muted', 1]);
                context.globalAlpha = 1;
                planeAxes(context, frame, names);
                if (own !== undefined) drawOwnPath(context, frame, item(states, 0).data, span);
                drawPoints(context, frame, ends(0), 1.7);
                drawPoints(context, frame, ends(total - 1), 1.7, Array(count).fill(1));
              }}
            />
          )}
        </Sized>
        <div>
          <Heading title={text.straightness} note={text.unit} />
          <Distribution
            {...{ height: 120, values: straightness, unit: text.unit, label: mean }}
            marked={own === undefined ? own : { value: own, text: words.this }}
          />
          <p class="tick">{`${text.note(from, to)} ${hasMore ? text.section : ''}`}</p>
        </div>
      </div>
    </>
  );
}

export const paths = questionTab({
  id: 'paths',
  asks: 'fieldPaths',
  title: () => text.tab,
  applies: hasPaths,
  ofData: true,
  method: 'fieldPaths',
  query: (_, store) => fieldQuery(store),
  Tab: PathsTab,
  // One row for each example, the selected one first.
  numbers: ({ times, states, straightness }) => ({
    columns: [{ name: 'length_by_chord', values: straightness }],
    arrays: { t: vector(times), paths: states, length_by_chord: vector(straightness) },
  }),
});

/** A line through the points [T, 2]; a canvas passes over those that are not finite. */
function drawPath(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  points: Float32Array,
  [token, width]: readonly [token: string, width: number],
): void {
  Object.assign(context, { strokeStyle: cssText(token), lineWidth: width, lineJoin: 'round' });
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(...toScreen(frame, points[i]!, points[i + 1]!));
  context.stroke();
}

/** The path of the example on top of others: what lies between two of its points is bold, from a dot to a ring. */
function drawOwnPath(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  points: Float32Array,
  [from, to]: readonly [number, number],
): void {
  const slice = points.subarray(2 * from, 2 * to + 2);
  // A rim of the surface's color keeps a line apart from what is behind it.
  for (const [part, width] of [
    [points, 1.5],
    [slice, 4],
  ] as const) {
    drawPath(context, frame, part, ['--surface', width + 2.5]);
    drawPath(context, frame, part, ['--accent', width]);
  }
  const at = (i: number) => toScreen(frame, points[2 * i]!, points[2 * i + 1]!);
  drawDot(context, at(from), 3, ['--accent', '--surface']);
  drawDot(context, at(to), 2.5, ['--surface', '--accent']);
}
