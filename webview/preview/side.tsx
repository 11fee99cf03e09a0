/** What would be trained, next to the data: the choices, the split, the preset, what to know, and the two ways on. */
import { Button, LinkButton } from '../base/controls/toolkit';
import { count } from '../base/format/numbers';
import type { PageState, ImageSize } from './page-state';
import { isImpossible, Presets } from './presets';
import { text } from './text';
import { Warnings } from './facts';
import { Pairs } from '../base/controls/pairs';
import {
  isRare,
  type Missing,
  rowsWithGaps,
  type Use,
  uses as allUses,
  worstColumn,
} from '../../src/protocol/table-choice';
import type { TableState } from './table-state';

export function Side({ page }: { page: PageState }) {
  const { table, question, presets, estimates, host, size, scale } = page;
  const state = question.state.value;
  const shown = table.value;
  const isRefused =
    state.status === 'failed' || (state.status === 'ready' && state.preview.refused !== undefined);
  return (
    <aside class="side flex-column" aria-label={text.choices}>
      <div class="side-scroll" tabIndex={0} role="group" aria-label={text.choices}>
        {shown ? <Learned table={shown} /> : null}
        {shown ? <Gaps table={shown} /> : null}
        {shown ? (
          <section aria-labelledby="split-title">
            <h2 id="split-title">{text.splitTitle}</h2>
            <Pairs
              class="listed"
              of={(['train', 'validation'] as const).map((part) => [
                part === 'train' ? text.trainRows : text.validationRows,
                state.status === 'ready' ? count(state.preview[part]) : '–',
              ])}
            />
          </section>
        ) : null}
        {size.value ? <Size size={size.value} scale={scale} /> : null}
        <Presets state={presets} estimates={estimates} onUnfold={page.measure} />
        {shown && state.status === 'ready' ? <Warnings warnings={state.preview.warnings} /> : null}
        {shown && state.status === 'failed' ? (
          <div class="why" role="alert">
            <p>{state.message}</p>
          </div>
        ) : null}
      </div>
      <div class="ways-on flex-column">
        <Button
          primary
          disabled={isRefused || isImpossible(presets, estimates)}
          onClick={() => void host.train(page.chosen())}
        >
          {text.train}
        </Button>
        <Button onClick={() => void host.saveConfig(page.chosen())}>{text.saveConfig}</Button>
      </div>
    </aside>
  );
}

const sizes = [8, 16, 32, 64, 128];

function Size({ size, scale }: { size: ImageSize; scale(size: number | undefined): void }) {
  const { chosen, usual } = size;
  return (
    <section aria-labelledby="size-title">
      <h2 id="size-title">{text.sizeTitle}</h2>
      <label class="sizes flex-center">
        <select
          value={chosen ?? ''}
          aria-labelledby="size-title"
          onChange={({ currentTarget: { value } }) => scale(value === '' ? undefined : Number(value))}
        >
          <option value="">{usual === null ? text.asInFiles : text.square(usual)}</option>
          {sizes
            .filter((side) => side !== usual)
            .map((side) => (
              <option key={side} value={side}>
                {text.square(side)}
              </option>
            ))}
        </select>
        {chosen === undefined && usual === null ? null : <span class="tick">{text.middle}</span>}
      </label>
    </section>
  );
}

const namedColumns = 4;

function Learned({ table }: { table: TableState }) {
  const { columns } = table.overview;
  const uses = table.uses.value;
  const names = (use: Use): string => {
    const found = columns.filter((_, i) => uses[i] === use).map(({ name }) => name);
    if (found.length === 0) return '–';
    const more = found.length - namedColumns;
    return more > 0 ? text.andMore(found.slice(0, namedColumns).join(', '), more) : found.join(', ');
  };
  return (
    <section aria-labelledby="learned-title">
      <h2 id="learned-title">{text.learned}</h2>
      <Pairs
        class="listed"
        of={allUses
          .filter((use) => !isRare(use) || uses.includes(use))
          .map((use) => [text.uses[use], names(use)])}
      />
    </section>
  );
}

function Gaps({ table }: { table: TableState }) {
  const { overview } = table;
  const uses = table.uses.value;
  const rows = rowsWithGaps(overview, uses);
  if (rows === 0) return null;
  const worst = worstColumn(overview, uses);
  const option = (missing: Missing, label: string, stay: number) => (
    <label class="option">
      <input
        type="radio"
        name="gaps"
        checked={table.missing.value === missing}
        onChange={() => table.fill(missing)}
      />
      <span class="title">{label}</span>
      <span class="tick num">{text.stay(stay)}</span>
    </label>
  );
  return (
    <section aria-labelledby="gaps-title">
      <h2 id="gaps-title">
        {text.gapsTitle} <span class="tick">{text.gapRows(rows, overview.looked)}</span>
      </h2>
      {option('drop', text.dropRows(rows), overview.looked - rows)}
      {option('mean', text.fillRows, overview.looked)}
      {worst && table.missing.value === 'drop' ? (
        <LinkButton onClick={() => table.use(worst.at, 'leave out')}>
          {text.leaveOutColumn(overview.columns[worst.at]!.name, count(overview.looked - worst.rows))}
        </LinkButton>
      ) : null}
    </section>
  );
}
