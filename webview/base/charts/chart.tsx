/** Charts of marks: axes with their numbers, and what lies at values of them. What is not finite is not drawn. */
import { createContext, type ComponentChildren, type CSSProperties } from 'preact';
import { useContext } from 'preact/hooks';
import { tickText } from '../format/numbers';
import { Sized } from '../size/sized';
import { linear, spaced, widest, type Axis, type Size } from './scale';

/** What one direction of a chart means. */
export interface Channel {
  low: number;
  high: number;
  scale?: typeof linear;
  /** Values that have numbers, in a chart of so many pixels. */
  ticks?(pixels: number): readonly number[];
  textOf?(value: number): string;
}

export interface ChartProps {
  /** What it shows, for who does not see it; without it, the chart only repeats the text next to it. */
  label?: string;
  x: Channel & {
    title?: string;
    /** From the right to the left. */
    reversed?: boolean;
    /** Its numbers have lines. */
    grid?: boolean;
  };
  y: Channel & {
    /** The value whose line is the axis. */
    axis?: number;
  };
  /** px around the values, where numbers and titles are. */
  left?: number;
  right?: number;
  top?: number;
  foot?: number;
  children: ComponentChildren;
}

/** Without room for numbers and titles. */
export const bare = { left: 0, right: 0, top: 0, foot: 0 };

interface Place extends Size {
  x: Axis;
  y: Axis;
  left: number;
  right: number;
  top: number;
  base: number;
}

const PlaceContext = createContext<Place | undefined>(undefined);

/** Where the values of the chart around a mark lie. */
export const usePlace = (): Place => useContext(PlaceContext)!;

type SizedChartProps = ChartProps & {
  height?: number | ((width: number) => number);
  /** px that it is wide at most. */
  widest?: number;
};

/** In the room that there is, or as high as is said. */
export function Chart({ height, widest: most = Infinity, ...chart }: SizedChartProps) {
  return (
    <Sized height={height}>
      {(width, tall) => <Plot {...chart} width={Math.min(width, most)} height={tall} />}
    </Sized>
  );
}

/** The same where the size is known. */
export function Plot({
  width,
  height,
  label,
  x,
  y,
  left = 36,
  right = 4,
  top = 6,
  foot = 32,
  children,
}: ChartProps & Size) {
  const [end, base] = [width - right, height - foot];
  const [from, to] = x.reversed ? [end, left] : [left, end];
  const along = (x.scale ?? linear)(x.low, x.high, from, to);
  const up = (y.scale ?? linear)(y.low, y.high, base, top);
  const { textOf = tickText } = x;
  const tickValues = x.ticks?.(width) ?? [];
  const room = widest(tickValues.map(textOf));
  const values = tickValues.filter(
    (value) => along.at(value) >= room / 2 && along.at(value) <= width - room / 2,
  );
  return (
    <svg
      width={width}
      height={height}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      {y.ticks?.(height).map((value) => (
        <g key={value}>
          <line
            class={value === y.axis ? 'axis' : 'grid'}
            x1={left}
            x2={width}
            y1={up.at(value)}
            y2={up.at(value)}
          />
          <text x={left - 4} y={up.at(value) + 4} text-anchor="end">
            {(y.textOf ?? tickText)(value)}
          </text>
        </g>
      ))}
      {spaced(values, along, room + 4).map((value) => (
        <g key={value}>
          {x.grid ? <line class="grid" x1={along.at(value)} x2={along.at(value)} y1={top} y2={base} /> : null}
          <text x={along.at(value)} y={base + 13} text-anchor="middle">
            {textOf(value)}
          </text>
        </g>
      ))}
      <PlaceContext.Provider value={{ width, height, left, right: end, top, base, x: along, y: up }}>
        {children}
      </PlaceContext.Provider>
      <text x={(left + end) / 2} y={height - 4} text-anchor="middle">
        {x.title}
      </text>
    </svg>
  );
}

interface Look {
  class?: string | undefined;
  style?: CSSProperties;
}

interface Points {
  /** Without them, places from 0. */
  xs?: ArrayLike<number>;
  ys: ArrayLike<number>;
}

const placesOf = (values: ArrayLike<number>): number[] => Array.from(values, (_, i) => i);

/** In pieces where points between are not finite. */
export function Line({ xs, ys, ...look }: Points & Look) {
  const { x, y } = usePlace();
  return <path class="line" fill="none" {...look} d={pathOf(xs ?? placesOf(ys), ys, x, y)} />;
}

