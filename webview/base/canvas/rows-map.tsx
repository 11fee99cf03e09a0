/** A map of named rows over columns, with a cell that the owner of its cursor reads out. */
import { Sized } from '../size/sized';
import { Board } from './canvas';
import { badColour, type ColourScale } from './colour-maps';
import type { Cursor } from './readout';
import { cssText } from './theme';

const head = 16;
/** px right of the columns, for the name of the last. */
const right = 8;
const widest = 34;
/** Lower charts are not drawn. */
const lowest = 44;

export interface RowsMapProps {
  rows: number;
  /** Above the columns, where they fit. */
  columns: readonly string[];
  rowName(row: number): string;
  at(row: number, column: number): number;
  scale(light: boolean): ColourScale;
  label: string;
  hint: string;
  name: string;
  /** Over rows and columns: index row · columns + column. */
  cursor: Cursor;
  /** The chosen row has a line next to it. */
  chosen?: number;
  onPick?(row: number): void;
  /** px for the names of rows. */
  labelWidth?: number;
  /** Cells with a frame: where the example is. */
  framed?(row: number, column: number): boolean;
}

export function RowsMap(props: RowsMapProps) {
  const {
    rows,
    columns,
    rowName,
    at,
    scale,
    label,
    hint,
    name,
    cursor,
    chosen,
    onPick,
    framed,
    labelWidth: left = 40,
  } = props;
  const tall = Math.max(2, Math.min(18, Math.floor(220 / rows)));
  const gap = tall > 5 ? 1 : 0;
  const rowAt = (box: DOMRect, y: number): number => Math.floor((y - box.top - head) / tall);
  return (
    <Sized height={Math.max(lowest, head + rows * tall)}>
      {(width) => {
        const wide = Math.max(2, Math.min(widest, Math.floor((width - left - right) / columns.length)));
        return (
          <div
            class="fit"
            role="group"
            tabIndex={0}
            aria-label={hint}
            onKeyDown={(event) => {
              cursor.keys(event);
              const now = cursor.at.peek();
              if (event.key === 'Enter' && now !== undefined) onPick?.(Math.floor(now / columns.length));
            }}
            onPointerMove={(event) => {
              const box = event.currentTarget.getBoundingClientRect();
              const column = Math.floor((event.clientX - box.left - left) / wide);
              const row = rowAt(box, event.clientY);
              const inside = row >= 0 && row < rows && column >= 0 && column < columns.length;
              cursor.point(inside ? row * columns.length + column : undefined);
            }}
            onPointerLeave={() => cursor.point(undefined)}
            onClick={(event) => {
              const row = rowAt(event.currentTarget.getBoundingClientRect(), event.clientY);
              if (row >= 0 && row < rows) onPick?.(row);
            }}
          >
            <Board
              width={left + columns.length * wide + right}
              height={head + rows * tall}
              {...{ label, name }}
              draw={(context, light) => {
                const colours = scale(light);
                context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
                context.textBaseline = 'middle';
                context.fillStyle = cssText('--muted');
                // As many as fit, the first of them always.
                const widestName = Math.max(...columns.map((column) => context.measureText(column).width));
                const every = Math.max(1, Math.ceil((widestName + 4) / wide));
                context.textAlign = 'center';
                columns.forEach((column, i) => {
                  if (i % every === 0) context.fillText(column, left + (i + 0.5) * wide, head / 2);
                });
                context.textAlign = 'right';
                const between = Math.max(1, Math.ceil(13 / tall));
                for (let row = 0; row < rows; row++) {
                  const middle = head + (row + 0.5) * tall;
                  context.fillStyle = cssText(row === chosen ? '--fg' : '--muted');
                  if (row % between === 0) context.fillText(rowName(row), left - 6, middle, left - 8);
                  for (let column = 0; column < columns.length; column++) {
                    const value = at(row, column);
                    const colour = Number.isFinite(value) ? colours.at(value) : badColour(light);
                    context.fillStyle = `rgb(${colour.join(',')})`;
                    context.fillRect(left + column * wide, head + row * tall, wide - gap, tall - gap);
                  }
                  for (let column = 0; framed && column < columns.length; column++) {
                    if (!framed(row, column)) continue;
                    const [x, y] = [left + column * wide, head + row * tall];
                    context.lineWidth = 1;
                    for (const [inset, frame] of [
                      [0.5, '--fg'],
                      [1.5, '--surface'],
                    ] as const) {
                      context.strokeStyle = cssText(frame);
                      context.strokeRect(
                        x + inset,
                        y + inset,
                        wide - gap - 2 * inset,
                        tall - gap - 2 * inset,
                      );
                    }
                  }
                  if (row !== chosen) continue;
                  context.fillStyle = cssText('--focus');
                  context.fillRect(left - 4, head + row * tall, 3, tall - gap);
                }
              }}
            />
          </div>
        );
      }}
    </Sized>
  );
}
