/** Pictures of samples. sharp is loaded only when one is written. */
import { writeAtomically } from '../files/atomic';
import type { NdArray } from '../protocol/tensors';

type Raster = ReturnType<typeof blank>;

type Color = readonly [number, number, number];

const background: Color = [128, 128, 128];
const paper: Color = [255, 255, 255];
const ink: Color = [31, 94, 184];
const pale: Color = [190, 190, 190];
/** What is not a number must not look like a pixel. */
const alarm: Color = [255, 0, 255];

const gap = 2;
/** Small images are enlarged by a whole factor to about so many pixels. */
const tileSize = 56;

/**
 * Writes images side by side, row by row.
 * @param values [n, H, W, C] in [0, levels); C is 1 (gray) or 3 (color), of others the first channel is shown
 */
export async function writeSampleGrid(
  values: NdArray<Float32Array>,
  levels: number,
  columns: number,
  file: string,
): Promise<void> {
  await writeAtomically(file, await encode(sampleGrid(values, levels, columns)));
}

/**
 * Writes points of the plane as a scatter picture; of longer vectors the first two features.
 * @param values [n, D], D ≥ 2
 * @param reference points drawn pale beneath, for example the data; the frame then fits these
 */
export async function writeScatter(
  values: NdArray<Float32Array>,
  file: string,
  reference?: NdArray<Float32Array>,
): Promise<void> {
  await writeAtomically(file, await encode(scatter(values, reference)));
}

/** The same grid as the bytes of a PNG file, with its size in pixels. */
export async function sampleSheet(values: NdArray<Float32Array>, levels: number, columns: number) {
  const raster = sampleGrid(values, levels, columns);
  return { png: await encode(raster), width: raster.width, height: raster.height };
}

function sampleGrid({ shape, data }: NdArray<Float32Array>, levels: number, columns: number): Raster {
  const [count = 0, height = 0, width = 0, channels = 0] = shape;
  const scale = Math.max(1, Math.round(tileSize / Math.max(height, width)));
  const across = Math.max(1, Math.min(columns, count));
  const down = Math.max(1, Math.ceil(count / across));
  const raster = blank(across * (width * scale + gap) + gap, down * (height * scale + gap) + gap, background);
  const shade = (value: number) =>
    Math.round((255 * Math.min(levels - 1, Math.max(0, Math.floor(value)))) / (levels - 1));
  for (let n = 0; n < count; n++) {
    const left = gap + (n % across) * (width * scale + gap);
    const top = gap + Math.floor(n / across) * (height * scale + gap);
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const at = ((n * height + Math.floor(y / scale)) * width + Math.floor(x / scale)) * channels;
        const value = [
          data[at]!,
          data[at + (channels === 3 ? 1 : 0)]!,
          data[at + (channels === 3 ? 2 : 0)]!,
        ] as const;
        const color: Color = value.every(Number.isFinite)
          ? [shade(value[0]), shade(value[1]), shade(value[2])]
          : alarm;
        paint(raster, left + x, top + y, color, 1);
      }
    }
  }
  return raster;
}

function scatter(values: NdArray<Float32Array>, reference?: NdArray<Float32Array>): Raster {
  const side = 480;
  const raster = blank(side, side, paper);
  const framed = reference ?? values;
  const [x0, x1] = range(framed, 0);
  const [y0, y1] = range(framed, 1);
  // One unit is as long in both directions.
  const span = 1.1 * Math.max(x1 - x0, y1 - y0, 1e-6);
  const draw = ({ shape, data }: NdArray<Float32Array>, color: Color, opacity: number) => {
    const size = shape[1]!;
    for (let i = 0; i < shape[0]!; i++) {
      const px = (0.5 + (data[i * size]! - (x0 + x1) / 2) / span) * side;
      const py = (0.5 - (data[i * size + 1]! - (y0 + y1) / 2) / span) * side;
      if (Number.isFinite(px) && Number.isFinite(py)) dot(raster, px, py, color, opacity);
    }
  };
  if (reference) draw(reference, pale, 0.5);
  draw(values, ink, 0.6);
  return raster;
}

/** A disk of radius 1.5 pixels with soft edges. */
function dot(raster: Raster, x: number, y: number, color: Color, opacity: number): void {
  for (let py = Math.floor(y - 2); py <= y + 2; py++) {
    for (let px = Math.floor(x - 2); px <= x + 2; px++) {
      const distance = Math.hypot(px + 0.5 - x, py + 0.5 - y);
      paint(raster, px, py, color, opacity * Math.min(1, Math.max(0, 2 - distance)));
    }
  }
}

/** Smallest and largest finite value of a feature, without the outermost half per cent at either end. */
function range({ shape, data }: NdArray<Float32Array>, feature: number): [number, number] {
  const [count = 0, size = 1] = shape;
  const finite = Float32Array.from({ length: count }, (_, i) => data[i * size + feature]!)
    .filter(Number.isFinite)
    .sort();
  const at = (share: number) => finite[Math.round(share * (finite.length - 1))] ?? 0;
  return [at(0.005), at(0.995)];
}

function blank(width: number, height: number, color: Color) {
  /** RGBA, row by row. */
  const pixels = new Uint8Array(width * height * 4);
  for (let i = 0; i < pixels.length; i += 4) pixels.set([...color, 255], i);
  return { width, height, pixels };
}

function paint(raster: Raster, x: number, y: number, color: Color, opacity: number): void {
  if (opacity <= 0 || x < 0 || y < 0 || x >= raster.width || y >= raster.height) return;
  const at = (y * raster.width + x) * 4;
  for (let c = 0; c < 3; c++) {
    raster.pixels[at + c] = Math.round(raster.pixels[at + c]! * (1 - opacity) + color[c]! * opacity);
  }
}

async function encode({ width, height, pixels }: Raster): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const png = await sharp(pixels, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.byteLength);
}
