/** The latents of each scale as a map in which one is picked, by the pointer or by keys. */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { cellStep, nextCell } from '../../base/controls/arrow-keys';
import type { LatentsView } from '../../../src/protocol/latents';
import { fixed } from '../../base/format/numbers';
import { useFeature } from '../../base/store/use-store';
import { outputScale } from '../../base/layers/thumbnails';
import { words } from '../../base/words';
import { text } from './text';
import { HeatMap } from '../../base/canvas/canvas';
import { Legend } from '../../base/canvas/colour-maps';
import { Readout } from '../../base/canvas/readout';
import { latentMaps, type LatentMap } from './latent-maps';
import { latentName, placeOf } from './latent-names';
import { latentsState } from './state';
import { Heading } from '../../base/controls/heading';

/** Side of a map that is alone, and of one next to others, in CSS pixels. */
const large = 160;
const small = 136;

export function LatentMaps({ view, z, at }: { view: LatentsView; z: Float32Array; at: number }) {
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
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = cellStep(event.key);
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (here < 0) {
      pick(elements.findIndex((element) => element >= 0));
      return;
    }
    const next = nextCell(here, step, { width, height }, (index) => elements[index]! >= 0);
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
          blank={(index) => elements[index]! < 0}
          onPick={pick}
          onPoint={(index) => {
            const element = index === undefined ? -1 : elements[index]!;
            onPoint(element < 0 ? undefined : element);
          }}
        />
        {here >= 0 ? (
          <i
            class="mark"
            style={{
              left: `${(here % width) * cell}px`,
              top: `${Math.floor(here / width) * cell}px`,
              width: `${Math.max(3, cell)}px`,
              height: `${Math.max(3, cell)}px`,
            }}
          />
        ) : null}
      </div>
    </div>
  );
}
