/** Where a vector field pushes when a slice begins, and what that adds to the log-det. */
import { type FieldPlane, hasFieldPlane } from '../../../src/protocol/field';
import { planeAxes, drawDot, drawPoints, drawValues, toScreen } from '../../base/canvas/points';
import { Board } from '../../base/canvas/canvas';
import { Legend, signedScale } from '../../base/canvas/color-maps';
import { item } from '../../base/canvas/planes';
import { theme } from '../../base/canvas/theme';
import { trimmedSize } from '../../base/canvas/trimmed';
import { Heading } from '../../base/controls/heading';
import { fixed, roundUp, signed, tickText } from '../../base/format/numbers';
import { FeaturePair, fieldPair, fieldQuery } from '../../base/layers/feature-pair';
import { featureName } from '../../base/layers/layer-names';
import { questionTab, type LayerTabProps } from '../../base/layers/layer-tab';
import { Sized } from '../../base/size/sized';
import { useStore } from '../../base/store/use-store';
import { drawArrows } from './draw';
import { text } from './text';

/** Largest side of the plane, px. */
const largestSide = 360;

function FieldTab({ model, layer, view }: LayerTabProps<FieldPlane>) {
  const store = useStore();
  const { features } = store.state(fieldPair);
  const names = features.value.map((feature) => featureName(model, feature)) as [string, string];
  const time = tickText(view.time);
  const limit = roundUp(trimmedSize([view.rate.data]).size);
  const scale = (light: boolean) => signedScale(limit, light);
  const hasMore = model.shape[0]! > 2;
  const towardData = layer.times!.from > layer.times!.to;
  return (
    <>
      <p class="view-verdict">
        {text.here(
          store.example.value ? 'this' : 'first',
          time,
          fixed(view.speed),
          signed(view.exampleRate, 2),
        )}
      </p>
      <FeaturePair model={model} pair={features} />
      <div class="panels">
        <Sized height={(width) => Math.min(width, largestSide)}>
          {(_, size) => (
            <Board
              {...{ width: size, height: size, name: 'field' }}
              label={text.board(time, ...names)}
              draw={(context) => {
                const frame = { size, ...view.bounds };
                drawValues(
                  context,
                  frame,
                  { values: view.rate, bounds: view.bounds },
                  { scale: scale(theme.value.light), opacity: 0.7 },
                );
                planeAxes(context, frame, names);
                drawPoints(context, frame, view.points, 1.5);
                drawArrows(context, frame, view.velocity);
                const [x, y] = item(view.points, 0).data;
                drawDot(context, toScreen(frame, x!, y!), 4.5, ['--accent', '--surface']);
              }}
            />
          )}
        </Sized>
        <div>
          <Heading title={text.rate} note={text.unit} />
          <Legend scale={scale} width={180} />
          <p class="tick">{`${text.arrows(towardData)} ${hasMore ? text.section : ''}`}</p>
        </div>
      </div>
    </>
  );
}

export const field = questionTab({
  id: 'field',
  asks: 'fieldPlane',
  title: () => text.tab,
  applies: hasFieldPlane,
  missing: ({ times }) => (times ? undefined : { title: text.noField, why: text.chooseSlice }),
  ofData: true,
  method: 'fieldPlane',
  query: (layer, store) => layer.times && { layer: layer.index, ...fieldQuery(store) },
  Tab: FieldTab,
  numbers: ({ velocity, rate, points }) => ({
    columns: [{ name: 'nats_per_t', values: rate.data }],
    arrays: { velocity, rate, points },
  }),
});
