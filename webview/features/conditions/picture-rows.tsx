/** Samples of an image flow at each value of a condition, by the same latents: a row of pictures for each. */
import type { AtConditions } from '../../../src/protocol/conditions';
import type { ModelSummary } from '../../../src/protocol/model';
import { Picture } from '../../base/canvas/canvas';
import { item, pixelRange } from '../../base/canvas/planes';
import { signed } from '../../base/format/numbers';
import { ClassPager, MostLikely, namesOf, shares } from './side-by-side';
import { text } from './text';
import { Heading } from '../../base/controls/heading';

export function PictureRows({ model, found }: { model: ModelSummary; found: AtConditions }) {
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
