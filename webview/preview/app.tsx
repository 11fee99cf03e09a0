/** The page: reading, failed, or what the data are, with what to train on them. */
import type { DataPreview } from '../../src/protocol/data';
import { Button, LinkButton } from '../base/controls/toolkit';
import { bytes, count } from '../base/format/numbers';
import { Classes } from './classes';
import { Facts } from './facts';
import { Features, Rows } from './features';
import type { PageState } from './page-state';
import { Sheet } from './sheet';
import { Side } from './side';
import { Table } from './table';
import { words } from '../base/words';
import { text } from './text';

export function App({ page }: { page: PageState }) {
  const { host, question } = page;
  const state = question.state.value;
  if (page.table.value) return <Ready page={page} />;
  switch (state.status) {
    case 'loading':
      return (
        <main class="preview flex-column" aria-busy="true">
          <div class="wait-note" role="status">
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
  const hasSide = page.presets.groups.value.length > 0;
  const table = page.table.value;
  return (
    <main class={`preview flex-column ${hasSide ? 'with-side' : ''}`} aria-busy={isReading(page)}>
      <Head page={page} preview={preview} hasSide={hasSide} />
      {table ? <Table table={table} /> : null}
      {preview && !table ? <Found preview={preview} /> : null}
      {hasSide ? <Side page={page} /> : null}
    </main>
  );
}

const isReading = ({ question: { state } }: PageState): boolean =>
  state.value.status === 'loading' || (state.value.status === 'ready' && state.value.rereading);

interface HeadProps {
  page: PageState;
  preview: DataPreview | undefined;
  hasSide: boolean;
}

function Head({ page, preview, hasSide }: HeadProps) {
  const overview = page.table.value?.overview;
  const reading = isReading(page);
  const note = overview
    ? text.tableNote(count(overview.rows), overview.more, count(overview.columnCount), bytes(overview.bytes))
    : preview?.note;
  return (
    <header>
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
        {hasSide ? null : (
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
