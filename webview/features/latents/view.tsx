/** The latents of an example, changed by hand: what each of them does to x. */
import { useMemo } from 'preact/hooks';
import type { LatentsView } from '../../../src/protocol/latents';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { Slider } from '../../base/controls/slider';
import { Button } from '../../base/controls/toolkit';
import { fixed } from '../../base/format/numbers';
import { useStore, useFeature, Asked, Message } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { EditedResult } from './edited-result';
import { farthest } from './latent-maps';
import { LatentMaps } from './latent-maps-view';
import { LatentPlane } from './latent-plane';
import { latentName, placeOf } from './latent-names';
import { SubjectControls } from '../../base/examples/subject';
import { latentsState } from './state';

/** What the slider reaches, unless a latent lies farther out. */
const reach = 4;
/** Latents that are listed by name. */
const mostListed = 64;

export function Latents({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { base, latents } = store.state(latentsState);
  if (store.isSaved) return <Message title={words.notRecordedTitle} why={words.notRecorded} />;
  return (
    <>
      <SubjectControls model={model} />
      {base.value ? (
        <Asked question={latents} failedTitle={text.noLatents}>
          {(view) => <Editor model={model} view={view} />}
        </Asked>
      ) : (
        <Message title={words.noSubject} why={words.noSubjectWhy} />
      )}
    </>
  );
}

function Editor({ model, view }: { model: ModelSummary; view: LatentsView }) {
  const store = useStore();
  const { edits, picked, example, reset } = store.state(latentsState);
  const z = view.z.slice();
  for (const [element, value] of edits.value) z[element] = value;
  const most = useMemo(() => farthest(view.z, 1)[0]!, [view]);
  const at = picked.value !== undefined && picked.value < z.length ? picked.value : most;
  const image = model.kind === 'image';
  const plane = isPlane(model);
  return (
    <>
      {plane ? <LatentPlane model={model} z={z} original={view.z} /> : null}
      {image ? <EditedResult model={model} /> : null}
      {(plane ? [0, 1] : [at]).map((element) => (
        <ElementSlider key={plane ? element : 0} view={view} z={z} element={element} />
      ))}
      <div class="ctl flex-wrap">
        <span class="tick" data-changed={edits.value.size}>
          {text.changedLatents(edits.value.size)}
        </span>
        <span class="spring" />
        <Button disabled={edits.value.size === 0} onClick={reset}>
          {text.resetLatents}
        </Button>
        <Button disabled={edits.value.size === 0} onClick={() => store.selectExample(example.value)}>
          {words.useAsExample}
        </Button>
      </div>
      {image ? <LatentMaps view={view} z={z} at={at} /> : null}
      {plane ? null : (
        <>
          {image ? <p class="tick">{text.farthestOut}</p> : null}
          <ElementList view={view} z={z} at={at} most={image ? 8 : mostListed} />
        </>
      )}
      {image ? null : <EditedResult model={model} />}
    </>
  );
}

function ElementSlider({ view, z, element }: { view: LatentsView; z: Float32Array; element: number }) {
  const { change } = useFeature(latentsState);
  const most = Math.max(reach, Math.ceil(Math.abs(view.z[element]!)));
  const name = latentName(element);
  return (
    <div class="ctl latent-slider">
      <b class="slot" title={placeOf(view, element)}>
        {name}
      </b>
      <Slider
        label={text.latentSlider(name, placeOf(view, element))}
        min={-most}
        max={most}
        step={0.05}
        value={z[element]!}
        valueText={fixed(z[element], 2)}
        onInput={(value) => change([[element, value]])}
      />
      <span class="num" data-latent={element}>
        {fixed(z[element], 2)}
      </span>
    </div>
  );
}

interface ElementListProps {
  view: LatentsView;
  z: Float32Array;
  at: number;
  most: number;
}

/** Those farthest out of a picture; of vectors all, in their order. */
function ElementList({ view, z, at, most }: ElementListProps) {
  const { picked } = useFeature(latentsState);
  // Large flows have many, and a slider redraws this at each of its places.
  const elements = useMemo(() => farthest(view.z, most), [view, most]);
  const listed = most >= z.length ? elements.toSorted((a, b) => a - b) : elements;
  return (
    <div class="latent-list flex-wrap" role="group" aria-label={text.latents}>
      {listed.map((element) => (
        <button
          key={element}
          type="button"
          aria-pressed={element === at}
          title={placeOf(view, element)}
          onClick={() => (picked.value = element)}
        >
          <span>{latentName(element)}</span> <span class="num">{fixed(z[element], 2)}</span>
        </button>
      ))}
    </div>
  );
}
