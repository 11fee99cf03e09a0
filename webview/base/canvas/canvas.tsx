/** Canvases that draw again when their numbers, their size or the theme change. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ColorScale } from './color-maps';
import { paintPicture, paintPlane } from './paint';
import type { Plane, PixelRange } from './planes';
import { theme } from './theme';

/** The canvas to draw on; drawn again with every render, and so after a change of the theme that the caller reads. */
function useCanvas(draw: (canvas: HTMLCanvasElement) => void): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current) draw(canvas.current);
  });
  return canvas;
}

interface Named {
  label?: string;
  name?: string;
}

/** A picture with a label, or decoration without. */
function roleOf({ label, name }: Named) {
  return {
    role: label ? ('img' as const) : undefined,
    'aria-label': label,
    'aria-hidden': label ? undefined : ('true' as const),
    'data-name': name,
  };
}

export interface MapProps extends Named {
  plane: Plane;
  /** Given the theme, so that the map follows it. */
  scale(light: boolean): ColorScale;
  /** Longest side in CSS pixels. */
  size: number;
  hatched?: (index: number) => boolean;
  /** Cells without values, between cells with values. */
  blank?: (index: number) => boolean;
  onPick?(index: number): void;
  /** The cell under the pointer; undefined when it leaves. */
  onPoint?(index: number | undefined): void;
}

/** A plane of numbers in colors. Cells are whole device pixels where they fit, so that edges stay sharp. */
export function HeatMap(props: MapProps) {
  const { plane, hatched, blank, onPick, onPoint } = props;
  // Reading the theme makes the canvas draw again when it changes.
  const { light } = theme.value;
  const long = Math.max(plane.width, plane.height);
  const cell = props.size / long;
  const width = plane.width * cell;
  const height = plane.height * cell;
  const canvas = useCanvas((element) =>
    paintPlane(element, plane, { scale: props.scale(light), cell, hatched, blank }),
  );
  return (
    <canvas
      ref={canvas}
      {...roleOf(props)}
      style={{ width: `${width}px`, height: `${height}px` }}
      onClick={onPick && ((event) => onPick(cellAt(event, plane)))}
      onPointerMove={onPoint && ((event) => onPoint(cellAt(event, plane)))}
      onPointerLeave={onPoint && (() => onPoint(undefined))}
    />
  );
}

/** The cell of a plane that fills the event's element. */
export function cellAt(
  event: { clientX: number; clientY: number; currentTarget: Pick<Element, 'getBoundingClientRect'> },
  { width, height }: Pick<Plane, 'width' | 'height'>,
): number {
  const box = event.currentTarget.getBoundingClientRect();
  const place = (offset: number, length: number, n: number): number =>
    Math.min(n - 1, Math.max(0, Math.floor((offset / length) * n)));
  return (
    place(event.clientY - box.top, box.height, height) * width +
    place(event.clientX - box.left, box.width, width)
  );
}

/** A frame around a cell of a map in a `frame`, whose cells have so many pixels a side. */
export function CellMark({ row, column, cell }: { row: number; column: number; cell: number }) {
  const side = `${Math.max(3, cell)}px`;
  const style = { left: `${column * cell}px`, top: `${row * cell}px`, width: side, height: side };
  return <i class="mark" style={style} />;
}

/** Draws the component again when the theme changes. */
function useThemeChanges(): number {
  return theme.value.version;
}

export interface PictureProps extends Named {
  picture: { shape: number[]; data: Float32Array };
  /** What is black, and white. */
  range: PixelRange;
  /** Longest side in CSS pixels; without it the canvas fills its box. */
  size?: number;
}

/** A picture of the data: pixels, not a heat map. */
export function Picture({ picture, range, size, label, name }: PictureProps) {
  const [height = 1, width = 1] = picture.shape;
  useThemeChanges();
  const canvas = useCanvas((element) => paintPicture(element, picture, range));
  const scale = size === undefined ? undefined : size / Math.max(height, width);
  return (
    <canvas
      ref={canvas}
      {...roleOf({ label, name })}
      style={
        scale === undefined
          ? { width: '100%', height: 'auto' }
          : { width: `${width * scale}px`, height: `${height * scale}px` }
      }
    />
  );
}

export interface BoardProps extends Named {
  width: number;
  height: number;
  /** Draws in CSS pixels; called again after a theme change. */
  draw(context: CanvasRenderingContext2D, light: boolean): void;
}

/** A free drawing in CSS pixels. */
export function Board({ width, height, label, name, draw }: BoardProps) {
  const { light } = theme.value;
  const canvas = useCanvas((element) => {
    const ratio = Math.max(1, window.devicePixelRatio || 1);
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    const context = element.getContext('2d')!;
    context.scale(ratio, ratio);
    draw(context, light);
  });
  return (
    <canvas
      ref={canvas}
      {...roleOf({ label, name })}
      class="smooth"
      style={{ width: `${width}px`, height: `${height}px` }}
    />
  );
}
