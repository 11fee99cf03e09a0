/** What latents are called. */
import type { LatentsView } from '../../../src/protocol/latents';
import { subscript } from '../../../src/base/digits';
import { text } from './text';

export function latentName(element: number): string {
  return `z${subscript(element + 1)}`;
}

/** Where an element of z leaves: its scale, and its place in the picture. */
export function placeOf({ shape, scales, places }: LatentsView, element: number): string {
  const scale = scales && shape.length === 3 ? scales[element]! + 1 : undefined;
  if (shape.length !== 3) return text.latentOf(element + 1);
  const [, width = 1, channels = 1] = shape;
  const place = places?.[element] ?? element;
  const pixel = Math.floor(place / channels);
  return text.latentAt(
    scale,
    Math.floor(pixel / width),
    pixel % width,
    channels > 1 ? place % channels : undefined,
  );
}
