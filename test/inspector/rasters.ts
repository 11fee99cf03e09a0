/** What canvases show, byte for byte. */
import assert from 'node:assert/strict';
import type { Frame, Locator, Page } from 'playwright-core';

/** A picture with its opacity. */
export interface Raster {
  width: number;
  height: number;
  /** Red, green, blue and opacity, pixel after pixel. */
  data: Uint8Array;
}

export function rgba({ width, data }: Raster, x: number, y: number): Uint8Array {
  const at = 4 * (y * width + x);
  return data.subarray(at, at + 4);
}

/** Every canvas that the selector finds and that is seen. */
export const rastersOf = (page: Frame | Page, selector: string): Promise<Raster[]> =>
  read(page.locator(selector));

/** The first canvas that the selector finds, once there is one. */
export async function rasterOf(frame: Frame, selector: string): Promise<Raster> {
  const canvas = frame.locator(selector).first();
  await canvas.waitFor({ state: 'attached' });
  const [first] = await read(canvas);
  assert.ok(first, `${selector} is not seen`);
  return first;
}

async function read(canvases: Locator): Promise<Raster[]> {
  const found = await canvases.evaluateAll((elements) =>
    elements.flatMap((element) => {
      const canvas = element as HTMLCanvasElement;
      const { width, height } = canvas;
      if (width === 0 || height === 0 || !canvas.checkVisibility()) return [];
      const bytes = canvas.getContext('2d')!.getImageData(0, 0, width, height).data;
      // As text: a list of so many numbers takes a second on its way.
      const text: string[] = [];
      for (let i = 0; i < bytes.length; i += 2 ** 14)
        text.push(String.fromCharCode(...bytes.subarray(i, i + 2 ** 14)));
      return [{ width, height, text: btoa(text.join('')) }];
    }),
  );
  return found.map(({ width, height, text }) => ({ width, height, data: Buffer.from(text, 'base64') }));
}
