/** The first layer in which two flows differ on the same examples, and by how much all others do. */
import { useEffect } from 'preact/hooks';
import { firstBeyond, type LayerDifferences } from '../../../src/protocol/layer-differences';
import type { ModelSummary } from '../../../src/protocol/model';
import { NumberField } from '../../base/controls/number-field';
import { scientific } from '../../base/format/numbers';
import { layerNumber, layerTitle } from '../../base/layers/layer-names';
import { useFeature, useStore, AnswerView } from '../../base/store/use-store';
import { words } from '../../base/words';
import { compareState } from './state';
import { text } from './text';

export function FirstDifference({ a }: { a: ModelSummary }) {
  const { differences } = useFeature(compareState);
  return (
    <section class="compare-part" aria-label={text.firstDifference}>
      <h2>{text.firstDifference}</h2>
      <Tolerance />
      <AnswerView question={differences} failedTitle={text.differencesFailed}>
        {(found) => <Differences a={a} found={found} />}
      </AnswerView>
    </section>
  );
}

function Tolerance() {
  const { tolerance } = useFeature(compareState);
  return (
    <div class="ctl">
      <span class="tick">{text.tolerance}</span>
      <NumberField
        label={text.tolerance}
        shown={shortExponent(tolerance.value)}
        size={8}
        allows={(value) => value >= 0 && Number.isFinite(value)}
        expected={text.tolerancePositive}
        onChange={(value) => (tolerance.value = value)}
      />
    </div>
  );
}

/** "1e-4", which is how it is typed. */
const shortExponent = (value: number): string => (value === 0 ? '0' : value.toExponential());

function Differences({ a, found: { layers, examples } }: { a: ModelSummary; found: LayerDifferences }) {
  const store = useStore();
  const tolerance = useFeature(compareState).tolerance.value;
  const first = firstBeyond(layers, tolerance);
  const nameOf = (index: number): string => {
    const layer = a.layers.find((one) => one.index === index);
    if (!layer) return String(index);
    const number = layerNumber(layer, a);
    return number === undefined ? layerTitle(layer) : `${words.layer} ${number} (${layerTitle(layer)})`;
  };
  const limit = scientific(tolerance);
  // The maps below are of the layer that was looked for.
  useEffect(() => {
    if (first !== undefined) store.selectLayer(layers[first]!.a);
  }, [layers]);
  return (
    <>
      <p role="status" data-first-difference={first === undefined ? '' : layers[first]!.a}>
        {first === undefined
          ? text.noneDiffers(limit, examples)
          : text.differsFirst(nameOf(layers[first]!.a), limit, examples)}
      </p>
      <p class="tick">{text.differencesKey}</p>
      <div class="compare-strip" role="listbox" aria-label={text.firstDifference}>
        <div class="compare-row differences tick" aria-hidden="true">
          <span />
          <span class="num">{words.roles.output}</span>
          <span class="num">{words.logDet}</span>
        </div>
        {layers.map((layer, i) => (
          <div
            key={layer.a}
            role="option"
            tabIndex={layer.a === store.layer.value ? 0 : -1}
            aria-selected={layer.a === store.layer.value}
            class={`compare-row differences ${i === first ? 'strong' : ''}`}
            data-layer-difference={layer.a}
            onClick={() => store.selectLayer(layer.a)}
          >
            <span class="name ellipsis">{`${i === first ? '→ ' : ''}${nameOf(layer.a)}`}</span>
            <span class="num">{scientific(layer.output)}</span>
            <span class="num">{scientific(layer.logDet)}</span>
          </div>
        ))}
      </div>
    </>
  );
}
