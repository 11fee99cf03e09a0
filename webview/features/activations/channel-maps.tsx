/** Every channel of x, s, t and y as a map: one zoom for all, one marked element, one line that reads a place out. */
import { sizeOf } from '../../../src/base/shape';
import { useRef } from 'preact/hooks';
import { cellStep } from '../../base/controls/arrow-keys';
import { isQuantity } from '../../../src/protocol/quantities';
import type { TensorView } from '../../../src/protocol/tensors';
import { Choice } from '../../base/controls/segmented';
import { Button } from '../../base/controls/toolkit';
import { signedScale, type ColorScale } from '../../base/canvas/color-maps';
import { cut, panned, showing, wholeMap, windowOf, zoomed, type MapView } from './map-view';
import { planesOf } from '../../base/canvas/planes';
import { compact } from '../../base/format/numbers';
import type { ShownLayer } from '../../base/store/layer-view';
import { useStore, useFeature, AnswerView } from '../../base/store/use-store';
import { channelsAPage, visibleWindow } from './windows';
import { words } from '../../base/words';
import { text } from './text';
import { CellMark, HeatMap } from '../../base/canvas/canvas';
import { Pager } from '../../base/controls/pager';
import { Readout } from '../../base/canvas/readout';
import type { ColorRange } from '../../base/canvas/trimmed';
import { Heading } from '../../base/controls/heading';
import { colorRanges } from './color-ranges';
import { Figures } from './stats';
import { mapGrid, mapsStyle, type MapSizes } from './map-sizes';
import type { Worked } from './worked';
import { activationsState } from './state';

const gap = 8;
const smallGap = 2;
/** Maps of more cells a side are drawn from means of blocks. */
const largestMap = 128;

