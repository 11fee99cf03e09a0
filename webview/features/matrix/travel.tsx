/** How features travel through all mixing layers of a size: the way of each, or how far each is spread and the way of one. */
import { fewMixed, type MixingView } from '../../../src/protocol/mixing';
import type { ModelSummary } from '../../../src/protocol/model';
import { magnitudeScale, type ColourScale, Legend } from '../../base/canvas/colour-maps';
import { MatrixView } from '../../base/canvas/matrix-view';
import { fixed, percent } from '../../base/format/numbers';
import { featureName } from '../../base/layers/layer-names';
import { useStore } from '../../base/store/use-store';
import { Heading } from '../../base/controls/heading';

import { words } from '../../base/words';
import { text } from './text';

/** px for the names of rows. */
const labelWidth = 40;

const shareScale = (): ColourScale => magnitudeScale(1);

/** From 1, a feature in one place. */
const spreadScale = (high: number) => (): ColourScale => {
  const { at } = magnitudeScale(high - 1);
  return { low: 1, high, at: (value) => at(value - 1) };
};

export function Travel({ model, view, image }: { model: ModelSummary; view: MixingView; image: boolean }) {
  const n = view.singularValues.length;
  const stages = [text.in, ...view.all.map(({ layer }) => String(layer))];
  // Rows are the features of x, whichever layer is looked at.
  const whole = useStore().model.value ?? model;
  const nameOf = (feature: number): string => (image ? String(feature) : featureName(whole, feature));
  const stageText = (stage: number): string =>
    stage === 0 ? text.before : text.afterLayer(view.all[stage - 1]!.layer);
  const spreadOf = (feature: number, stage: number): number => view.spread.data[stage * n + feature]!;
  const last = stages.length - 1;
  const sorted = Array.from({ length: n }, (_, i) => i).sort((a, b) => spreadOf(b, last) - spreadOf(a, last));
  const [most, least] = [sorted[0]!, sorted.at(-1)!];
  const mixes = spreadOf(most, last) > 1.0005;
  return (
    <section class="travel below">
      <Heading
        title={image ? text.travelChannels : text.travel}
        note={n <= fewMixed ? text.travelNote : text.spreadNote}
      />
      <p class="tick">
        {mixes
          ? text.ends(
              nameOf(most),
              fixed(spreadOf(most, last), 1),
              n,
              nameOf(least),
              fixed(spreadOf(least, last), 1),
            )
          : text.stays(n)}
      </p>
      <div class="row-maps flex-wrap">
        {n > fewMixed ? <Spread {...{ view, stages, nameOf, stageText, spreadOf }} /> : null}
        {Array.from(view.followed, (feature, row) => (
          <Way
            key={feature}
            {...{ view, row, stages, stageText }}
            title={nameOf(feature)}
            followed={n > fewMixed}
          >
            {text.over(fixed(spreadOf(feature, last), 1), n)}
          </Way>
        ))}
      </div>
      {n <= fewMixed ? <Legend scale={shareScale} unit={text.share} width={140} /> : null}
    </section>
  );
}

interface Stages {
  view: MixingView;
  stages: readonly string[];
  stageText(stage: number): string;
}

/** Where one feature is after each layer. */
function Way({
  view: { shares, singularValues },
  row,
  stages,
  stageText,
  title,
  followed,
  children,
}: Stages & { row: number; title: string; followed: boolean; children: string }) {
  const n = singularValues.length;
  const at = (place: number, stage: number): number =>
    shares.data[(row * stages.length + stage) * n + place]!;
  return (
    <div class="row-map">
      <Heading title={followed ? text.wayOf(title) : title} note={children} />
      <MatrixView
        rows={n}
        columns={stages.length}
        columnName={(stage) => stages[stage]!}
        rowName={(place) => String(place + 1)}
        at={at}
        scale={shareScale}
        label={`${text.wayOf(title)}, ${children}`}
        hint={words.cellHint}
        hinted={false}
        name="way"
        labelWidth={labelWidth}
        read={(place, stage) =>
          text.shareRead(String(place + 1), stageText(stage), percent(at(place, stage)))
        }
      />
      {followed ? <Legend scale={shareScale} unit={text.share} width={140} /> : null}
    </div>
  );
}

/** Over how many places each feature is spread; a row that is picked is followed. */
function Spread({
  view,
  stages,
  nameOf,
  stageText,
  spreadOf,
}: Stages & { nameOf(feature: number): string; spreadOf(feature: number, stage: number): number }) {
  const store = useStore();
  const n = view.singularValues.length;
  const high = Math.max(1.01, ...view.spread.data);
  const scale = spreadScale(high);
  const long = Array.from({ length: n }, (_, i) => nameOf(i)).some((name) => name.length > 4);
  return (
    <div class="row-map">
      <MatrixView
        rows={n}
        columns={stages.length}
        columnName={(stage) => stages[stage]!}
        scale={scale}
        rowName={(feature) => (long ? featureName(undefined, feature) : nameOf(feature))}
        at={spreadOf}
        label={text.spreadNote}
        hint={text.chooseOne}
        name="spread"
        chosen={view.followed[0]}
        labelWidth={labelWidth}
        onPick={store.isSaved ? undefined : (feature) => (store.marked.value = feature)}
        read={(feature, stage) =>
          text.spreadRead(nameOf(feature), stageText(stage), fixed(spreadOf(feature, stage), 1))
        }
      />
      <Legend scale={scale} unit={text.places} width={140} />
    </div>
  );
}
