/** Whether the flow is good, over all views: −log p of held-out examples, and a sign for each of five questions. */
import { useSignal } from '@preact/signals';
import { areAboutSamples, type CheckName } from '../../src/protocol/findings';
import type { ModelSummary, CheckpointInfo } from '../../src/protocol/model';
import { estimateOf } from '../../src/protocol/paired-scores';
import { hasCalibration } from '../../src/protocol/questions';
import { markOf, otherFaults, signsOf, type Sign } from '../../src/protocol/signs';
import { valueAt } from '../base/curves/lines';
import { rowStep } from '../base/controls/arrow-keys';
import { Menu } from '../base/controls/menu';
import { Button } from '../base/controls/toolkit';
import { findingText } from '../base/findings/finding-text';
import { decimalsOf, fixed, percent, unknown, count } from '../base/format/numbers';
import { layerPhraseOf } from '../base/layers/layer-names';
import { VerdictMark } from '../base/layers/verdict';
import { isStale, latest, ready, type RegionFeature } from '../base/store/store';
import { runState } from '../base/store/run-state';
import { useFeature, useStore } from '../base/store/use-store';
import { words } from '../base/words';
import { calibrationState } from '../features/calibration/state';
import { diagnosticsState } from '../features/diagnostics/state';
import { panelsState } from './panels-state';
import { text } from './text';
import { Slider } from '../base/controls/slider';

export function Headline({ model }: { model: ModelSummary }) {
  const store = useStore();
  const panels = useFeature(panelsState);
  const answer = useFeature(diagnosticsState).findings.answer.value;
  const findings = latest(answer)?.findings;
  const run = useFeature(runState).run.data.value;
  const signs = signsOf(findings, useFeature(calibrationState).part.value, Boolean(run?.notFinite));
  const isAboutSamples = findings !== undefined && areAboutSamples(findings);
  const others = findings ? otherFaults(findings) : [];
  const open = (region: RegionFeature['region'] & ('gallery' | 'diagnostics'), id: string): void => {
    store.tabs[region].value = id;
    panels.choose(region);
  };
  const openCheck = (check: CheckName): void => {
    open('diagnostics', 'diagnostics');
    // It is drawn after its tab was chosen.
    setTimeout(() => {
      const found = document.querySelector(`.findings [data-check=${check}]`);
      const details = found?.closest('details');
      if (details) details.open = true;
      details?.querySelector('summary')?.focus();
      found?.scrollIntoView({ block: 'nearest' });
    });
  };
  const lead = ({ name, finding }: Sign): void => {
    if (name === 'calibration') open('diagnostics', 'calibration');
    else if (name === 'samples' && finding?.severity !== 'skipped' && model.splits.length > 0)
      open('gallery', 'data-and-samples');
    else openCheck(name);
  };
  const why = ({ name, mark, finding }: Sign): string => {
    if (name === 'calibration' && !hasCalibration(model)) return text.noCondition;
    if (finding) return findingText.sentence(finding, layerPhraseOf(model, finding.layer));
    if (name === 'calibration') return mark === 'unknown' ? text.notRun : '';
    return answer.status === 'loading' ? words.loading : text.notChecked;
  };
  const isOff = (name: Sign['name']): boolean => name === 'calibration' && !hasCalibration(model);
  const stops = [
    ...signs.flatMap(({ name }) => (isOff(name) ? [] : [name])),
    ...(others[0] ? ['others' as const] : []),
  ];
  const focused = useSignal<(typeof stops)[number]>('samples');
  const at = Math.max(0, stops.indexOf(focused.value));
  const move = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const next = stops[rowStep(event.key, at, stops.length) ?? -1];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    event.currentTarget.querySelector<HTMLElement>(`[data-question=${next}]`)?.focus();
  };
  const stop = (name: (typeof stops)[number], mark: Sign['mark']) => ({
    type: 'button' as const,
    class: `bare sign flex-center ${mark}`,
    'data-question': name,
    tabIndex: name === stops[at] ? 0 : -1,
    onFocus: () => (focused.value = name),
  });
  const wrong = signs.filter(({ mark }) => mark === 'error' || mark === 'notice');
  return (
    <section class="headline flex-wrap" aria-label={text.verdict}>
      {isAboutSamples ? <SamplesNote model={model} /> : <Validation model={model} />}
      <div
        class={`signs flex-wrap ${isStale(answer) ? 'old' : ''}`}
        role="toolbar"
        aria-label={text.verdict}
        onKeyDown={move}
      >
        {signs.map((sign) => (
          <button
            key={sign.name}
            {...stop(sign.name, sign.mark)}
            data-mark={sign.mark}
            title={why(sign)}
            disabled={isOff(sign.name)}
            onClick={() => lead(sign)}
          >
            <VerdictMark mark={sign.mark} />
            {named(sign)}
          </button>
        ))}
        {others[0] ? (
          <button {...stop('others', markOf(others[0]))} onClick={() => openCheck(others[0]!.check)}>
            <VerdictMark mark={markOf(others[0])} />
            {text.moreFound(others.length)}
          </button>
        ) : null}
      </div>
      <span class="sr" role="status">
        {ready(answer) ? wrong.map((sign) => `${named(sign)}: ${words.marks[sign.mark]}`).join('; ') : ''}
      </span>
    </section>
  );
}

