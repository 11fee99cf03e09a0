/** What is drawn behind the points, its legend and its figures. */
import { Choice } from '../../base/controls/segmented';
import { LinkButton } from '../../base/controls/toolkit';
import { signedScale, Legend } from '../../base/canvas/colour-maps';
import { fixed } from '../../base/format/numbers';
import { planeState } from './state';
import { latest } from '../../base/store/question';
import { useFeature, Asked } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import type { BentCells } from './bent-cells';
import { areaLimit, densityScale } from './draw';

export function BehindPoints({ cells, letter }: { cells: BentCells | undefined; letter: string }) {
  const planes = useFeature(planeState);
  return (
    <div class="plane-behind flex-column">
      <div class="ends">
        <h3>{text.behind}</h3>
        <Choice
          label={text.behind}
          of={planes.behind}
          options={{ grid: text.behindGrid, density: words.density }}
        />
      </div>
      {planes.behind.value === 'grid' ? <GridFigures cells={cells} /> : <DensityFigures letter={letter} />}
    </div>
  );
}

function GridFigures({ cells }: { cells: BentCells | undefined }) {
  const planes = useFeature(planeState);
  const areas = cells?.areas ?? [];
  const answer = planes.cells.answer.value;
  const waiting = answer.status === 'loading' && answer.slow;
  return (
    <>
      <p class="tick">{text.cellAreaNote}</p>
      <Legend scale={(light) => signedScale(areaLimit, light)} />
      <dl class="stat pairs">
        <dt>{text.smallest}</dt>
        <dd>{fixed(areas[0], 2)}</dd>
        <dt>{text.largest}</dt>
        <dd>{fixed(areas.at(-1), 2)}</dd>
        <dt>{text.median}</dt>
        <dd>{fixed(areas[areas.length >> 1], 2)}</dd>
      </dl>
      <p class="tick">
        {waiting ? (
          <>
            {text.dividing} <LinkButton onClick={() => planes.cells.cancel()}>{words.cancel}</LinkButton>
          </>
        ) : cells && cells.folded > 0 ? (
          text.stillFolded(cells.folded)
        ) : (
          text.planeReading
        )}
      </p>
    </>
  );
}

function DensityFigures({ letter }: { letter: string }) {
  const planes = useFeature(planeState);
  const shown = latest(planes.density.answer.value);
  const unknown = shown
    ? shown.density.data.reduce((n, value) => n + (Number.isFinite(value) ? 0 : 1), 0)
    : 0;
  return (
    <Asked question={planes.density} skeleton={<div class="skeleton" style={{ height: '60px' }} />}>
      {(found) => (
        <>
          <p class="tick">{text.densityAt(letter)}</p>
          <Legend scale={() => densityScale(found)} />
          <p class="tick">{text.densityRange}</p>
          {unknown > 0 ? <p class="tick">{text.densityUnknown(unknown, found.density.data.length)}</p> : null}
        </>
      )}
    </Asked>
  );
}
