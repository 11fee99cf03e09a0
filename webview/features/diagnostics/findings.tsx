/** What each check found, in words: the evidence for the signs over the views. */
import { bySeverity, type Finding, type Findings as Answer } from '../../../src/protocol/findings';
import type { ModelSummary } from '../../../src/protocol/model';
import { markOf } from '../../../src/protocol/signs';
import { Button, LinkButton } from '../../base/controls/toolkit';
import { findingNumbers } from './numbers';
import { runState } from '../../base/store/run-state';
import { useStore } from '../../base/store/use-store';
import { layerPhraseOf } from '../../base/layers/layer-names';
import { VerdictMark } from '../../base/layers/verdict';
import { words } from '../../base/words';
import { findingText } from '../../base/findings/finding-text';
import { text } from './text';
import { TakeAway } from '../../base/takeaway/take-away';
import { diagnosticsState } from './state';

/** A line for each finding, and one for all checks that found nothing. */
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
        <p class="findings-head flex-center">
          <span class={answer.reason === 'error' ? 'bad' : 'muted'}>
            {answer.reason === 'cancelled' ? `${text.findingsLabel}: ${words.cancelled}` : answer.message}
          </span>
          {answer.reason === 'notRecorded' || answer.reason === 'noAnswer' ? null : (
            <LinkButton onClick={() => question.retry()}>{words.retry}</LinkButton>
          )}
        </p>
      ) : (
        <p class="findings-head flex-center">
          <span class="progress pulse" />
          <span class="tick">{text.findingsBusy}</span>
          {answer.status === 'loading' ? (
            <LinkButton onClick={() => question.cancel()}>{words.cancel}</LinkButton>
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
  const isFailed = Boolean(run?.notFinite);
  return (
    <>
      {wrong.map((finding) => (
        <Item key={finding.check} model={model} finding={finding} />
      ))}
      {rest.length > 0 ? (
        <details class="findings-rest">
          <summary>
            <span class="tick">{text.checksShown(rest.length, answer.count)}</span>
          </summary>
          <ul>
            {rest.map((finding) => (
              <li key={finding.check} data-check={finding.check} data-severity={finding.severity}>
                <VerdictMark mark={isFailed ? 'unknown' : markOf(finding)} />
                <span>
                  <b>{text.checks[finding.check]}</b>{' '}
                  <span class={finding.severity === 'skipped' ? 'muted' : undefined}>
                    {`${finding.severity === 'skipped' ? `${text.notLookedAt}. ` : ''}${findingText.sentence(finding, layerPhraseOf(model, finding.layer))}`}
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
        <VerdictMark mark={markOf(finding)} />
        <b>{text.checks[check]}</b>
        <span class="finding-line">{findingText.sentence(finding, layerPhraseOf(model, layer))}</span>
      </summary>
      <div class="finding-more">
        <p>{findingText.sentence(finding, layerPhraseOf(model, layer))}</p>
        {advice ? (
          <p>
            <b>{text.try}</b> {advice}
          </p>
        ) : null}
        {layer === undefined ? null : (
          <div class="row">
            <Button onClick={() => go(layer)}>{text.lookAt(layerPhraseOf(model, layer))}</Button>
            {others.length > 0 ? <span class="muted">{text.alsoIn}</span> : null}
            {others.slice(0, 8).map((index) => (
              <LinkButton key={index} onClick={() => go(index)}>
                {layerPhraseOf(model, index)}
              </LinkButton>
            ))}
          </div>
        )}
      </div>
    </details>
  );
}