export function ChannelMaps({ view, worked, sizes }: { view: ShownLayer; worked?: Worked; sizes: MapSizes }) {
  const store = useStore();
  const { mapView, mapRange, pointed } = store.state(activationsState);
  const rangeOf = colorRanges(view, mapRange.value);
  const channels = Math.max(...view.tensors.map((t) => t.shape[2] ?? 1));
  const pages = Math.ceil(channels / channelsAPage);
  const page = Math.min(store.state(activationsState).channelPage.value, pages - 1);
  const offset = page * channelsAPage;
  const [height = 1, width = 1, depth = 1] = view.tensors[0]?.shape ?? [];
  const seen = mapView.value.layer === view.layer ? mapView.value : wholeMap;
  const see = (next: MapView): void => void (mapView.value = { ...next, layer: view.layer });
  const cells = Math.max(height, width);
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!handled(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const handled = (event: KeyboardEvent): boolean => {
    const step = cellStep(event.key);
    if (event.key === '+' || event.key === '=') see(zoomed(seen, 2, cells, markedPlace()));
    else if (event.key === '-') see(zoomed(seen, 0.5, cells));
    else if (event.key === '0') see(wholeMap);
    else if (step && event.shiftKey) see(panned(seen, step[1] / 4, step[0] / 4));
    else if (step && worked) {
      const next = worked.index + (step[0] * width + step[1]) * depth;
      if (next >= 0 && next < height * width * depth) {
        store.marked.value = next;
        const place = Math.floor(next / depth);
        see(showing(seen, Math.floor(place / width), place % width, height, width));
      }
    } else return false;
    return true;
  };
  /** Where the marked element is in what is seen, so that zooming keeps it. */
  const markedPlace = (): { x: number; y: number } => {
    const share = (at: number, length: number, first: number): number =>
      Math.min(1, Math.max(0, ((at + 0.5) / length - first) / seen.span));
    return worked
      ? { x: share(worked.place[1]!, width, seen.left), y: share(worked.place[0]!, height, seen.top) }
      : { x: 0.5, y: 0.5 };
  };
  const large = view.tensors.find((tensor) => !tensor.data);
  const block = large
    ? visibleWindow(large.shape, page, seen).block
    : Math.ceil((seen.span * cells) / largestMap);
  return (
    <>
      <div class="map-controls flex-wrap">
        <span class="pair tight">
          <Button
            icon
            label={text.zoomOut}
            disabled={seen.span === 1}
            onClick={() => see(zoomed(seen, 0.5, cells))}
          >
            −
          </Button>
          <Button
            icon
            label={text.zoomIn}
            disabled={cells * seen.span <= 2}
            onClick={() => see(zoomed(seen, 2, cells, markedPlace()))}
          >
            +
          </Button>
          <button
            type="button"
            class="text-button zoom"
            title={text.zoomReset}
            disabled={seen.span === 1}
            onClick={() => see(wholeMap)}
          >
            {`${compact(1 / seen.span).replace(/\.00$/, '')}×`}
          </button>
        </span>
        <span class="pair">
          <span class="tick">{text.colorRange}</span>
          <Choice
            label={text.colorRange}
            of={mapRange}
            options={{ most: text.rangeMost, all: text.rangeAll }}
          />
        </span>
        {block > 1 ? <span class="tick">{words.meansOf(block)}</span> : null}
      </div>
      <Pager
        offset={offset}
        size={channelsAPage}
        total={channels}
        label={words.channel}
        {...{ things: words.channels, first: 0 }}
        onChange={(next) => (store.state(activationsState).channelPage.value = next / channelsAPage)}
      />
      <div
        class="maps"
        style={mapsStyle(sizes)}
        role="group"
        tabIndex={0}
        aria-label={`${text.markedElement} ${text.zoomKeys}`}
        onKeyDown={keys}
        onWheel={(event) => {
          // Without Ctrl the wheel scrolls, as everywhere; a pinch on a touchpad comes with it.
          if (!event.ctrlKey && !event.metaKey) return;
          const canvas = (event.target as Element).closest('canvas');
          if (!canvas) return;
          event.preventDefault();
          const box = canvas.getBoundingClientRect();
          const at = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
          see(zoomed(seen, event.deltaY < 0 ? 2 : 0.5, cells, at));
        }}
      >
        {view.tensors.map((tensor) => (
          <TensorMaps
            key={tensor.name}
            range={rangeOf(tensor)}
            {...{ tensor, view, offset, worked, sizes, seen, see }}
          />
        ))}
      </div>
      <Readout of={pointed} hint={text.mapHint}>
        {({ tensor, index }) => placeText(view, tensor, index)}
      </Readout>
    </>
  );
}

/** Values of all tensors that have the pointed tensor's shape. */
function placeText(view: ShownLayer, name: string, index: number): string {
  const shape = view.tensors.find((tensor) => tensor.name === name)?.shape ?? [];
  const [, width = 1, channels = 1] = shape;
  const place = `(${Math.floor(index / (width * channels))}, ${Math.floor(index / channels) % width})`;
  const passes = (view.mask?.data[index] ?? 0) > 0.5;
  const values = view.tensors
    .filter((tensor) => tensor.data && tensor.shape.join() === shape.join())
    .map((tensor) =>
      passes && isQuantity(tensor.role)
        ? `${tensor.name} –`
        : `${tensor.name} ${compact(tensor.data![index])}`,
    );
  const note = passes ? `, ${words.passesUnchanged}` : '';
  return `${place} ${words.channel} ${index % channels}: ${values.join(', ')}${note}`;
}

interface TensorMapsProps {
  tensor: TensorView;
  view: ShownLayer;
  range: ColorRange;
  offset: number;
  worked?: Worked;
  sizes: MapSizes;
  seen: MapView;
  see(view: MapView): void;
}

interface LargeMapsProps {
  tensor: TensorView;
  scale: (light: boolean) => ColorScale;
  /** Width and height of all maps together. */
  box: readonly [number, number];
}

/** The visible part of a tensor that is too large to be here as a whole: as many maps as a page has, in one picture. */
function LargeMaps({ tensor, scale, box }: LargeMapsProps) {
  const { connection } = useStore();
  const { windows } = useFeature(activationsState);
  const question = tensor.role && windows[tensor.role];
  if (connection.choices || !question)
    return <p class="nothing">{words.valuesNotShown(tensor.stats.count)}</p>;
  return (
    <div class="large-maps" data-large={tensor.name}>
      <AnswerView question={question} skeleton={<div class="skeleton pulse" />}>
        {({ values, block, from, passes }) => {
          const planes = planesOf(values);
          const { columns, side } = mapGrid(planes.length, box, gap);
          const size = Math.floor(side);
          const conditional = isQuantity(tensor.role);
          return (
            <div
              class="frame"
              style={{ gridTemplateColumns: `repeat(${columns}, max-content)`, gap: `${gap}px` }}
            >
              {planes.map((plane, p) => (
                <HeatMap
                  key={p}
                  plane={plane}
                  scale={scale}
                  size={size}
                  name={`${tensor.name}[${from[2]! + p}]`}
                  label={`${tensor.name}, ${words.channel} ${from[2]! + p}, ${words.meansOf(block)}`}
                  hatched={conditional && passes ? (i) => passes[i * planes.length + p]! > 0.999 : undefined}
                />
              ))}
            </div>
          );
        }}
      </AnswerView>
    </div>
  );
}

function TensorMaps({ tensor, view, range, offset, worked, sizes, seen, see }: TensorMapsProps) {
  const store = useStore();
  const { pointed } = store.state(activationsState);
  const drag = useRef<{ x: number; y: number; from: MapView; moved: boolean } | undefined>(undefined);
  const planes = planesOf(tensor, channelsAPage, offset);
  const box = [sizes.column, sizes.frame] as const;
  const [height = 1, width = 1, channels = 1] = tensor.shape;
  const window = windowOf(seen, height, width);
  const side = Math.max(window.height, window.width);
  const cellsWith = (between: number): number => mapGrid(planes.length, box, between).side / side;
  // Cells are whole pixels, so that a few pixels less between small maps may make them twice as large.
  const between =
    Math.floor(cellsWith(gap)) < Math.floor(cellsWith(smallGap)) && cellsWith(gap) < 4 ? smallGap : gap;
  const { columns } = mapGrid(planes.length, box, between);
  const cell = cellsWith(between);
  const crisp = cell >= 1 ? Math.floor(cell) : cell;
  const conditional = isQuantity(tensor.role);
  const { limit, full, beyond } = range;
  const scale = (light: boolean) => signedScale(limit, light);
  const sameShape = worked !== undefined && tensor.data?.length === sizeOf(tensor.shape);
  return (
    <div class="map" data-tensor={tensor.name}>
      <Heading title={tensor.name} note={tensor.role && words.roles[tensor.role]} />
      <div
        class="frame"
        style={{ gridTemplateColumns: `repeat(${columns}, max-content)`, gap: `${between}px` }}
      >
        {planes.length === 0 ? (
          <LargeMaps tensor={tensor} scale={scale} box={box} />
        ) : (
          planes.map((plane, p) => {
            const channel = offset + p;
            const here = sameShape && worked.place[2] === channel && worked.place.length === 3;
            const { plane: shown, block } = cut(plane, window, largestMap);
            const elementAt = (index: number): number => {
              const row = window.row + Math.floor(index / shown.width) * block;
              const column = window.column + (index % shown.width) * block;
              return (row * width + column) * channels + channel;
            };
            const markRow = here ? worked.place[0]! - window.row : -1;
            const markColumn = here ? worked.place[1]! - window.column : -1;
            const marked =
              markRow >= 0 && markRow < window.height && markColumn >= 0 && markColumn < window.width;
            return (
              <span
                key={channel}
                class={seen.span < 1 ? 'grab' : undefined}
                onPointerDown={(event) => {
                  if (seen.span === 1 || event.button !== 0) return;
                  drag.current = { x: event.clientX, y: event.clientY, from: seen, moved: false };
                  event.currentTarget.setPointerCapture(event.pointerId);
                }}
                onPointerMove={(event) => {
                  const start = drag.current;
                  if (!start || event.buttons === 0) return;
                  const side = crisp * Math.max(window.height, window.width);
                  const [right, down] = [start.x - event.clientX, start.y - event.clientY];
                  if (!start.moved && Math.hypot(right, down) < 4) return;
                  start.moved = true;
                  see(panned(start.from, right / side, down / side));
                }}
              >
                <HeatMap
                  plane={shown}
                  scale={scale}
                  size={crisp * Math.max(window.height, window.width)}
                  name={`${tensor.name}[${channel}]`}
                  label={`${tensor.name}, ${words.channel} ${channel}`}
                  hatched={conditional && view.mask ? (i) => view.mask!.data[elementAt(i)]! > 0.5 : undefined}
                  onPick={(index) => {
                    const dragged = drag.current?.moved;
                    drag.current = undefined;
                    if (!dragged) store.marked.value = elementAt(index);
                  }}
                  onPoint={(index) =>
                    (pointed.value =
                      index === undefined ? undefined : { tensor: tensor.name, index: elementAt(index) })
                  }
                />
                {marked ? <CellMark row={markRow} column={markColumn} cell={crisp} /> : null}
              </span>
            );
          })
        )}
      </div>
      <Figures {...{ tensor, limit, sizes }}>
        <p class="tick beyond">{beyond > 0 ? words.beyondRange(beyond, full) : ''}</p>
      </Figures>
    </div>
  );
}
