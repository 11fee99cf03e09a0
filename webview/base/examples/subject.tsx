/** Which example a mode of the gallery is about. */
import type { ModelSummary } from '../../../src/protocol/model';
import { Segmented } from '../controls/segmented';
import { fixed } from '../format/numbers';
import { useStore } from '../store/use-store';
import { words } from '../words';
import { text } from './text';
import { WholeNumber } from './controls';
import { subjectState } from './subject-state';

export function SubjectControls({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { from } = store.state(subjectState);
  const { count, seed, temperature } = store.samplesQuery.value;
  const picked = Math.min(store.pickedSample.value, count - 1);
  const noSamples = model.kind === 'unknown';
  return (
    <div class="ctl flex-wrap">
      <Segmented
        label={text.subject}
        value={from.value}
        options={[
          { value: 'selected' as const, text: words.theExample },
          { value: 'sample' as const, text: text.aSampleOf, disabled: noSamples },
        ]}
        onChange={(value) => (from.value = value)}
      />
      {from.value === 'sample' ? (
        <>
          <WholeNumber
            label={text.sampleNumber(count)}
            value={picked + 1}
            size={4}
            below={count + 1}
            disabled={false}
            onChange={(number) => (store.pickedSample.value = Math.max(0, number - 1))}
          />
          <span class="tick">{text.drawnWith(seed, fixed(temperature, 2))}</span>
        </>
      ) : null}
    </div>
  );
}
