/** The step that everything is about: a slider over the checkpoints of the run, which are shown in place. */
import { useSignal } from '@preact/signals';
import type { CheckpointInfo, ModelSummary } from '../../src/protocol/model';
import { Slider } from '../base/controls/slider';
import { Button } from '../base/controls/toolkit';
import { count } from '../base/format/numbers';
import { useStore } from '../base/store/use-store';
import { words } from '../base/words';
import { text } from './text';
import { runState } from '../base/store/run-state';

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
  if (store.isSaved) return <SavedStep model={model} />;
  if (checkpoints.length < (grows ? 1 : 2))
    return model.step === undefined ? null : <OneStep step={model.step} />;
  const { shown, wanted, own, problem } = store.checkpoint;
  const opening = wanted.value !== shown.value;
  const place = placeOf(checkpoints, wanted.value ?? own.value, opening ? undefined : model.step);
  const at = Math.min(checkpoints.length - 1, draft.value ?? Math.max(0, place));
  const step = checkpoints[at]?.step ?? 0;
  const elsewhere = shown.value !== undefined && !opening;
  return (
    <div class="pair step-picker">
      <span class="label">{words.step}</span>
      <Slider
        label={words.step}
        min={0}
        max={checkpoints.length - 1}
        step={1}
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
            onClick={() => store.checkpoint.look(own.value)}
          >
            ↩
          </Button>
        </span>
      )}
    </div>
  );
}

function OneStep({ step }: { step: number }) {
  return (
    <div class="pair">
      <span class="label">{words.step}</span>
      <span data-step={step}>{count(step)}</span>
    </div>
  );
}

/** A saved page holds one checkpoint; where the run had more, it says so. */
function SavedStep({ model }: { model: ModelSummary }) {
  if (model.step === undefined) return null;
  const others = model.checkpoints.length > 1;
  return (
    <div class="pair" title={others ? text.savedOneStep : undefined}>
      <span class="label">{words.step}</span>
      <span data-step={model.step}>
        {others ? text.oneOfSteps(model.step, model.checkpoints.length) : count(model.step)}
      </span>
    </div>
  );
}
