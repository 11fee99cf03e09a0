/** What is wrong with the flow, in words, and that nothing is. */
import {
  bySeverity,
  onOwnSamples,
  type Finding,
  type Findings as Answer,
} from '../../../src/protocol/findings';
import type { ModelSummary } from '../../../src/protocol/model';
import { Button } from '../../base/controls/toolkit';
import { findingNumbers } from './numbers';
import { notFiniteAt, runState } from '../../base/store/run-state';
import { useStore } from '../../base/store/use-store';
import { layerPhrase } from '../../base/layers/layer-names';
import { words } from '../../base/words';
import { findingText } from '../../base/findings/finding-text';
import { text } from './text';
import { TakeAway } from '../../base/takeaway/take-away';
import { diagnosticsState } from './state';

const marks: Record<Finding['severity'], string> = {
  error: '✕',
  warning: '!',
  notice: 'i',
  ok: '✓',
  skipped: '–',
};

/** One line while all is well or not yet known; a line for each finding otherwise. */
export function Findings({ model }: { model: ModelSummary }) {
  const store = useStore();
  const { findings: question } = store.state(diagnosticsState);
  const answer = question.answer.value;
  const known = answer.status === 'ready' ? answer.value : undefined;
  return (
    <section class="findings" aria-label={text.findingsLabel} aria-busy={answer.status === 'loading'}>
      {known ? (
        <>
          <Known model={model} answer={known} />
          <TakeAway
            model={model}
            numbers={() => findingNumbers(store, model)}
            title={text.findingsLabel}
            fileName="findings"
            frame=".findings"
          />
        </>
      ) : answer.status === 'failed' ? (
        <p class="findings-head">
          <span class={answer.reason === 'error' ? 'bad' : 'muted'}>
            {answer.reason === 'cancelled' ? `${text.findingsLabel}: ${words.cancelled}` : answer.message}
          </span>
          {answer.reason === 'notRecorded' || answer.reason === 'noAnswer' ? null : (
            <button type="button" class="linklike" onClick={() => question.retry()}>
              {words.retry}
            </button>
          )}
        </p>
      ) : (
        <p class="findings-head">
          <span class="progress pulse" />
          <span class="tick">{text.findingsBusy}</span>
          {answer.status === 'loading' ? (
            <button type="button" class="linklike" onClick={() => question.cancel()}>
              {words.cancel}
            </button>
          ) : null}
        </p>
      )}
    </section>
  );
}

function Known({ model, answer }: { model: ModelSummary; answer: Answer }) {
  const store = useStore();
  const all = bySeverity(answer.findings);
  const wrong = all.filter(({ severity }) => severity !== 'ok' && severity !== 'skipped');
  const rest = all.filter(({ severity }) => severity === 'ok' || severity === 'skipped');
  // What is well with the last checkpoint says nothing good of a training that broke down.
  const run = store.state(runState).run.data.value;
  const failed = run && notFiniteAt(run);
  const passed = wrong.length === 0 && !onOwnSamples(all) && !failed;
  const mark = passed ? 'ok' : 'skipped';
  const counted = [
    ...(wrong.length > 0 ? [text.somethingWrong(wrong.length, answer.count)] : []),
    ...(onOwnSamples(all) ? [text.onOwnSamples] : []),
    ...(failed ? [text.ofFailed] : []),
  ];
  return (
    <>
      {wrong.map((finding) => (
        <Item key={finding.check} model={model} finding={finding} />
      ))}
      {rest.length > 0 ? (
        <details class="findings-rest">
          <summary>
            <i class={`finding-mark ${mark}`} aria-hidden="true">
              {marks[mark]}
            </i>
            <span>{passed ? text.nothingWrong(answer.count) : counted.join('; ')}</span>
            {onOwnSamples(all) ? null : <span class="tick">{text.checksShown(all.length)}</span>}
          </summary>
          <ul>
            {rest.map((finding) => (
              <li key={finding.check} data-check={finding.check} data-severity={finding.severity}>
                <i class={`finding-mark ${failed ? 'skipped' : finding.severity}`} aria-hidden="true">
                  {marks[failed ? 'skipped' : finding.severity]}
                </i>
                <span>
                  <b>{text.checks[finding.check]}</b>{' '}
                  <span class={finding.severity === 'skipped' ? 'muted' : undefined}>
                    {`${finding.severity === 'skipped' ? `${text.notLookedAt}. ` : ''}${findingText.sentence(finding, phraseOf(model, finding.layer))}`}
                  </span>{' '}
                  {findingText.advice(finding)}
                </span>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </>
  );
}

function Item({ model, finding }: { model: ModelSummary; finding: Finding }) {
  const store = useStore();
  const { check, severity, layer, tab, others = [] } = finding;
  const advice = findingText.advice(finding);
  const go = (index: number): void => {
    store.selectLayer(index);
    if (tab) store.tabs.layer.value = tab;
  };
  return (
    <details class="finding" data-check={check} data-severity={severity}>
      <summary>
        <i class={`finding-mark ${severity}`} aria-hidden="true">
          {marks[severity]}
        </i>
        <b>{text.checks[check]}</b>
        <span class="sr">{text.severities[severity]}</span>
        <span class="finding-line">{findingText.sentence(finding, phraseOf(model, layer))}</span>
      </summary>
      <div class="finding-more">
        <p>{findingText.sentence(finding, phraseOf(model, layer))}</p>
        {advice ? (
          <p>
            <b>{text.try}</b> {advice}
          </p>
        ) : null}
        {layer === undefined ? null : (
          <div class="row">
            <Button onClick={() => go(layer)}>{text.lookAt(phraseOf(model, layer))}</Button>
            {others.length > 0 ? <span class="muted">{text.alsoIn}</span> : null}
            {others.slice(0, 8).map((index) => (
              <button type="button" class="linklike" key={index} onClick={() => go(index)}>
                {phraseOf(model, index)}
              </button>
            ))}
          </div>
        )}
      </div>
    </details>
  );
}

function phraseOf(model: ModelSummary, index: number | undefined): string {
  const layer = model.layers.find((one) => one.index === index);
  return layer ? layerPhrase(layer) : '';
}
