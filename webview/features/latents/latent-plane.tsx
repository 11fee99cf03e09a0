/** A two-dimensional flow: z is dragged in its square, x moves next to it. */
import { planeStep } from '../../base/controls/arrow-keys';
import type { ModelSummary } from '../../../src/protocol/model';
import { cssText } from '../../base/canvas/theme';
import {
  drawDot,
  drawPoints,
  frameOf,
  pointAt,
  toScreen,
  type PlaneFrame,
  planeAxes,
} from '../../base/canvas/points';
import { useStore } from '../../base/store/use-store';
import { axesOf } from '../../base/layers/plane-axes';
import { text } from './text';
import { Board } from '../../base/canvas/canvas';
import { planeView } from '../../base/store/plane-view';
import { latentsState } from './state';
import { Heading } from '../../base/controls/heading';

const side = 124;
const reach = 4;
/** Step of the arrow keys; larger with Shift. */
const step = { small: 0.05, large: 0.5 };

const within = (value: number): number => Math.min(reach, Math.max(-reach, value));

export interface LatentPlaneProps {
  model: ModelSummary;
  z: Float32Array;
  original: Float32Array;
}

export function LatentPlane({ model, z, original }: LatentPlaneProps) {
  const store = useStore();
  const { change, shown, original: first } = store.state(latentsState);
  const frame: PlaneFrame = { size: side, x: [-reach, reach], y: [-reach, reach] };
  const plane = store.state(planeView).found.value;
  const x = shown.value?.values.data;
  const from = first.found.value?.values.data;
  const data: PlaneFrame = plane
    ? { size: side, ...plane.bounds }
    : frameOf({ shape: [2, 2], data: Float32Array.of(-3, -3, 3, 3) }, side, 0);
  const move = (event: PointerEvent): void => {
    change([...pointAt(event, frame).entries()]);
  };
  return (
    <div class="latent-planes flex-wrap">
      <div>
        <Heading title="z" />
        <div
          class="latent-square"
          role="application"
          tabIndex={0}
          aria-label={text.latentSquare}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            move(event);
          }}
          onPointerMove={(event) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) move(event);
          }}
          onKeyDown={(event) => {
            const arrow = planeStep(event.key);
            if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            event.stopPropagation();
            const by = event.shiftKey ? step.large : step.small;
            const axis = arrow[0] === 0 ? 1 : 0;
            change([[axis, within(z[axis]! + by * (arrow[0] + arrow[1]))]]);
          }}
        >
          <Board
            width={side}
            height={side}
            name="latent-square"
            label={text.latentSquare}
            draw={(context) => {
              planeAxes(context, frame, [`z₁`, `z₂`]);
              // One, two and three deviations of the prior.
              context.strokeStyle = cssText('--axis');
              for (const radius of [1, 2, 3]) {
                context.beginPath();
                context.arc(side / 2, side / 2, (radius / (2 * reach)) * side, 0, 2 * Math.PI);
                context.stroke();
              }
              points(context, frame, original, z);
            }}
          />
        </div>
      </div>
      <div>
        <Heading title="x" />
        <Board
          width={side}
          height={side}
          name="latent-data"
          label={text.latentData}
          draw={(context) => {
            axesOf(model)(context, data);
            if (plane) {
              context.globalAlpha = 0.3;
              drawPoints(context, data, plane.points[0]!, 0.9);
              context.globalAlpha = 1;
            }
            if (x) points(context, data, from, x);
          }}
        />
      </div>
    </div>
  );
}

/** Where it was, as a ring, and where it is. */
function points(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  before: Float32Array | undefined,
  now: Float32Array,
): void {
  const at = ([x, y]: Float32Array) => toScreen(frame, x!, y!);
  if (before) drawDot(context, at(before), 5, [undefined, '--fg']);
  drawDot(context, at(now), 4, ['--accent', '--surface']);
}
