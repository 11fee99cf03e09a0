/** Points, values and axes of a plane, drawn on a canvas. */
import { type PlaneBounds, squareAround } from '../../../src/protocol/plane';
import type { NdArray } from '../../../src/protocol/tensors';
import type { ColorScale } from './color-maps';
import { ticks } from '../../../src/base/ticks';
import { tickText } from '../format/numbers';
import { cssText } from './theme';
import { Board } from './canvas';

export interface PlaneFrame {
  size: number;
  x: [number, number];
  y: [number, number];
}

export function toScreen(frame: PlaneFrame, x: number, y: number): [number, number] {
  return [
    ((x - frame.x[0]) / (frame.x[1] - frame.x[0])) * frame.size,
    ((frame.y[1] - y) / (frame.y[1] - frame.y[0])) * frame.size,
  ];
}

/** The point under the pointer of an event, whose element the plane fills; at the edge where the pointer is outside. */
export function pointAt(event: PointerEvent, { x, y }: Pick<PlaneFrame, 'x' | 'y'>): [number, number] {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const across = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  const down = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
  return [x[0] + across * (x[1] - x[0]), y[1] - down * (y[1] - y[0])];
}

/** Index of the drawn point nearest to a place on the screen, at most `reach` pixels away. */
export function nearestPoint(
  points: NdArray<Float32Array>,
  frame: PlaneFrame,
  [x, y]: readonly [number, number],
  count = points.shape[0]!,
  reach = 6,
): number | undefined {
  let best: number | undefined;
  let distance = reach;
  for (let i = 0; i < count; i++) {
    const [px, py] = toScreen(frame, points.data[2 * i]!, points.data[2 * i + 1]!);
    const d = Math.hypot(px - x, py - y);
    if (d <= distance) [best, distance] = [i, d];
  }
  return best;
}

/** Dots for label 0 or none, rings for other labels. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  points: NdArray<Float32Array>,
  radius: number,
  labels?: (number | null)[],
  most = Infinity,
  color = cssText('--fg'),
): void {
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = Math.max(0.8, radius * 0.5);
  const n = Math.min(points.shape[0]!, most);
  for (let i = 0; i < n; i++) {
    const [x, y] = toScreen(frame, points.data[2 * i]!, points.data[2 * i + 1]!);
    if (!Number.isFinite(x + y)) continue;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    if (labels?.[i]) context.stroke();
    else context.fill();
  }
}

/** Values [height, width] on their part of the plane, cell by cell, without smoothing; what is not known stays empty. */
export function drawValues(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  { values, bounds }: { values: NdArray<Float32Array>; bounds: PlaneBounds },
  { scale, opacity }: { scale: ColorScale; opacity: number },
): void {
  const [height = 1, width = 1] = values.shape;
  const picture = document.createElement('canvas');
  picture.width = width;
  picture.height = height;
  const inner = picture.getContext('2d')!;
  const image = inner.createImageData(width, height);
  values.data.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    image.data.set(scale.at(value), 4 * i);
    image.data[4 * i + 3] = 255;
  });
  inner.putImageData(image, 0, 0);
  const [left, top] = toScreen(frame, bounds.x[0], bounds.y[1]);
  const [right, bottom] = toScreen(frame, bounds.x[1], bounds.y[0]);
  context.save();
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, left, top, right - left, bottom - top);
  context.restore();
}

/** A circle with a rim, in the colors of two custom properties; a ring without `fill`, nothing where the place is not finite. */
export function drawDot(
  context: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  radius: number,
  [fill, rim]: readonly [fill: string | undefined, rim: string],
  rimWidth = 1.5,
): void {
  if (!Number.isFinite(x + y)) return;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill !== undefined) {
    context.fillStyle = cssText(fill);
    context.fill();
  }
  context.strokeStyle = cssText(rim);
  context.lineWidth = rimWidth;
  context.stroke();
}

/** Like `squareAround`, on a square of `size` pixels. */
export function frameOf(points: NdArray<Float32Array>, size: number, trim = 0.005): PlaneFrame {
  return { size, ...squareAround(points, trim) };
}

interface PointsThumbnailProps {
  points?: NdArray<Float32Array>;
  size?: number;
  /** Points that have to be in the picture too. */
  beside?: NdArray<Float32Array>;
  /** Draws axes under the points, where the picture has room for these. */
  axes?(context: CanvasRenderingContext2D, frame: PlaneFrame): void;
}

export function PointsThumbnail({ points, size = 48, beside, axes }: PointsThumbnailProps) {
  if (!points) return <span class="skeleton" style={{ width: `${size}px`, height: `${size}px` }} />;
  const frame = frameOf(beside ? both(points, beside) : points, size);
  return (
    <Board
      width={size}
      height={size}
      name="points"
      draw={(context) => {
        context.fillStyle = cssText('--surface');
        context.fillRect(0, 0, size, size);
        axes?.(context, frame);
        drawPoints(context, frame, points, axes ? 1.2 : 0.8, undefined, axes ? undefined : 300);
      }}
    />
  );
}

function both(a: NdArray<Float32Array>, b: NdArray<Float32Array>): NdArray<Float32Array> {
  const data = new Float32Array(a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  return { shape: [data.length / 2, 2], data };
}

/** Ticks, grid lines and names of both axes of a plane. */
export function planeAxes(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  names: [string, string],
): void {
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.lineWidth = 1;
  const { size } = frame;
  // A rim keeps it readable on colors.
  const write = (text: string, x: number, y: number, align: CanvasTextAlign): void => {
    Object.assign(context, { textAlign: align, lineWidth: 3, lineJoin: 'round' });
    Object.assign(context, { strokeStyle: cssText('--surface'), fillStyle: cssText('--muted') });
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
    context.lineWidth = 1;
  };
  const line = (x: number, y: number, width: number, height: number): void => {
    context.fillStyle = cssText('--grid');
    context.fillRect(x, y, width, height);
  };
  for (const value of ticks(...frame.x, 4)) {
    const [x] = toScreen(frame, value, 0);
    line(x - 0.5, 0, 1, size);
    if (x > 12 && x < size - 40) write(tickText(value), x, size - 5, 'center');
  }
  for (const value of ticks(...frame.y, 4)) {
    const [, y] = toScreen(frame, 0, value);
    line(0, y - 0.5, size, 1);
    if (y > 30 && y < size - 18) write(tickText(value), 4, y - 3, 'left');
  }
  write(names[0], size - 5, size - 5, 'right');
  write(names[1], 4, 13, 'left');
  context.strokeStyle = cssText('--axis');
  context.strokeRect(0.5, 0.5, size - 1, size - 1);
}