/** In place of a number that would say nothing, what to do about it. */
function SamplesNote({ model }: { model: ModelSummary }) {
  const { kind, format, origin, recording, target } = model;
  const run = useFeature(runState).run.data.value;
  const share = run ? valueAt(run, 'efficiency', model.step) : undefined;
  const { host, choices } = useStore().connection;
  const problem = useSignal('');
  const add = (what: 'file' | 'folder'): void => {
    problem.value = '';
    host.addData(what).catch((error: unknown) => (problem.value = (error as Error).message));
  };
  const takesData = origin && !choices && !recording && format !== 'onnx' && format !== 'flowscope';
  return (
    <>
      <span class="muted">
        {target === undefined
          ? text.onSamples
          : text.onTarget(target, share === undefined ? undefined : percent(share))}
      </span>
      {!takesData ? null : kind === 'vector' ? (
        <Button primary onClick={() => add('file')}>
          {text.addData}
        </Button>
      ) : (
        <Menu
          label={text.addData}
          items={[
            { text: words.folderOfImages, run: () => add('folder') },
            { text: text.addFile, run: () => add('file') },
          ]}
        />
      )}
      {problem.value ? <span class="bad">{problem.value}</span> : null}
    </>
  );
}

/** With the feature that is off. */
function named({ name, mark, finding }: Sign): string {
  const feature = name === 'samples' && mark !== 'ok' ? finding?.values.feature : undefined;
  return feature === undefined || finding?.kind === 'together'
    ? text.signs[name]
    : text.isOff(text.signs[name], String(feature));
}

function Validation({ model }: { model: ModelSummary }) {
  const answer = useFeature(diagnosticsState).diagnostics.answer.value;
  const known = latest(answer);
  const scores = known?.validation ?? known?.train;
  const name = model.recording ? 'recorded' : known?.train && !known.validation ? 'train' : 'validation';
  if (!scores?.length)
    return (
      <span class="pair muted">
        {`${text.losses[name]} ${unknown} ${answer.status === 'loading' ? '' : text.noData}`}
      </span>
    );
  const { mean, error } = estimateOf(scores);
  const dequantizes = model.layers.some((layer) => layer.dequantizes);
  const isBound = dequantizes || model.levels !== undefined;
  const total = model.splits.find((split) => split.name === name)?.count ?? scores.length;
  return (
    <span
      class={`pair ${isStale(answer) ? 'old' : ''}`}
      title={text.meanOf(scores.length, total) + (isBound ? ` ${text.boundOfIntegers}` : '')}
    >
      <span class="muted">{text.losses[name]}</span>
      <span class={`loss ${Number.isFinite(mean) ? '' : 'bad'}`}>{fixed(mean, decimalsOf(error))}</span>
      <span class="muted">
        {`± ${fixed(error, decimalsOf(error))} ${known?.unit === 'nats' ? words.nats : words.bitsPerDim}${dequantizes ? `, ${text.bound}` : ''}`}
      </span>
    </span>
  );
}

/** Place of a checkpoint in the list of its run; the last file of a step stands for all of them. −1 where it is none. */
export function placeOf(ordered: readonly CheckpointInfo[], path: string, step?: number): number {
  const same = ordered.findIndex((checkpoint) => checkpoint.path === path);
  return same >= 0 || step === undefined ? same : ordered.findIndex((checkpoint) => checkpoint.step === step);
}

export function StepPicker({ model }: { model: ModelSummary }) {
  const store = useStore();
  const draft = useSignal<number | undefined>(undefined);
  const { run, checkpoints: ofRun } = store.state(runState);
  const checkpoints = ofRun.value;
  const status = run.data.value?.status;
  // A training will write more of them: the slider is there for the first one already, so that nothing moves.
  const grows = status === 'running' || status === 'paused';
  if (store.isSaved || checkpoints.length < (grows ? 1 : 2)) return <OneStep model={model} />;
  const { shown, target, editorFile, problem } = store.checkpoint;
  const opening = target.value !== shown.value;
  const place = placeOf(checkpoints, target.value ?? editorFile.value, opening ? undefined : model.step);
  const at = Math.min(checkpoints.length - 1, draft.value ?? Math.max(0, place));
  const step = checkpoints[at]?.step ?? 0;
  const elsewhere = shown.value !== undefined && !opening;
  return (
    <div class="pair step-picker">
      <span class="label">{words.step}</span>
      <Slider
        label={words.step}
        max={checkpoints.length - 1}
        value={at}
        valueText={text.stepOf(step, at + 1, checkpoints.length)}
        onInput={(value) => (draft.value = value)}
        onChange={(value) => {
          draft.value = undefined;
          const chosen = checkpoints[value];
          if (chosen && value !== place) store.checkpoint.look(chosen.path);
        }}
      />
      <span
        class={`step-number ${opening || draft.value !== undefined ? 'muted' : ''}`}
        role="status"
        data-step={opening ? undefined : step}
        title={problem.value || (elsewhere ? text.notTheFile(model.fileName) : undefined)}
      >
        {count(step)}
        {opening ? '…' : ''}
      </span>
      {problem.value ? (
        <span class="bad tick step-problem ellipsis" role="alert" title={problem.value}>
          {text.stepNotOpened}
        </span>
      ) : (
        // There is room for it at all times, so that the bar does not move.
        <span class={elsewhere ? 'step-back' : 'step-back gone'}>
          <Button
            icon
            label={text.backToFileHint}
            disabled={!elsewhere}
            onClick={() => store.checkpoint.look(editorFile.value)}
          >
            ↩
          </Button>
        </span>
      )}
    </div>
  );
}

/** The only step that there is. A saved page holds one checkpoint; where the run had more, it says so. */
function OneStep({ model }: { model: ModelSummary }) {
  const { step, checkpoints } = model;
  const others = useStore().isSaved && checkpoints.length > 1;
  if (step === undefined) return null;
  return (
    <div class="pair" title={others ? text.savedOneStep : undefined}>
      <span class="label">{words.step}</span>
      <span data-step={step}>{others ? text.oneOfSteps(step, checkpoints.length) : count(step)}</span>
    </div>
  );
}
