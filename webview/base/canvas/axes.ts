/** Ticks, grid lines and names of both axes of a plane. */
import { cssText } from './theme';
import { ticks, tickText } from '../format/numbers';
import { toScreen, type PlaneFrame } from './points';

export function planeAxes(
  context: CanvasRenderingContext2D,
  frame: PlaneFrame,
  names: [string, string],
): void {
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.lineWidth = 1;
  const { size } = frame;
  // A rim keeps it readable on colors.
  const write = (text: string, x: number, y: number, align: CanvasTextAlign): void => {
    Object.assign(context, { textAlign: align, lineWidth: 3, lineJoin: 'round' });
    Object.assign(context, { strokeStyle: cssText('--surface'), fillStyle: cssText('--muted') });
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
    context.lineWidth = 1;
  };
  for (const value of ticks(...frame.x, 4)) {
    const [x] = toScreen(frame, value, 0);
    context.strokeStyle = cssText('--grid');
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, size);
    context.stroke();
    if (x > 12 && x < size - 40) write(tickText(value), x, size - 5, 'center');
  }
  for (const value of ticks(...frame.y, 4)) {
    const [, y] = toScreen(frame, 0, value);
    context.strokeStyle = cssText('--grid');
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(size, y);
    context.stroke();
    if (y > 24 && y < size - 18) write(tickText(value), 4, y - 3, 'left');
  }
  write(names[0], size - 5, size - 5, 'right');
  write(names[1], 4, 13, 'left');
  context.strokeStyle = cssText('--axis');
  context.strokeRect(0.5, 0.5, size - 1, size - 1);
}
