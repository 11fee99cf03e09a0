/** Canvases that draw again when their numbers, their size or the theme change. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ColourScale } from '../draw/colour-maps';
import { paintPicture, paintPlane } from '../draw/paint';
import type { Plane } from '../draw/planes';
import { theme } from '../draw/theme';

export interface MapProps {
  plane: Plane;
  /** Given the theme, so that the map follows it. */
  scale(light: boolean): ColourScale;
  /** Longest side in CSS pixels. */
  size: number;
  /** Width in CSS pixels, when it is not to follow from the longest side. */
  height?: number;
  label?: string;
  name?: string;
  hatched?: (index: number) => boolean;
  onPick?(index: number): void;
}

/** A plane of numbers in colours. Cells are whole device pixels where they fit, so that edges stay sharp. */
export function HeatMap(props: MapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { plane } = props;
  // Reading the theme makes the canvas draw again when it changes.
  const { light } = theme.value;
  const long = Math.max(plane.width, plane.height);
  const cell = props.size / long;
  const width = plane.width * cell;
  const height = props.height ?? plane.height * cell;
  useLayoutEffect(() => {
    if (canvas.current)
      paintPlane(canvas.current, plane, { scale: props.scale(light), cell, hatched: props.hatched });
  });
  return (
    <canvas
      ref={canvas}
      role={props.label ? 'img' : undefined}
      aria-label={props.label}
      aria-hidden={props.label ? undefined : 'true'}
      data-name={props.name}
      style={{ width: `${width}px`, height: `${height}px` }}
      onClick={
        props.onPick
          ? (event) => {
              const box = event.currentTarget.getBoundingClientRect();
              const x = Math.floor(((event.clientX - box.left) / box.width) * plane.width);
              const y = Math.floor(((event.clientY - box.top) / box.height) * plane.height);
              const clamp = (v: number, n: number): number => Math.min(n - 1, Math.max(0, v));
              props.onPick!(clamp(y, plane.height) * plane.width + clamp(x, plane.width));
            }
          : undefined
      }
    />
  );
}

/** Draws the component again when the theme changes. */
function useThemeChanges(): number {
  return theme.value.version;
}

export interface PictureProps {
  picture: { shape: number[]; data: Float32Array };
  levels: number;
  /** Longest side in CSS pixels; without it the canvas fills its box. */
  size?: number;
  label?: string;
  name?: string;
}

/** A picture of the data: pixels, not a heat map. */
export function Picture({ picture, levels, size, label, name }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [height = 1, width = 1] = picture.shape;
  useThemeChanges();
  useLayoutEffect(() => {
    if (canvas.current) paintPicture(canvas.current, picture, levels);
  });
  const scale = size === undefined ? undefined : size / Math.max(height, width);
  return (
    <canvas
      ref={canvas}
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : 'true'}
      data-name={name}
      style={
        scale === undefined
          ? { width: '100%', height: 'auto' }
          : { width: `${width * scale}px`, height: `${height * scale}px` }
      }
    />
  );
}

export interface BoardProps {
  width: number;
  height: number;
  label?: string;
  name?: string;
  /** Draws in CSS pixels; called again after a theme change. */
  draw(context: CanvasRenderingContext2D, light: boolean): void;
}

/** A free drawing in CSS pixels. */
export function Board({ width, height, label, name, draw }: BoardProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { light } = theme.value;
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
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
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : 'true'}
      data-name={name}
      class="smooth"
      style={{ width: `${width}px`, height: `${height}px` }}
    />
  );
}
