/** Points as a table that training reads: a head and one row for each. */
import { UserError } from '../../base/user-error';
import { fewestPoints, mostPoints, type DrawnPoints } from '../../protocol/draw-page';

/** @throws UserError for too few or too many points, and for values that are not finite */
export function csvOfPoints(points: DrawnPoints): string {
  const count = points.length / 2;
  if (!(Number.isInteger(count) && count >= fewestPoints && count <= mostPoints))
    throw new UserError(`${count} points were given; expected ${fewestPoints} to ${mostPoints}.`);
  const lines = ['x,y'];
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    if (!Number.isFinite(x + y)) throw new UserError(`Point ${i / 2 + 1} is not finite.`);
    lines.push(`${short(x)},${short(y)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Four decimals: a ten-thousandth of the plane's unit, far below a pixel. */
function short(value: number): string {
  return String(Number(value.toFixed(4)));
}
