/** Where examples go from data to noise, and how straight their paths are. */
import { spanOf, type FieldPaths } from '../../../src/protocol/field';
import { squareAround } from '../../../src/protocol/plane';
import { item } from '../../base/canvas/planes';
import { drawPoints } from '../../base/canvas/points';
import { drawTrack } from '../../base/canvas/tracks';
import { Distribution } from '../../base/charts/distribution';
import { Heading } from '../../base/controls/heading';
import { fixed, tickText } from '../../base/format/numbers';
import { FieldBoard } from '../../base/layers/field-board';
import type { LayerTabProps } from '../../base/layers/layer-tab';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';

export function PathsTab({ model, layer, view }: LayerTabProps<FieldPaths>) {
  const { states, straightness, times } = view;
  const [count, total] = states.shape as [number, number];
  const own = useStore().example.value && straightness[0];
  const span = spanOf(view, layer.index);
  const [from, to] = (span ?? [0, total - 1]).map((at) => tickText(times[at]!)) as [string, string];
  const mean = text.mean(fixed(view.meanStraightness), count);
  const ends = (at: number) => states.data.filter((_, i) => (i >> 1) % total === at);
  return (
    <>
      <p class="view-verdict">{own === undefined ? mean : `${text.own(fixed(own))} ${mean}`}</p>
      <FieldBoard
        {...{ model, span }}
        name="paths"
        label={(across, up) => text.board(count, across, up)}
        bounds={squareAround({ shape: [count * total, 2], data: states.data }, 0.001)}
        path={own === undefined ? own : item(states, 0).data}
        draw={(context, frame) => {
          context.globalAlpha = 0.45;
          for (let i = 0; i < count; i++) drawTrack(context, frame, item(states, i).data, ['--muted', 1]);
          context.globalAlpha = 1;
          drawPoints(context, frame, { shape: [count, 2], data: ends(0) }, 1.7);
          drawPoints(context, frame, { shape: [count, 2], data: ends(total - 1) }, 1.7, Array(count).fill(1));
        }}
      >
        <p class="tick">{`${text.note(from, to)}${model.shape[0]! > 2 ? ` ${text.section}` : ''}`}</p>
        <Heading title={text.straightness} note={text.unit} />
        <Distribution
          height={120}
          values={straightness}
          {...(own === undefined ? {} : { marked: { value: own, text: words.this } })}
          unit={text.unit}
          label={mean}
          nothing={words.noValues}
        />
      </FieldBoard>
    </>
  );
}
