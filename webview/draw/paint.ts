/** Painting planes of numbers on a canvas, cell by cell. */
import { badColour, type ColourScale, type Rgb } from './colour-maps';
import type { Plane } from './planes';
import { cssColour, theme } from './theme';

export interface PaintOptions {
  scale: ColourScale;
  /** CSS pixels a cell. */
  cell: number;
  /** True where a value does not apply: hatched, so that it is not taken for zero. */
  hatched?: (index: number) => boolean;
  /** True for cells that are no values: they stay as the background. */
  blank?: (index: number) => boolean;
}

function over(top: { rgb: Rgb; alpha: number }, below: Rgb): Rgb {
  return [0, 1, 2].map((k) =>
    Math.round(top.rgb[k]! * top.alpha + below[k]! * (1 - top.alpha)),
  ) as unknown as Rgb;
}

/** Sets the canvas's size and draws. Cells with NaN or Inf are red and, when large enough, say which it is. */
export function paintPlane(canvas: HTMLCanvasElement, plane: Plane, options: PaintOptions): void {
  const { width, height, values } = plane;
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const cell = Math.max(1, Math.round(options.cell * ratio));
  canvas.width = width * cell;
  canvas.height = height * cell;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(canvas.width, canvas.height);
  const light = theme.peek().light;
  const bad = badColour(light);
  const surface = cssColour('--surface').rgb;
  const line = options.hatched ? over(cssColour('--hatch'), surface) : surface;
  const glyphs: { x: number; y: number; text: string }[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const index = row * width + column;
      const value = values[index]!;
      const blank = options.blank?.(index) ?? false;
      const skip = blank || (options.hatched?.(index) ?? false);
      const colour = skip ? surface : Number.isFinite(value) ? options.scale.at(value) : bad;
      if (!skip && !Number.isFinite(value))
        glyphs.push({ x: column, y: row, text: Number.isNaN(value) ? '×' : '∞' });
      for (let y = row * cell; y < (row + 1) * cell; y++) {
        for (let x = column * cell; x < (column + 1) * cell; x++) {
          const [r, g, b] = skip && !blank && (x + y) % Math.round(9 * ratio) < ratio ? line : colour;
          const at = (y * canvas.width + x) * 4;
          image.data[at] = r;
          image.data[at + 1] = g;
          image.data[at + 2] = b;
          image.data[at + 3] = 255;
        }
      }
    }
  }
  context.putImageData(image, 0, 0);
  if (cell < 11 || glyphs.length === 0) return;
  context.fillStyle = '#ffffff';
  context.font = `700 ${Math.round(cell * 0.62)}px sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const glyph of glyphs) context.fillText(glyph.text, (glyph.x + 0.5) * cell, (glyph.y + 0.55) * cell);
}

/** A picture [H, W, C] of pixels in [0, levels): grey for one channel, red, green, blue for three. */
export function paintPicture(
  canvas: HTMLCanvasElement,
  picture: { shape: number[]; data: Float32Array },
  levels: number,
): void {
  const [height = 1, width = 1, channels = 1] = picture.shape;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(width, height);
  const bad = badColour(theme.peek().light);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) {
      const value = picture.data[i * channels + (channels >= 3 ? k : 0)]!;
      image.data[i * 4 + k] = Number.isFinite(value)
        ? Math.round((255 * Math.min(levels - 1, Math.max(0, value))) / (levels - 1))
        : bad[k]!;
    }
    image.data[i * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
