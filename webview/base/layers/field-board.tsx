/** Two features of a vector field: what a view draws, the path of the example on top of it, and what the view says of them. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { ModelSummary } from '../../../src/protocol/model';
import type { PlaneBounds } from '../../../src/protocol/plane';
import { planeAxes } from '../canvas/axes';
import { Board } from '../canvas/canvas';
import type { PlaneFrame } from '../canvas/points';
import { drawOwnTrack } from '../canvas/tracks';
import { Sized } from '../size/sized';
import { stateOf } from '../store/store';
import { useFeature } from '../store/use-store';
import { FeaturePair } from './feature-pair';
import { featureName } from './layer-names';

/** The features that are drawn: across, up. */
export const fieldPair = stateOf(() => {
  const features = signal<[number, number]>([0, 1]);
  return { features, reset: () => void (features.value = [0, 1]) };
});

/** Largest side of the plane, px. */
const largestSide = 320;

interface FieldBoardProps {
  model: ModelSummary;
  name: string;
  label(across: string, up: string): string;
  bounds: PlaneBounds;
  /** The path of the example, [T, 2], and the first and the last point of its selected slice. */
  path: Float32Array | undefined;
  span: readonly [number, number] | undefined;
  draw(context: CanvasRenderingContext2D, frame: PlaneFrame, light: boolean): void;
  children: ComponentChildren;
}

export function FieldBoard({ model, name, label, bounds, path, span, draw, children }: FieldBoardProps) {
  const { features } = useFeature(fieldPair);
  const names = features.value.map((feature) => featureName(model, feature)) as [string, string];
  return (
    <div class="parts of-field">
      <div>
        {model.shape[0]! > 2 ? (
          <div class="ctl">
            <FeaturePair model={model} pair={features} />
          </div>
        ) : null}
        <Sized height={(width) => Math.min(width, largestSide)}>
          {(_, size) => (
            <Board
              {...{ width: size, height: size, name }}
              label={label(...names)}
              draw={(context, light) => {
                const frame = { size, ...bounds };
                draw(context, frame, light);
                planeAxes(context, frame, names);
                if (path) drawOwnTrack(context, frame, path, span);
              }}
            />
          )}
        </Sized>
      </div>
      <div>{children}</div>
    </div>
  );
}
