/** What a conditional flow makes of its conditions. */
import type { LayerInfo, ModelSummary } from '../../../src/protocol/model';
import { MapSkeleton } from '../../base/layers/layer-tab';
import { useFeature, Asked } from '../../base/store/use-store';
import { Listens } from './listens';
import { SideBySide, SideBySideControls, ClassPager, MostLikely, namesOf, shares } from './side-by-side';
import { conditionsState } from './state';
import type { AtConditions } from '../../../src/protocol/conditions';
import { Picture } from '../../base/canvas/canvas';
import { item, pixelRange } from '../../base/canvas/planes';
import { signed } from '../../base/format/numbers';
import { text } from './text';
import { Heading } from '../../base/controls/heading';

export function ConditionsTab({ model, layer }: { model: ModelSummary; layer: LayerInfo }) {
  const { use, sideBySide } = useFeature(conditionsState);
  return (
    <>
      <Asked question={use} skeleton={<MapSkeleton />}>
        {(found) => <Listens {...{ model, layer }} use={found} />}
      </Asked>
      <section class="at-conditions below">
        <SideBySideControls model={model} />
        <Asked question={sideBySide} skeleton={<MapSkeleton />}>
          {(found) =>
            model.kind === 'image' ? (
              <PictureRows {...{ model, found }} />
            ) : (
              <SideBySide {...{ model, found }} />
            )
          }
        </Asked>
      </section>
    </>
  );
}

/** Samples of an image flow at each value of a condition, by the same latents: a row of pictures for each. */
function PictureRows({ model, found }: { model: ModelSummary; found: AtConditions }) {
  const { at, vary } = found;
  const { isClass, name, valueText } = namesOf(model, vary);
  const titleOf = (value: number): string => (isClass ? valueText(value) : `${name} = ${valueText(value)}`);
  return (
    <>
      {isClass ? <MostLikely found={found} of={valueText} total={model.context!.classes!.count} /> : null}
      <div class="picture-rows">
        {at.map(({ value, samples, logProb }, i) => (
          <figure key={value} data-value={value}>
            <Heading
              class="ends"
              title={titleOf(value)}
              note={[
                ...(isClass ? [] : [shares[i]]),
                ...(logProb === undefined ? [] : [text.logProb(signed(logProb, 2))]),
              ].join('; ')}
            />
            <div class="pictures" role="img" aria-label={text.picturesAt(samples.shape[0]!, titleOf(value))}>
              {Array.from({ length: samples.shape[0]! }, (_, k) => (
                <Picture key={k} picture={item(samples, k)} range={pixelRange(model)} name="at condition" />
              ))}
            </div>
          </figure>
        ))}
      </div>
      <ClassPager {...{ model, vary }} />
      <p class="tick">
        {text.sameLatents} {isClass ? '' : text.quantiles}
      </p>
    </>
  );
}
