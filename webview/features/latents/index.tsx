/** The latents of an example, changed by hand: what each of them does to x. */
import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { LatentsView } from '../../../src/protocol/latents';
import type { ModelSummary } from '../../../src/protocol/model';
import { isPlane } from '../../../src/protocol/questions';
import { subscript } from '../../../src/base/digits';
import type { RegionFeature, Store } from '../../base/store/store';
import { columnsOf, vector, type ViewData } from '../../base/view-data/view-data';
import { Slider } from '../../base/controls/slider';
import { Button } from '../../base/controls/toolkit';
import { fixed } from '../../base/format/numbers';
import { useStore, useFeature, AnswerView, Message } from '../../base/store/use-store';
import { words } from '../../base/words';
import { SubjectControls } from '../../base/examples/sources';
import { outputScale } from '../../base/layers/thumbnails';
import { CellMark, HeatMap } from '../../base/canvas/canvas';
import { Legend } from '../../base/canvas/color-maps';
import { cellOfKey, Readout } from '../../base/canvas/readout';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import { latentsState } from './state';
import { EditedResult } from './edited-result';
import { farthest, latentMaps, placeIn, type LatentMap } from './latent-maps';
import { LatentPlane } from './latent-plane';
import './style.css';

function latentNumbers(store: Store): ViewData {
  const { latents, original, shown, edits } = store.state(latentsState);
  const view = latents.found.value;
  const before = original.found.value?.values;
  const now = shown.value?.values;
  if (!view || !before || !now) return {};
  const z = Float32Array.from(view.z, (value, i) => edits.value.get(i) ?? value);
  return {
    columns: columnsOf({
      latent: Array.from(z, (_, i) => i),
      scale: view.scales && Array.from(view.scales, (scale) => scale + 1),
      z: view.z,
      z_changed: z,
    }),
    arrays: { z: vector(view.z), z_changed: vector(z), x: before, x_changed: now },
  };
}

export const latents: RegionFeature = {
  id: 'latents',
  region: 'gallery',
  asks: 'latents',
  title: () => text.latents,
  state: latentsState,
  View: Latents,
  numbers: latentNumbers,
};

/** What the slider reaches, unless a latent lies farther out. */
const reach = 4;
/** Latents that are listed by name. */
const mostListed = 64;

function Latents({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { base, latents } = store.state(latentsState);
  if (store.isSaved) return <Message title={words.notRecordedTitle} why={words.notRecorded} />;
  return (
    <>
      <SubjectControls model={model} />
      {base.value ? (
        <AnswerView question={latents} failedTitle={text.noLatents}>
          {(view) => <Editor model={model} view={view} />}
        </AnswerView>
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

/** Side of a map that is alone, and of one next to others, in CSS pixels. */
const large = 160;
const small = 136;

/** The latents of each scale as a map in which one is picked, by the pointer or by keys. */
function LatentMaps({ view, z, at }: { view: LatentsView; z: Float32Array; at: number }) {
  const pointed = useSignal<number | undefined>(undefined);
  const maps = useMemo(() => latentMaps(view), [view]);
  return (
    <>
      <div class="latent-maps flex-wrap">
        {maps.map((map) => (
          <ScaleMap
            key={map.scale}
            map={map}
            z={z}
            at={at}
            size={maps.length === 1 ? large : small}
            onPoint={(element) => (pointed.value = element)}
          />
        ))}
      </div>
      <Legend scale={outputScale} width={small} />
      <Readout of={pointed} hint={text.latentHint}>
        {(element) => `${latentName(element)}, ${placeOf(view, element)}: ${fixed(z[element], 2)}`}
      </Readout>
    </>
  );
}

interface ScaleMapProps {
  map: LatentMap;
  z: Float32Array;
  at: number;
  size: number;
  onPoint(element: number | undefined): void;
}

function ScaleMap({ map, z, at, size, onPoint }: ScaleMapProps) {
  const { picked } = useFeature(latentsState);
  const { width, height, elements, scale, count } = map;
  const long = Math.max(width, height);
  // Whole pixels, so that the mark is on its cell.
  const cell = size >= long ? Math.floor(size / long) : size / long;
  const name = scale === undefined ? text.latents : words.scale(scale + 1);
  const values = Float32Array.from(elements, (element) => (element < 0 ? 0 : z[element]!));
  const here = elements.indexOf(at);
  const pick = (index: number): void => {
    const element = elements[index]!;
    if (element >= 0) picked.value = element;
  };
  const isCell = (index: number): boolean => elements[index]! >= 0;
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = cellOfKey(event, here < 0 ? undefined : here, map, isCell);
    if (next !== undefined) pick(next);
  };
  return (
    <div class="latent-map">
      <Heading class="ends" title={name} note={text.latentCount(count)} />
      <div
        class="frame"
        role="group"
        tabIndex={0}
        aria-label={text.latentMap(name)}
        onKeyDown={onKeyDown}
        style={{ width: `${cell * width}px`, height: `${cell * height}px` }}
      >
        <HeatMap
          plane={{ width, height, values }}
          scale={outputScale}
          size={cell * long}
          name={`latents[${scale ?? 0}]`}
          label={name}
          blank={(index) => !isCell(index)}
          onPick={pick}
          onPoint={(index) => {
            const element = index === undefined ? -1 : elements[index]!;
            onPoint(element < 0 ? undefined : element);
          }}
        />
        {here >= 0 ? <CellMark row={Math.floor(here / width)} column={here % width} cell={cell} /> : null}
      </div>
    </div>
  );
}

/** What latents are called. */
function latentName(element: number): string {
  return `z${subscript(element + 1)}`;
}

/** Where an element of z leaves: its scale, and its place in the picture. */
function placeOf(view: LatentsView, element: number): string {
  const { shape, scales } = view;
  if (shape.length !== 3) return text.latentOf(element + 1);
  const { row, column, channel } = placeIn(view, element);
  return text.latentAt(scales && scales[element]! + 1, row, column, shape[2]! > 1 ? channel : undefined);
}
