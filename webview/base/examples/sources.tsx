/** The four examples that interpolations and reconstructions start from, and the controls that change them. */
import type { ExampleRef, SourceRef } from '../../../src/protocol/selection';
import type { ModelSummary } from '../../../src/protocol/model';
import { Neighbors } from '../controls/pager';
import { Dropdown } from '../controls/toolkit';
import { useStore } from '../store/use-store';
import { subscript } from '../../../src/base/digits';
import { words } from '../words';
import { text } from './text';
import { shortened, fixed } from '../format/numbers';
import { baseName, exampleTotal } from '../store/population-state';
import { WholeNumber } from './controls';
import { cornersState } from './corners-state';
import { Segmented } from '../controls/segmented';
import { subjectState } from './subject-state';

export function sourceName(slot: number): string {
  return `z${subscript(slot + 1)}`;
}

/** In words, short enough to fit under a tile. */
export function sourceText(source: SourceRef): string {
  if (source.kind === 'values') return source.name ?? words.typed;
  if (source.kind === 'file') return `${shortened(baseName(source.path), 12)} ${source.index}`;
  return `${source.kind === 'data' ? source.split : 'sample'} ${source.index}`;
}

/** Not one that is decoded from latents of others. */
function isSource(example: ExampleRef): example is SourceRef {
  return ['data', 'sample', 'values', 'file'].includes(example.kind);
}

export interface SourceControlsProps {
  model: ModelSummary;
  slot: number;
  name: string;
}

/** Changes the example of a slot. @param name of the slot as the view calls it */
export function SourceControls({ model, slot: at, name }: SourceControlsProps) {
  const store = useStore();
  const { grid, setSource } = store.state(cornersState);
  const source = grid.value.corners[at]!;
  const selected = store.example.value;
  const usable = selected !== undefined && isSource(selected) ? selected : undefined;
  const value = source.kind === 'data' ? source.split : source.kind;
  const options = [
    ...model.splits.map((split) => ({ value: split.name, text: split.name })),
    { value: 'sample', text: words.aSample },
    ...(value === 'values' || value === 'file' ? [{ value, text: sourceText(source) }] : []),
    ...(usable ? [{ value: 'selected', text: text.theSelected }] : []),
  ];
  const total = exampleTotal(store, source);
  const change = (chosen: string): void => {
    if (chosen === 'train' || chosen === 'validation')
      setSource(at, { kind: 'data', split: chosen, index: at });
    else if (chosen === 'sample') setSource(at, { kind: 'sample', ...store.samplesQuery.value, index: at });
    else if (chosen === 'selected' && usable) setSource(at, usable);
  };
  const toIndex = (index: number): void => {
    if (source.kind !== 'values') setSource(at, { ...source, index });
  };
  return (
    <div class="ctl">
      <b class="slot">{name}</b>
      <Dropdown
        label={text.sourceOf(name)}
        value={value}
        options={options}
        disabled={store.isSaved}
        onChange={change}
      />
      {source.kind === 'values' ? null : (
        <>
          <WholeNumber
            label={text.indexOf(name, total)}
            value={source.index}
            size={4}
            below={total}
            disabled={store.isSaved}
            onChange={toIndex}
          />
          <span class="pair tight">
            <Neighbors
              names={[text.previousOf(name), text.nextOf(name)]}
              has={[!store.isSaved && source.index > 0, !store.isSaved && source.index + 1 < total]}
              go={(by) => toIndex(source.index + by)}
            />
          </span>
        </>
      )}
    </div>
  );
}

/** Which example a mode of the gallery is about. */
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
