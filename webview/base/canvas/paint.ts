/** Painting planes of numbers on a canvas, cell by cell. */
import { badColor, type ColorScale } from './color-maps';
import type { Plane, PixelRange } from './planes';
import { cssColor, theme, type Rgb } from './theme';

export interface PaintOptions {
  scale: ColorScale;
  /** CSS pixels a cell. */
  cell: number;
  /** True where a value does not apply: hatched, so that it is not taken for zero. */
  hatched?: (index: number) => boolean;
  /** True for cells without values: they keep the background. */
  blank?: (index: number) => boolean;
}

function over(top: { rgb: Rgb; alpha: number }, below: Rgb): Rgb {
  return [0, 1, 2].map((k) =>
    Math.round(top.rgb[k]! * top.alpha + below[k]! * (1 - top.alpha)),
  ) as unknown as Rgb;
}

const oneColor = new Uint8Array(4).fill(255);
const oneWord = new Uint32Array(oneColor.buffer);

/** An opaque color as a canvas keeps it, in the byte order of this machine. */
function packed([r, g, b]: Rgb): number {
  oneColor[0] = r;
  oneColor[1] = g;
  oneColor[2] = b;
  return oneWord[0]!;
}

/** What a cell is: 0 a number with a color, or one of these. */
const blankCell = 1;
const hatchedCell = 2;
const nanCell = 3;
const infiniteCell = 4;

/** All that decides how a canvas looks. */
type Painting = ReturnType<typeof paintingOf>;

/** What canvases show: a page redraws many of them although few have changed. */
const shown = new WeakMap<HTMLCanvasElement, Painting>();

/** Sets the canvas's size and draws. Cells with NaN or Inf are red and, when large enough, say which it is. */
export function paintPlane(canvas: HTMLCanvasElement, plane: Plane, options: PaintOptions): void {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const painting = paintingOf(plane, options, ratio);
  const before = shown.get(canvas);
  if (before && samePainting(before, painting)) return;
  shown.set(canvas, painting);
  draw(canvas, painting, ratio);
}

function paintingOf({ width, height, values }: Plane, options: PaintOptions, ratio: number) {
  const surface = cssColor('--surface').rgb;
  const background = packed(surface);
  const bad = packed(badColor(theme.peek().light));
  const colors = new Uint32Array(width * height);
  const kinds = new Uint8Array(colors.length);
  for (let i = 0; i < colors.length; i++) {
    const value = values[i]!;
    const kind = options.blank?.(i)
      ? blankCell
      : options.hatched?.(i)
        ? hatchedCell
        : Number.isFinite(value)
          ? 0
          : Number.isNaN(value)
            ? nanCell
            : infiniteCell;
    kinds[i] = kind;
    colors[i] = kind === 0 ? packed(options.scale.at(value)) : kind >= nanCell ? bad : background;
  }
  return {
    width,
    /** Device pixels a cell. */
    cell: Math.max(1, Math.round(options.cell * ratio)),
    colors,
    kinds,
    line: options.hatched ? packed(over(cssColor('--hatch'), surface)) : background,
  };
}

function samePainting(a: Painting, b: Painting): boolean {
  return (
    a.width === b.width &&
    a.cell === b.cell &&
    a.line === b.line &&
    a.colors.length === b.colors.length &&
    a.colors.every((color, i) => color === b.colors[i]) &&
    a.kinds.every((kind, i) => kind === b.kinds[i])
  );
}

function draw(canvas: HTMLCanvasElement, painting: Painting, ratio: number): void {
  const { width, cell, colors, kinds, line } = painting;
  const across = width * cell;
  canvas.width = across;
  canvas.height = (colors.length / width) * cell;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let first = 0; first < colors.length; first += width) {
    const top = (first / width) * cell;
    for (let column = 0; column < width; column++) {
      const from = top * across + column * cell;
      pixels.fill(colors[first + column]!, from, from + cell);
    }
    for (let y = top + 1; y < top + cell; y++)
      pixels.copyWithin(y * across, top * across, (top + 1) * across);
    for (let column = 0; column < width; column++) {
      if (kinds[first + column] !== hatchedCell) continue;
      for (let y = top; y < top + cell; y++)
        for (let x = column * cell; x < (column + 1) * cell; x++)
          if ((x + y) % Math.round(9 * ratio) < ratio) pixels[y * across + x] = line;
    }
  }
  context.putImageData(image, 0, 0);
  if (cell < 11) return;
  context.fillStyle = '#ffffff';
  context.font = `700 ${Math.round(cell * 0.62)}px sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  kinds.forEach((kind, i) => {
    if (kind < nanCell) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    context.fillText(kind === nanCell ? '×' : '∞', (x + 0.5) * cell, (y + 0.55) * cell);
  });
}

/** A picture [H, W, C], with what is black and white: gray for one channel, red, green, blue for three. */
export function paintPicture(
  canvas: HTMLCanvasElement,
  picture: { shape: number[]; data: Float32Array },
  [black, white]: PixelRange,
): void {
  const [height = 1, width = 1, channels = 1] = picture.shape;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const bad = badColor(theme.peek().light);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) {
      const value = picture.data[i * channels + (channels >= 3 ? k : 0)]!;
      image.data[i * 4 + k] = Number.isFinite(value)
        ? Math.round((255 * (Math.min(white, Math.max(black, value)) - black)) / (white - black))
        : bad[k]!;
    }
    image.data[i * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
