/** The page: reading, failed, or what the data are. */
import type { PreviewHost } from '../../src/protocol/preview-page';
import { Button } from '../base/controls/toolkit';
import { Facts } from './facts';
import { Features, Rows } from './features';
import { Sheet } from './sheet';
import type { PreviewQuestion } from './state';
import { text } from './text';

export function App({ host, question }: { host: PreviewHost; question: PreviewQuestion }) {
  const state = question.state.value;
  switch (state.status) {
    case 'loading':
      return (
        <main class="preview" aria-busy="true">
          <div class="wait-note" role="status">
            <span class="progress pulse" />
            <h1 class="tick">{text.reading}</h1>
            <button type="button" class="linklike" onClick={() => question.cancel()}>
              {text.cancel}
            </button>
          </div>
          <div class="skeleton head" />
          <div class="skeleton fill" />
        </main>
      );
    case 'cancelled':
      return (
        <main class="preview">
          <div class="state" role="status">
            <h1>{text.cancelled}</h1>
            <p>{text.cancelledWhy}</p>
            <div class="row">
              <Button onClick={() => question.ask()}>{text.retry}</Button>
            </div>
          </div>
        </main>
      );
    case 'failed':
      return (
        <main class="preview">
          <div class="state" role="alert">
            <h1 class="bad">{text.failed}</h1>
            <p>{state.message}</p>
            <div class="row">
              <Button primary onClick={() => question.ask()}>
                {text.retry}
              </Button>
              <Button onClick={() => void host.showLog()}>{text.showLog}</Button>
            </div>
          </div>
        </main>
      );
    case 'ready': {
      const { preview, rereading } = state;
      return (
        <main class="preview" aria-busy={rereading}>
          <header>
            <div>
              <h1>{preview.name}</h1>
              <p class="muted" role="status">
                {rereading ? text.reading : preview.note}
              </p>
            </div>
            <div class="row">
              <Button onClick={() => (rereading ? question.cancel() : question.ask())}>
                {rereading ? text.cancel : text.again}
              </Button>
              <Button primary onClick={() => void host.train()}>
                {text.train}
              </Button>
            </div>
          </header>
          <Facts preview={preview} />
          {preview.sheet ? <Sheet sheet={preview.sheet} /> : null}
          {preview.features ? <Features preview={preview} features={preview.features} /> : null}
          {preview.rows ? (
            <Rows rows={preview.rows} names={preview.features?.map(({ name }) => name)} />
          ) : null}
        </main>
      );
    }
  }
}
