/** Pictures to choose from: one stop of the Tab key, arrow keys move within. */
import { useRef, useState } from 'preact/hooks';
import { Picture } from '../canvas/canvas';
import type { PixelRange } from '../canvas/planes';

export interface Tile {
  key: string | number;
  label: string;
  picture: { shape: number[]; data: Float32Array };
  pressed: boolean;
  /** Under the picture. */
  caption?: string;
  /** Under the caption. */
  note?: string;
  disabled?: boolean;
}

export interface TilesProps {
  label: string;
  /** Name of the canvases, for tests. */
  name: string;
  /** What is black, and white. */
  range: PixelRange;
  tiles: readonly Tile[];
  /** Fixed number of columns; as many as fit without it. */
  columns?: number;
  class?: string;
  onPick(index: number): void;
}

export function Tiles({ label, name, range, tiles, columns, class: extra, onPick }: TilesProps) {
  const box = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<number>();
  const pressed = tiles.findIndex((tile) => tile.pressed);
  const enabled = tiles.findIndex((tile) => !tile.disabled);
  const usable = (index: number | undefined): index is number =>
    index !== undefined && tiles[index] !== undefined && !tiles[index].disabled;
  const stop = usable(focused) ? focused : usable(pressed) ? pressed : enabled;
  const move = (event: KeyboardEvent): void => {
    const buttons = [...(box.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const by = stepOf(event.key, buttons);
    if (at < 0 || by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    for (let to = at + by; to >= 0 && to < buttons.length; to += by) {
      if (buttons[to]!.disabled) continue;
      setFocused(to);
      buttons[to]!.focus();
      break;
    }
  };
  return (
    <div
      class={`${columns === undefined ? 'pick' : 'thumbs'} ${extra ?? ''}`}
      style={columns === undefined ? undefined : { '--n': columns }}
      role="group"
      aria-label={label}
      ref={box}
      onKeyDown={move}
    >
      {tiles.map((tile, index) => (
        <button
          key={tile.key}
          type="button"
          class="bare"
          aria-pressed={tile.pressed}
          aria-label={tile.label}
          disabled={tile.disabled}
          tabIndex={index === stop ? 0 : -1}
          onFocus={() => setFocused(index)}
          onClick={() => onPick(index)}
        >
          <Picture picture={tile.picture} range={range} name={name} />
          {tile.caption === undefined ? null : <span class="tick">{tile.caption}</span>}
          {/* A space, so that two numbers are read as two. */}
          {tile.note === undefined ? null : ' '}
          {tile.note === undefined ? null : <span class="tick note">{tile.note}</span>}
        </button>
      ))}
    </div>
  );
}

/** How many tiles a key moves by; rows are as they were laid out. */
function stepOf(key: string, buttons: readonly HTMLElement[]): number {
  if (key === 'ArrowRight') return 1;
  if (key === 'ArrowLeft') return -1;
  if (key !== 'ArrowDown' && key !== 'ArrowUp') return 0;
  const top = buttons[0]?.offsetTop;
  const second = buttons.findIndex((button) => button.offsetTop !== top);
  return (second < 0 ? buttons.length : second) * (key === 'ArrowDown' ? 1 : -1);
}

export interface TilesSkeletonProps {
  count: number;
  columns: number;
  class?: string;
}

/** Tiles before there is anything to see, in their places. */
export function TilesSkeleton({ count, columns, class: extra }: TilesSkeletonProps) {
  return (
    <div class={`thumbs ${extra ?? ''}`} style={{ '--n': columns }}>
      {Array.from({ length: count }, (_, i) => (
        <div key={i} class="skeleton pulse" style={{ aspectRatio: '1' }} />
      ))}
    </div>
  );
}