/** What lies between two lines. */
export function Area({ xs, low, high, ...look }: Look & Record<'xs' | 'low' | 'high', ArrayLike<number>>) {
  const { x, y } = usePlace();
  const back = (values: ArrayLike<number>): number[] => Array.from(values).reverse();
  const around = [...Array.from(low), ...back(high)];
  if (!around.every(Number.isFinite)) return null;
  return <path class="band" {...look} d={`${pathOf([...Array.from(xs), ...back(xs)], around, x, y)}Z`} />;
}

export function Dots({ xs, ys, r, ...look }: Points & Look & { r: number }) {
  const { x, y } = usePlace();
  return (
    <>
      {Array.from(ys, (value, i) => {
        const [cx, cy] = [x.at(xs ? xs[i]! : i), y.at(value)];
        return Number.isFinite(cx + cy) ? <circle key={i} class="dot" {...look} {...{ cx, cy, r }} /> : null;
      })}
    </>
  );
}

/** A line at one value, from end to end. */
export function Rule({ x: across, y: up, ...look }: Look & { x?: number; y?: number }) {
  const { x, y, left, right, top, base } = usePlace();
  const at = across === undefined ? y.at(up!) : x.at(across);
  if (!Number.isFinite(at)) return null;
  const ends =
    across === undefined ? { x1: left, x2: right, y1: at, y2: at } : { x1: at, x2: at, y1: top, y2: base };
  return <line {...look} {...ends} />;
}

type Range = readonly [number, number];

/** Everything between two values, from end to end where a direction has none. */
export function Box({ x: across, y: up, ...look }: Look & { x?: Range; y?: Range }) {
  const { x, y, left, right, top, base } = usePlace();
  const [from, to] = across ? [x.at(across[0]), x.at(across[1])] : [left, right];
  const [low, high] = up ? [y.at(up[0]), y.at(up[1])] : [base, top];
  return <rect {...look} x={from} width={Math.max(0, to - from)} y={high} height={Math.max(0, low - high)} />;
}

/** Words, so many pixels to the right of a place and below it. */
export function Note({ x: across, y: up, dx = 0, dy = 0, ...look }: NoteProps) {
  const { x, y } = usePlace();
  return <text {...look} x={x.at(across) + dx} y={y.at(up) + dy} />;
}

interface NoteProps extends Look, Record<'x' | 'y', number> {
  dx?: number;
  dy?: number;
  'text-anchor'?: 'middle' | 'end';
  children: string;
}

interface BarsProps {
  values: ArrayLike<number>;
  /** The value of x at which a bar begins; it ends where the next begins. */
  from(i: number): number;
  to?(i: number): number;
  /** px to the next one. */
  gap?: number;
  /** px that a bar is high at least. */
  least?: number;
  class?: string | ((value: number, i: number) => string);
}

/** From 0, or from the lowest value that is drawn. */
export function Bars({ values, from, to, gap = 0.5, least = 0, class: look = 'bar' }: BarsProps) {
  const { x, y } = usePlace();
  const foot = y.at(Math.max(0, y.low));
  return (
    <>
      {Array.from(values, (value, i) => {
        const [start, end] = [x.at(from(i)), x.at(to ? to(i) : from(i + 1))];
        const tall = Math.max(least, foot - y.at(value));
        return value > 0 && Number.isFinite(start + end + tall) ? (
          <rect
            key={i}
            class={typeof look === 'string' ? look : look(value, i)}
            x={Math.min(start, end)}
            width={Math.max(1, Math.abs(end - start) - gap)}
            y={foot - tall}
            height={tall}
          />
        ) : null;
      })}
    </>
  );
}

/** The pattern of that id, with which rectangles are filled. */
export function Hatch({ id }: { id: string }) {
  return (
    <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <line class="hatch" x1="0" x2="0" y1="0" y2="6" />
    </pattern>
  );
}

/** A line through the points that are finite, in pieces where others lie between. */
function pathOf(xs: ArrayLike<number>, ys: ArrayLike<number>, x: Axis, y: Axis): string {
  let pen = 'M';
  return Array.from(xs, (value, i) => {
    const finite = Number.isFinite(ys[i]);
    const point = finite ? `${pen}${x.at(value).toFixed(1)} ${y.at(ys[i]!).toFixed(1)}` : '';
    pen = finite ? 'L' : 'M';
    return point;
  }).join('');
}
