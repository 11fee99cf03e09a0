/** A matrix as a map: its numbers where they fit, names next to rows and above columns, and a cell to read out. */
import { fixed } from '../format/numbers';
import { Sized } from '../size/sized';
import { Board } from './canvas';
import { badColor, type ColorScale } from './color-maps';
import { Readout, useCursor } from './readout';
import { cssText } from './theme';

/** px above the columns, for their names. */
const head = 16;
/** Lower charts are not drawn. */
const lowest = 44;

export interface MatrixViewProps {
  rows: number;
  columns: number;
  at(row: number, column: number): number;
  scale(light: boolean): ColorScale;
  rowName(row: number): string;
  /** Shown where they fit. */
  columnName?(column: number): string;
  /** For the eye and the ear: what rows and columns are. */
  label: string;
  name: string;
  /** Text about the cell under the pointer. */
  read(row: number, column: number): string;
  hint: string;
  /** Whether the hint also stands where a cell is read out, until one is; it does by default. */
  hinted?: boolean;
  /** Longest side of the whole, px: its cells are squares that say their numbers. Without it, rows are flat. */
  side?: number;
  /** px for the names of rows. */
  labelWidth: number;
  /** Whether squares say their numbers. */
  figures?: boolean;
  /** Cells where a value cannot be. */
  hatched?(row: number, column: number): boolean;
  /** Cells that are nothing and must be nothing: an outline alone. */
  blank?(row: number, column: number): boolean;
  /** Cells with a frame: to look at (dashed), or where the example is. */
  framed?(row: number, column: number): 'dashed' | 'whole' | undefined;
  /** Line below the first rows and right of the first columns. */
  divideAt?: number | undefined;
  /** The chosen row has a line next to it. */
  chosen?: number | undefined;
  onPick?: ((row: number) => void) | undefined;
}

export function MatrixView(props: MatrixViewProps) {
  const { rows, columns, label, name, read, hint, hinted = true, onPick, labelWidth: left } = props;
  const top = props.columnName ? head : 0;
  const cursor = useCursor({ width: columns, height: rows });
  return (
    <>
      <Sized height={(width) => Math.max(lowest, top + rows * cellsIn(width, props).tall)}>
        {(width) => {
          const cells = cellsIn(width, props);
          const { wide, tall, margin } = cells;
          const rowAt = (box: DOMRect, y: number): number => Math.floor((y - box.top - top) / tall);
          return (
            <div
              class="fit"
              role="group"
              tabIndex={0}
              aria-label={hint}
              onKeyDown={(event) => {
                cursor.keys(event);
                const now = cursor.at.peek();
                if (event.key === 'Enter' && now !== undefined) onPick?.(Math.floor(now / columns));
              }}
              onPointerMove={(event) => {
                const box = event.currentTarget.getBoundingClientRect();
                const column = Math.floor((event.clientX - box.left - left) / wide);
                const row = rowAt(box, event.clientY);
                const inside = row >= 0 && row < rows && column >= 0 && column < columns;
                cursor.point(inside ? row * columns + column : undefined);
              }}
              onPointerLeave={() => cursor.point(undefined)}
              onClick={(event) => {
                const row = rowAt(event.currentTarget.getBoundingClientRect(), event.clientY);
                if (row >= 0 && row < rows) onPick?.(row);
              }}
            >
              <Board
                width={left + columns * wide + margin}
                height={top + rows * tall}
                {...{ label, name }}
                draw={(context, light) => paint(context, light, { ...props, ...cells, left, top })}
              />
            </div>
          );
        }}
      </Sized>
      <Readout of={cursor.at} hint={hinted ? hint : ''}>
        {(cell) => read(Math.floor(cell / columns), cell % columns)}
      </Readout>
    </>
  );
}

/** Sizes in px; every so many rows, `named`, have a name, 0 for none. */
function cellsIn(width: number, { rows, columns, labelWidth, side }: MatrixViewProps) {
  if (side === undefined) {
    /** Right of the columns, for the name of the last. */
    const margin = 8;
    const tall = Math.max(2, Math.min(18, Math.floor(220 / rows)));
    const wide = Math.max(2, Math.min(34, Math.floor((width - labelWidth - margin) / columns)));
    return { wide, tall, gap: tall > 5 ? 1 : 0, margin, named: Math.max(1, Math.ceil(13 / tall)) };
  }
  // So that the whole matrix is seen.
  const cell = Math.max(2, Math.floor(Math.min((width - labelWidth) / columns, side / columns, 40)));
  return { wide: cell, tall: cell, gap: cell > 6 ? 1 : 0, margin: 0, named: cell >= 12 ? 1 : 0 };
}

