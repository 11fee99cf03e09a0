/** The manifold of a two-dimensional flow: its points, and the lines of both angles through the picked one. */
import type { ManifoldView } from '../../../src/protocol/inspect';
import type { ModelSummary } from '../../../src/protocol/model';
import { Sized } from '../../base/size/sized';
import { cssText } from '../../base/canvas/theme';
import { drawDot, drawPoints, frameOf, toScreen, type PlaneFrame } from '../../base/canvas/points';
import { useStore } from '../../base/store/use-store';
import { axesOf } from '../../base/layers/plane-axes';
import { text } from './text';
import { Board } from '../../base/canvas/canvas';
import { planeView } from '../../base/store/plane-view';
import { cornersState } from '../../base/examples/corners-state';

/** CSS pixels a side. */
const side = 236;

export interface ManifoldPlaneProps {
  model: ModelSummary;
  view: ManifoldView;
  picked: number;
}

export function ManifoldPlane({ model, view, picked }: ManifoldPlaneProps) {
  const store = useStore();
  const plane = store.state(planeView).found.value;
  const closed = store.state(cornersState).grid.value.range === 'circle';
  const n = view.angles.length;
  return (
    <Sized height={side}>
      {(width) => {
        const size = Math.min(width, side);
        const frame: PlaneFrame = plane
          ? { size, x: plane.bounds.x, y: plane.bounds.y }
          : frameOf({ shape: [n * n, 2], data: view.values.data }, size, 0);
        return (
          <Board
            width={size}
            height={size}
            name="manifold"
            label={text.manifold}
            draw={(context) => {
              axesOf(model)(context, frame);
              context.globalAlpha = 0.4;
              drawPoints(context, frame, { shape: [n * n, 2], data: view.values.data }, 0.8);
              context.globalAlpha = 1;
              drawLines(context, frame, view, picked, closed);
              drawCorners(context, frame, view);
              const [x, y] = view.values.data.subarray(2 * picked);
              drawDot(context, toScreen(frame, x!, y!), 4, ['--accent', '--fg'], 1);
            }}
          />
        );
      }}
    </Sized>
  );
}

/** The lines through the picked point: by φ′ at its φ, and by φ at its φ′. */
const lines = { 'φ′': { color: '--neg', dash: [] }, φ: { color: '--pos', dash: [4, 3] } } as const;

/** How the line of an angle is drawn, next to its slider. */
export function ManifoldLine({ name }: { name: keyof typeof lines }) {
  const { color, dash } = lines[name];
  return (
    <svg width="20" height="8" aria-hidden="true" class="line-key">
      <line
        x1="0"
        y1="4"
        x2="20"
        y2="4"
        stroke={`var(${color})`}
        stroke-width="2"
        stroke-dasharray={dash.join(' ')}
      />
    </svg>
  );
}

function drawLines(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  { angles, values }: ManifoldView,
  picked: number,
  closed: boolean,
): void {
  const n = angles.length;
  const row = Math.floor(picked / n);
  const column = picked % n;
  context.lineWidth = 1.5;
  for (const [name, at] of [
    ['φ′', (k: number) => row * n + k],
    ['φ', (k: number) => k * n + column],
  ] as const) {
    context.strokeStyle = cssText(lines[name].color);
    context.setLineDash([...lines[name].dash]);
    context.beginPath();
    for (let k = 0; k < (closed ? n + 1 : n); k++) {
      const i = 2 * at(k % n);
      const [x, y] = toScreen(frame, values.data[i]!, values.data[i + 1]!);
      if (Number.isFinite(x + y)) context[k === 0 ? 'moveTo' : 'lineTo'](x, y);
    }
    context.stroke();
  }
  context.setLineDash([]);
}

function drawCorners(context: CanvasRenderingContext2D, frame: PlaneFrame, { corners }: ManifoldView): void {
  context.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = 'left';
  for (let k = 0; k < 4; k++) {
    const [x, y] = toScreen(frame, corners.data[2 * k]!, corners.data[2 * k + 1]!);
    drawDot(context, [x, y], 5, ['--surface', '--fg']);
    // The name is drawn on the surface's color, so that lines do not cross it.
    context.lineWidth = 3;
    context.strokeStyle = cssText('--surface');
    context.strokeText(String(k + 1), x + 8, y + 4);
    context.fillStyle = cssText('--fg');
    context.fillText(String(k + 1), x + 8, y + 4);
  }
}
