/** The plane that is drawn on, by mouse, pen or keys. */
import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';
import { planeStep } from '../base/controls/arrow-keys';
import { drawnReach } from '../../src/protocol/draw-page';
import type { PlaneBounds } from '../../src/protocol/plane';
import { Sized } from '../base/size/sized';
import { cssText } from '../base/canvas/theme';
import { fixed } from '../base/format/numbers';
import { drawPoints, pointAt, toScreen, type PlaneFrame, planeAxes } from '../base/canvas/points';
import { Board } from '../base/canvas/canvas';
import { changed, erased, sprayed, type Drawing, type Points } from './points';
import { text } from './text';

export type Tool = 'spray' | 'erase';

/** Steps of the arrow keys, in units of the plane. */
const small = 0.1;
const large = 0.5;

const bounds: PlaneBounds = { x: [-drawnReach, drawnReach], y: [-drawnReach, drawnReach] };

export interface DrawingPlaneProps {
  drawing: Drawing;
  tool: Tool;
  /** Radius of the brush in units of the plane, and points of one dab. */
  size: number;
  density: number;
  onChange(next: Drawing): void;
  onTool(tool: Tool): void;
}

export function DrawingPlane({ drawing, tool, size, density, onChange, onTool }: DrawingPlaneProps) {
  const hint = useId();
  const brush = useSignal<[number, number]>([0, 0]);
  /** A stroke is one change: the drawing before it, and the points so far. */
  const stroke = useRef<{ before: Drawing; points: Points } | undefined>(undefined);
  const { points } = drawing;
  const dab = (from: Points, at: [number, number], how: Tool): Points =>
    how === 'spray' ? sprayed(from, at, size, density, drawnReach) : erased(from, at, size);
  const clamp = (value: number): number => Math.min(drawnReach, Math.max(-drawnReach, value));
  const place = (event: PointerEvent): [number, number] => pointAt(event, bounds);
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = planeStep(event.key);
    const step = event.shiftKey ? large : small;
    const [x, y] = brush.peek();
    if (arrow) brush.value = [clamp(x + step * arrow[0]), clamp(y + step * arrow[1])];
    else if (event.key === ' ') onChange(changed(drawing, dab(points, [x, y], tool)));
    else if (event.key === 'Delete' || event.key === 'Backspace')
      onChange(changed(drawing, dab(points, [x, y], 'erase')));
    else if (event.key === 'e' || event.key === 'E') onTool(tool === 'spray' ? 'erase' : 'spray');
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const [bx, by] = brush.value;
  return (
    <div class="draw-box flex-column">
      <Sized>
        {(width, height) => {
          const side = Math.min(width, height);
          const frame: PlaneFrame = { size: side, ...bounds };
          return (
            <div
              class="draw-plane plane-board"
              role="application"
              tabIndex={0}
              aria-label={`${text.plane}. ${text.points(points.length / 2)}. ${text.at(fixed(bx, 1), fixed(by, 1))}`}
              aria-describedby={hint}
              onKeyDown={onKey}
              onPointerDown={(event) => {
                if (event.button !== 0) return;
                event.currentTarget.setPointerCapture(event.pointerId);
                brush.value = place(event);
                stroke.current = { before: drawing, points: dab(points, place(event), tool) };
                onChange(changed(drawing, stroke.current.points));
              }}
              onPointerMove={(event) => {
                brush.value = place(event);
                const now = stroke.current;
                if (!now || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
                now.points = dab(now.points, place(event), tool);
                onChange(changed(now.before, now.points));
              }}
              onPointerUp={() => (stroke.current = undefined)}
              onPointerCancel={() => (stroke.current = undefined)}
            >
              <Board
                width={side}
                height={side}
                name="drawing"
                draw={(context) => {
                  planeAxes(context, frame, ['x', 'y']);
                  const shape = [points.length / 2, 2];
                  drawPoints(context, frame, { shape, data: Float32Array.from(points) }, 1.5);
                  const [x, y] = toScreen(frame, bx, by);
                  context.beginPath();
                  context.arc(x, y, (size / (2 * drawnReach)) * side, 0, 2 * Math.PI);
                  context.lineWidth = 1.5;
                  context.setLineDash(tool === 'erase' ? [4, 3] : []);
                  context.strokeStyle = cssText('--accent');
                  context.stroke();
                  context.setLineDash([]);
                }}
              />
              <span id={hint} hidden>
                {text.keys}
              </span>
            </div>
          );
        }}
      </Sized>
      <p class="tick">{text.keys}</p>
    </div>
  );
}