type Painted = MatrixViewProps & ReturnType<typeof cellsIn> & { left: number; top: number };

function paint(context: CanvasRenderingContext2D, light: boolean, options: Painted): void {
  const { rows, columns, scale, rowName, divideAt, chosen, left, top, wide, tall, gap, named } = options;
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = 'middle';
  paintColumnNames(context, options);
  const cells = { ...options, colors: scale(light), bad: badColor(light) };
  for (let row = 0; row < rows; row++) {
    context.fillStyle = cssText(row === chosen ? '--fg' : '--muted');
    context.textAlign = 'right';
    if (named > 0 && row % named === 0)
      context.fillText(rowName(row), left - 6, top + (row + 0.5) * tall, left - 8);
    context.textAlign = 'center';
    for (let column = 0; column < columns; column++) paintCell(context, row, column, cells);
    if (row !== chosen) continue;
    context.fillStyle = cssText('--focus');
    context.fillRect(left - 4, top + row * tall, 3, tall - gap);
  }
  if (divideAt === undefined || divideAt === 0 || divideAt === rows) return;
  context.fillStyle = cssText('--fg');
  context.fillRect(left + divideAt * wide - 1, top, 1, rows * tall);
  context.fillRect(left, top + divideAt * tall - 1, columns * wide, 1);
}

/** For squares, the labels that fit, since each has to be read; for flat rows, every n-th, always with the first. */
function paintColumnNames(context: CanvasRenderingContext2D, options: Painted): void {
  const { columns, columnName, side, left, top, wide } = options;
  if (!columnName) return;
  const names = Array.from({ length: columns }, (_, column) => columnName(column));
  const widths = names.map((name) => context.measureText(name).width);
  const every = Math.max(1, Math.ceil((Math.max(...widths) + 4) / wide));
  context.fillStyle = cssText('--muted');
  context.textAlign = 'center';
  names.forEach((name, i) => {
    if (side === undefined ? i % every === 0 : widths[i]! <= wide - 2)
      context.fillText(name, left + (i + 0.5) * wide, top / 2);
  });
}

function paintCell(
  context: CanvasRenderingContext2D,
  row: number,
  column: number,
  options: Painted & { colors: ColorScale; bad: readonly [number, number, number] },
): void {
  const { at, colors, bad, side, figures = side !== undefined, hatched, blank, framed } = options;
  const { left, top, wide, tall, gap } = options;
  const [x, y] = [left + column * wide, top + row * tall];
  const [width, height] = [wide - gap, tall - gap];
  if (hatched?.(row, column)) {
    hatch(context, x, y, width);
    return;
  }
  if (blank?.(row, column)) {
    outline(context, '--grid', x, y, width, height);
    return;
  }
  const value = at(row, column);
  const [r, g, b] = Number.isFinite(value) ? colors.at(value) : bad;
  context.fillStyle = `rgb(${r},${g},${b})`;
  context.fillRect(x, y, width, height);
  // Rounded to nothing, the color says as much.
  const figure =
    figures && Math.abs(value) >= 0.005
      ? shortened(value).find((written) => context.measureText(written).width <= wide - 3)
      : undefined;
  if (figure !== undefined) {
    context.fillStyle = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#000000' : '#ffffff';
    context.fillText(figure, x + wide / 2, y + tall / 2);
  }
  const frame = framed?.(row, column);
  if (frame === 'dashed') dashed(context, x, y, width);
  if (frame !== 'whole') return;
  outline(context, '--fg', x, y, width, height);
  outline(context, '--surface', x + 1, y + 1, width - 2, height - 2);
}

/** 0.75, or .75 where that is too wide. */
function shortened(value: number): string[] {
  const whole = fixed(value, 2);
  return [whole, Math.abs(value) < 10 ? whole.replace(/^(−?)0(?=\D)/, '$1') : fixed(value, 0)];
}

function outline(
  context: CanvasRenderingContext2D,
  color: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.strokeStyle = cssText(color);
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
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

function dashed(context: CanvasRenderingContext2D, x: number, y: number, side: number): void {
  context.save();
  // Dashes of one lightness are seen on any color if they lie on a line of the other.
  for (const [color, dash] of [
    ['--surface', []],
    ['--pos', [3, 3]],
  ] as const) {
    context.strokeStyle = cssText(color);
    context.setLineDash([...dash]);
    context.lineWidth = 2;
    context.strokeRect(x + 1, y + 1, side - 2, side - 2);
  }
  context.restore();
}
