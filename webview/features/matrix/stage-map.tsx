/** A map of rows over stages, from the data to the last mixing layer. */
import { Board } from '../../base/canvas/canvas';
import type { ColourScale } from '../../base/canvas/colour-maps';
import type { Cursor } from '../../base/canvas/readout';
import { cssText } from '../../base/canvas/theme';
import { Sized } from '../../base/charts/sized';

const head = 16;
/** px of the names of rows. */
const left = 40;
const widest = 34;

export interface StageMapProps {
  rows: number;
  /** Above the columns, where they fit. */
  stages: readonly string[];
  rowName(row: number): string;
  at(row: number, stage: number): number;
  scale(light: boolean): ColourScale;
  label: string;
  hint: string;
  name: string;
  /** Over rows and stages: index row · stages + stage. */
  cursor: Cursor;
  /** The row that is followed has a line beside it. */
  chosen?: number;
  onPick?(row: number): void;
}

export function StageMap(props: StageMapProps) {
  const { rows, stages, rowName, at, scale, label, hint, name, cursor, chosen, onPick } = props;
  const tall = Math.max(2, Math.min(18, Math.floor(220 / rows)));
  const gap = tall > 5 ? 1 : 0;
  const rowAt = (box: DOMRect, y: number): number => Math.floor((y - box.top - head) / tall);
  return (
    <Sized height={head + rows * tall}>
      {(width) => {
        const wide = Math.max(2, Math.min(widest, Math.floor((width - left) / stages.length)));
        return (
          <div
            class="fit"
            role="group"
            tabIndex={0}
            aria-label={hint}
            onKeyDown={(event) => {
              cursor.keys(event);
              const now = cursor.at.peek();
              if (event.key === 'Enter' && now !== undefined) onPick?.(Math.floor(now / stages.length));
            }}
            onPointerMove={(event) => {
              const box = event.currentTarget.getBoundingClientRect();
              const stage = Math.floor((event.clientX - box.left - left) / wide);
              const row = rowAt(box, event.clientY);
              const inside = row >= 0 && row < rows && stage >= 0 && stage < stages.length;
              cursor.point(inside ? row * stages.length + stage : undefined);
            }}
            onPointerLeave={() => cursor.point(undefined)}
            onClick={(event) => {
              const row = rowAt(event.currentTarget.getBoundingClientRect(), event.clientY);
              if (row >= 0 && row < rows) onPick?.(row);
            }}
          >
            <Board
              width={left + stages.length * wide}
              height={head + rows * tall}
              {...{ label, name }}
              draw={(context, light) => {
                const colours = scale(light);
                context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
                context.textBaseline = 'middle';
                context.fillStyle = cssText('--muted');
                // As many as fit, the first of them always.
                const widestName = Math.max(...stages.map((stage) => context.measureText(stage).width));
                const every = Math.max(1, Math.ceil((widestName + 4) / wide));
                context.textAlign = 'center';
                stages.forEach((stage, i) => {
                  if (i % every === 0) context.fillText(stage, left + (i + 0.5) * wide, head / 2);
                });
                context.textAlign = 'right';
                const between = Math.max(1, Math.ceil(13 / tall));
                for (let row = 0; row < rows; row++) {
                  const middle = head + (row + 0.5) * tall;
                  context.fillStyle = cssText(row === chosen ? '--fg' : '--muted');
                  if (row % between === 0) context.fillText(rowName(row), left - 6, middle, left - 8);
                  for (let stage = 0; stage < stages.length; stage++) {
                    context.fillStyle = `rgb(${colours.at(at(row, stage)).join(',')})`;
                    context.fillRect(left + stage * wide, head + row * tall, wide - gap, tall - gap);
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
