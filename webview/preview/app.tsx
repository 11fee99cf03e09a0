/** The page: reading, failed, or what the data are, with what to train on them. */
import type { DataPreview } from '../../src/protocol/data';
import { Button, LinkButton } from '../base/controls/toolkit';
import { bytes, count } from '../base/format/numbers';
import { useResized } from '../base/size/resized';
import { Classes } from './classes';
import { Facts } from './facts';
import { Features, Rows } from './features';
import type { PageState } from './page-state';
import { Side } from './side';
import { words } from '../base/words';
import { text } from './text';
import { useEffect, useRef, useState } from 'preact/hooks';
import { DataTable, type TableColumn } from '../base/controls/data-table';
import { ColumnHead } from './head';
import type { TableState } from './table-state';

export function App({ page }: { page: PageState }) {
  const { host, question } = page;
  const state = question.state.value;
  if (page.table.value) return <Ready page={page} />;
  switch (state.status) {
    case 'loading':
      return (
        <main class="preview flex-column" aria-busy="true">
          <div class="wait-note flex-center" role="status">
            <span class="progress pulse" />
            <h1 class="tick">{text.reading}</h1>
            <LinkButton onClick={() => page.cancel()}>{words.cancel}</LinkButton>
          </div>
          <div class="skeleton head" />
          <div class="skeleton fill" />
        </main>
      );
    case 'cancelled':
    case 'failed': {
      const why = state.status === 'failed' ? state.message : undefined;
      const failed = why !== undefined;
      return (
        <main class="preview flex-column">
          <div class="state" role={failed ? 'alert' : 'status'}>
            <h1 class={failed ? 'bad' : ''}>{failed ? text.failed : words.cancelled}</h1>
            <p>{why ?? text.cancelledWhy}</p>
            <div class="row">
              <Button primary={failed} onClick={() => page.read()}>
                {words.retry}
              </Button>
              {failed ? <Button onClick={() => void host.showLog()}>{words.showLog}</Button> : null}
            </div>
          </div>
        </main>
      );
    }
    case 'ready':
      return <Ready page={page} preview={state.preview} />;
  }
}

/** A table, or what was found in other data. A config says itself how to train. */
function Ready({ page, preview }: { page: PageState; preview?: DataPreview }) {
  const table = page.table.value;
  return (
    <main class={`preview flex-column ${hasSide(page) ? 'with-side' : ''}`} aria-busy={isReading(page)}>
      <Head page={page} preview={preview} />
      {table ? <Table table={table} /> : null}
      {preview && !table ? <Found preview={preview} /> : null}
      {hasSide(page) ? <Side page={page} /> : null}
    </main>
  );
}

const isReading = ({ question: { state } }: PageState): boolean =>
  state.value.status === 'loading' || (state.value.status === 'ready' && state.value.rereading);

const hasSide = ({ presets }: PageState): boolean => presets.groups.value.length > 0;

function Head({ page, preview }: { page: PageState; preview?: DataPreview }) {
  const overview = page.table.value?.overview;
  const reading = isReading(page);
  const note = overview
    ? text.tableNote(count(overview.rows), overview.more, count(overview.columnCount), bytes(overview.bytes))
    : preview?.note;
  return (
    <header class="flex-wrap">
      <div>
        <h1>{overview?.name ?? preview?.name}</h1>
        <p class="muted" role="status">
          {reading ? text.reading : note}
        </p>
      </div>
      <div class="row">
        <Button onClick={() => (reading ? page.cancel() : page.read())}>
          {reading ? words.cancel : text.again}
        </Button>
        {hasSide(page) ? null : (
          <Button primary onClick={() => void page.host.train({})}>
            {text.train}
          </Button>
        )}
      </div>
    </header>
  );
}

function Found({ preview }: { preview: DataPreview }) {
  return (
    <div class="found flex-column" tabIndex={0} role="group" aria-label={text.facts}>
      <Facts preview={preview} />
      {preview.sheet ? <Sheet sheet={preview.sheet} /> : null}
      {preview.classes ? <Classes preview={preview} classes={preview.classes} /> : null}
      {preview.features ? <Features preview={preview} features={preview.features} /> : null}
      {preview.rows ? (
        <Rows
          rows={preview.rows}
          names={preview.features?.map(({ name }) => name)}
          classes={preview.rowClasses}
        />
      ) : null}
    </div>
  );
}

/** CSS pixels of one picture. */
const comfortableTile = 96;
/** Width of the sheet, before the pane has been measured. */
const usualWidth = 640;

function sheetScale({ width, columns }: { width: number; columns: number }, available: number): number {
  const whole = Math.floor(Math.min(available / width, comfortableTile / (width / columns)));
  return whole >= 1 ? whole : Math.min(1, available / width);
}

/** The contact sheet: pixels as they are, enlarged by whole numbers; shrunk only where the pane is narrower. */
function Sheet({ sheet }: { sheet: NonNullable<DataPreview['sheet']> }) {
  const { png, width, height, columns, examples } = sheet;
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([png.slice()], { type: 'image/png' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [png]);
  const box = useRef<HTMLElement>(null);
  const [available, setAvailable] = useState(usualWidth);
  useResized(
    () => box.current,
    ({ clientWidth }) => {
      if (clientWidth > 0) setAvailable(clientWidth);
    },
  );
  const times = sheetScale(sheet, available);
  return (
    <section aria-label={text.sheet} ref={box}>
      <h2>{text.sheet}</h2>
      <img
        class={`sheet ${times < 1 ? 'shrunk' : ''}`}
        src={url}
        width={Math.floor(width * times)}
        height={Math.floor(height * times)}
        alt={text.sheetAlt(examples, columns)}
      />
      <p class="tick">{text.sheetAlt(examples, columns)}</p>
    </section>
  );
}

/** Cells that a page draws without getting slow. */
const mostCells = 6000;
const fewestRows = 20;

/** A table as it is written, whatever is in it. */
function Table({ table }: { table: TableState }) {
  const { columns, columnCount, cells } = table.overview;
  const rows = cells.slice(0, Math.max(fewestRows, Math.floor(mostCells / Math.max(1, columns.length))));
  const uses = table.uses.value;
  const dropped = (row: readonly string[]): boolean =>
    table.missing.value === 'drop' && row.some((cell, i) => cell === '' && uses[i] !== 'leave out');
  return (
    <section class="table flex-column" aria-label={text.table}>
      <DataTable
        frame={{ class: 'scroll', 'aria-label': text.table }}
        rows={rows}
        tr={(row) => ({ class: dropped(row) ? 'dropped' : '' })}
        columns={[
          {
            head: text.row,
            class: 'row-number',
            name: (row, index) =>
              dropped(row) ? <s title={text.rowLeftOut}>{count(index + 1)}</s> : count(index + 1),
          },
          ...columns.map((column, at): TableColumn<string[]> => ({
            head: <ColumnHead table={table} at={at} />,
            th: { class: uses[at] === 'leave out' ? 'left-out' : '' },
            td: ({ [at]: cell }) => ({
              class: [
                column.type === 'number' ? 'num' : '',
                uses[at] === 'leave out' ? 'left-out' : '',
                cell === '' ? 'gap' : '',
              ].join(' '),
              title: cell && cell.length > 24 ? cell : undefined,
            }),
            cell: ({ [at]: cell }) => (cell === '' ? text.gap : cell),
          })),
        ]}
      />
      {columns.length < columnCount ? (
        <p class="tick">{text.moreColumns(columns.length, columnCount)}</p>
      ) : null}
    </section>
  );
}
