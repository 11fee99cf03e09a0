/** What would be trained, next to the data: the choices, the split, the preset, what to know, and the two ways on. */
import { Button } from '../base/controls/toolkit';
import { count } from '../base/format/numbers';
import { Gaps, Learned } from './learned';
import type { PageState } from './page-state';
import { isImpossible, Presets } from './presets';
import { Size } from './size';
import { text } from './text';
import { Warnings } from './facts';
import { Pairs } from '../base/controls/pairs';

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
