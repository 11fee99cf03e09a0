/** A square matrix as a map: its numbers where they fit, names next to rows and above columns, and a cell to read out. */
import { Sized } from '../size/sized';
import { fixed } from '../format/numbers';
import { Board } from './canvas';
import { badColour, type ColourScale } from './colour-maps';
import { Readout, useCursor } from './readout';
import { cssText } from './theme';

const largestCell = 40;
/** px of a cell above which its row has a name. */
const named = 12;

export interface MatrixBoardProps {
  /** Rows and columns. */
  k: number;
  at(cell: number): number;
  scale(light: boolean): ColourScale;
  /** Names of rows; columns have the same names where they are named. */
  nameOf(place: number): string;
  /** For the eye and the ear: what rows and columns are. */
  label: string;
  name: string;
  /** Text about the cell under the pointer. */
  read(cell: number): string;
  hint: string;
  /** Longest side of the whole, px. */
  largestSide?: number;
  /** px for the names of rows. */
  labelWidth?: number;
  columnNames?: boolean;
  /** Whether cells say their numbers. */
  figures?: boolean;
  /** Cells where a value cannot be. */
  hatched?(cell: number): boolean;
  /** Cells that are nothing and must be nothing: an outline alone. */
  blank?(cell: number): boolean;
  /** Cells to look at: with a dashed frame. */
  framed?(cell: number): boolean;
  /** Line below the first rows and right of the first columns. */
  divideAt?: number;
}

export function MatrixBoard(props: MatrixBoardProps) {
  const { k, read, hint, label, name, largestSide = 512, columnNames = false } = props;
  const left = props.labelWidth ?? 56;
  const top = columnNames ? 16 : 0;
  const cursor = useCursor({ width: k, height: k });
  // So that the whole matrix is seen.
  const cellOf = (width: number): number =>
    Math.max(2, Math.floor(Math.min((width - left) / k, largestSide / k, largestCell)));
  return (
    <>
      <Sized height={(width) => top + k * cellOf(width)}>
        {(width) => {
          const cell = cellOf(width);
          const side = cell * k;
          return (
            <div
              class="fit"
              role="group"
              tabIndex={0}
              aria-label={hint}
              onKeyDown={cursor.keys}
              onPointerMove={(event) => {
                const box = event.currentTarget.getBoundingClientRect();
                const column = Math.floor((event.clientX - box.left - left) / cell);
                const row = Math.floor((event.clientY - box.top - top) / cell);
                const inside = row >= 0 && row < k && column >= 0 && column < k;
                cursor.point(inside ? row * k + column : undefined);
              }}
              onPointerLeave={() => cursor.point(undefined)}
            >
              <Board
                width={left + side}
                height={top + side}
                name={name}
                label={label}
                draw={(context, light) => paint(context, light, { ...props, cell, left, top })}
              />
            </div>
          );
        }}
      </Sized>
      <Readout of={cursor.at} hint={hint}>
        {read}
      </Readout>
    </>
  );
}

function paint(
  context: CanvasRenderingContext2D,
  light: boolean,
  options: MatrixBoardProps & { cell: number; left: number; top: number },
): void {
  const { k, at, scale, nameOf, hatched, blank, framed, divideAt, columnNames, figures = true } = options;
  const { cell, left, top } = options;
  const colours = scale(light);
  const gap = cell > 6 ? 1 : 0;
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = 'middle';
  for (let row = 0; row < k; row++) {
    context.fillStyle = cssText('--muted');
    context.textAlign = 'right';
    if (cell >= named) context.fillText(nameOf(row), left - 6, top + (row + 0.5) * cell, left - 8);
    context.textAlign = 'center';
    // A name that does not fit above its column would run into the next.
    if (columnNames && context.measureText(nameOf(row)).width <= cell - 2)
      context.fillText(nameOf(row), left + (row + 0.5) * cell, top / 2);
    for (let column = 0; column < k; column++) {
      const index = row * k + column;
      const value = at(index);
      const [x, y] = [left + column * cell, top + row * cell];
      if (hatched?.(index)) {
        hatch(context, x, y, cell - gap);
        continue;
      }
      if (blank?.(index)) {
        context.strokeStyle = cssText('--grid');
        context.lineWidth = 1;
        context.strokeRect(x + 0.5, y + 0.5, cell - gap - 1, cell - gap - 1);
        continue;
      }
      const [r, g, b] = Number.isFinite(value) ? colours.at(value) : badColour(light);
      context.fillStyle = `rgb(${r},${g},${b})`;
      context.fillRect(x, y, cell - gap, cell - gap);
      // Rounded to nothing, the color says as much.
      const figure =
        figures && Math.abs(value) >= 0.005
          ? shortened(value).find((written) => context.measureText(written).width <= cell - 3)
          : undefined;
      if (figure !== undefined) {
        context.fillStyle = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#000000' : '#ffffff';
        context.fillText(figure, x + cell / 2, y + cell / 2);
      }
      if (framed?.(index)) frame(context, x, y, cell - gap);
    }
  }
  if (divideAt === undefined || divideAt === 0 || divideAt === k) return;
  context.fillStyle = cssText('--fg');
  context.fillRect(left + divideAt * cell - 1, top, 1, k * cell);
  context.fillRect(left, top + divideAt * cell - 1, k * cell, 1);
}

/** 0.75, or .75 where that is too wide. */
function shortened(value: number): string[] {
  const whole = fixed(value, 2);
  return [whole, Math.abs(value) < 10 ? whole.replace(/^(−?)0(?=\D)/, '$1') : fixed(value, 0)];
}

function hatch(context: CanvasRenderingContext2D, x: number, y: number, side: number): void {
  context.save();
  context.beginPath();
  context.rect(x, y, side, side);
  context.clip();
  context.strokeStyle = cssText('--hatch');
  context.lineWidth = 1;
  context.beginPath();
  // Lines go on from cell to cell.
  for (let along = x + y - ((x + y) % 6); along < x + y + 2 * side + 6; along += 6) {
    context.moveTo(along - y, y);
    context.lineTo(along - y - side, y + side);
  }
  context.stroke();
  context.restore();
}

function frame(context: CanvasRenderingContext2D, x: number, y: number, side: number): void {
  context.save();
  // Dashes of one lightness are seen on any color if they lie on a line of the other.
  for (const [colour, dash] of [
    ['--surface', []],
    ['--pos', [3, 3]],
  ] as const) {
    context.strokeStyle = cssText(colour);
    context.setLineDash([...dash]);
    context.lineWidth = 2;
    context.strokeRect(x + 1, y + 1, side - 2, side - 2);
  }
  context.restore();
}
