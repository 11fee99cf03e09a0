import type { NdArray } from '../../../src/protocol/tensors';
import type { ModelSummary } from '../../../src/protocol/model';
import { maskColors, signedScale, type ColorScale } from '../canvas/color-maps';
import { planesOf, tile, type Plane, pixelRange } from '../canvas/planes';
import { useFeature } from '../store/use-store';
import { HeatMap, Picture } from '../canvas/canvas';
import type { MaskView } from '../../../src/protocol/inspect';
import { ask, type Question, stateOf } from '../store/store';

/** Outputs are drawn on one scale from top to bottom, so that rows compare. */
export const outputRange = 3;

export const maskScale = (): ColorScale => ({
  low: 0,
  high: 1,
  at: (value) => (value > 0.5 ? maskColors.reads : maskColors.moves),
});

export const outputScale = (light: boolean): ColorScale => signedScale(outputRange, light);

/** A mask in one small picture: bands when whole channels move, else the pattern of the first channel. */
export function maskPlane(mask: NdArray<Float32Array>): Plane {
  const planes = planesOf(mask);
  if (mask.shape.length !== 3) return planes[0]!;
  const flat = planes.every((plane) => plane.values.every((value) => value === plane.values[0]));
  if (flat)
    return { width: 1, height: planes.length, values: Float32Array.from(planes, (p) => p.values[0]!) };
  const same = planes.every((plane) => plane.values.every((value, i) => value === planes[0]!.values[i]));
  return same ? planes[0]! : tile(planes);
}

const side = 32;

/** Stretched to a square, so that bands and patterns take the same room. */
export function MaskThumbnail({ layer }: { layer: number }) {
  const mask = useFeature(masksState)(layer).found.value?.mask;
  if (!mask) return <span class="skeleton" style={{ width: `${side}px`, height: `${side}px` }} />;
  const plane = maskPlane(mask);
  const long = Math.max(plane.width, plane.height);
  return (
    <span
      class="thumb"
      style={{ display: 'block', width: `${side}px`, height: `${side}px`, overflow: 'hidden' }}
    >
      <HeatMap plane={stretch(plane, long)} scale={maskScale} size={side} name="mask" />
    </span>
  );
}

/** Repeats the short side until the plane is square. */
function stretch(plane: Plane, side: number): Plane {
  if (plane.width === side && plane.height === side) return plane;
  const values = new Float32Array(side * side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      values[y * side + x] =
        plane.values[
          Math.floor((y * plane.height) / side) * plane.width + Math.floor((x * plane.width) / side)
        ]!;
  return { width: side, height: side, values };
}

export function OutputThumbnail({ output, size = side }: { output?: NdArray<Float32Array>; size?: number }) {
  if (!output) return <span class="thumb" style={{ width: `${size}px`, height: `${size}px` }} />;
  const plane = output.shape.length === 3 ? tile(planesOf(output)) : planesOf(output)[0]!;
  const square = output.shape.length === 3 ? plane : stretch(plane, plane.width);
  return (
    <span class="thumb">
      <HeatMap plane={square} scale={outputScale} size={size} name="output" />
    </span>
  );
}

export interface InputThumbnailProps {
  model: ModelSummary;
  input?: NdArray<Float32Array>;
  size?: number;
}

export function InputThumbnail({ model, input, size = side }: InputThumbnailProps) {
  if (!input || model.kind !== 'image') return <OutputThumbnail output={input} size={size} />;
  return (
    <span class="thumb">
      <Picture picture={input} range={pixelRange(model)} size={size} name="input" />
    </span>
  );
}

/** The mask of a layer, for small pictures of it. Masks are the same at every step. */
const masksState = stateOf(({ editorContext, runnable }) => {
  const masks = new Map<number, Question<MaskView>>();
  return (layer: number) => {
    let question = masks.get(layer);
    if (!question)
      masks.set(layer, (question = ask(editorContext, 'mask', () => (runnable.value ? { layer } : null))));
    return question;
  };
});
