/** Requests to a training from the page, and whether it received them. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ControlRequest } from '../../../src/config/control';
import { largestLearningRate } from '../../../src/config/learning-rate';
import { Button, TextField } from '../../base/controls/toolkit';
import { compact } from '../../base/format/numbers';
import type { RunData } from '../../base/store/run-state';
import { useStore } from '../../base/store/use-store';
import { text } from './text';
import { valueAt } from '../../base/curves/lines';

const patience = 10_000;
const resumable: ReadonlySet<RunData['status']> = new Set(['stopped', 'failed', 'interrupted']);

export function ControlPanel({ run }: { run: RunData }) {
  const store = useStore();
  const asked = useSignal<string | undefined>(undefined);
  const problem = useSignal('');
  const late = useSignal(false);
  const invalid = useSignal(false);
  const waiting = asked.value !== undefined && run.answered?.id !== asked.value;
  useEffect(() => {
    late.value = false;
    if (!waiting) return;
    const timer = setTimeout(() => (late.value = true), patience);
    return () => clearTimeout(timer);
  }, [asked.value, waiting]);
  const ask = async (request: ControlRequest): Promise<void> => {
    problem.value = '';
    try {
      asked.value = (await store.connection.host.control(request)).id;
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  if (run.status !== 'running' && run.status !== 'paused')
    return resumable.has(run.status) ? (
      <span class="pair">
        <Button onClick={() => void store.connection.host.command('resumeTraining')}>
          {text.goOnTraining}
        </Button>
      </span>
    ) : null;
  const rate = run.rates.at(-1)?.learningRate ?? valueAt(run, 'learningRate', Infinity);
  const heard = asked.value !== undefined && run.answered?.id === asked.value ? run.answered : undefined;
  return (
    <div class="run-control">
      <span class="pair">
        {run.status === 'paused' ? (
          <Button primary onClick={() => void ask({ action: 'resume' })}>
            {text.goOn}
          </Button>
        ) : (
          <Button onClick={() => void ask({ action: 'pause' })}>{text.pause}</Button>
        )}
        <Button onClick={() => void ask({ action: 'stop' })}>{text.stop}</Button>
        <span class="tick">{text.rate}</span>
        <TextField
          label={text.newRate}
          value={rate === undefined ? '' : String(Number(rate.toPrecision(6)))}
          size={10}
          invalid={invalid.value}
          onCommit={(typed) => {
            const value = Number(typed);
            if (typed.trim() === '' || !(value > 0 && value <= largestLearningRate)) {
              invalid.value = true;
              problem.value = text.rateExpected(typed);
              return;
            }
            invalid.value = false;
            problem.value = '';
            // Leaving the field with what it held asks for nothing.
            if (rate !== undefined && compact(value) === compact(rate)) return;
            void ask({ learningRate: value });
          }}
        />
      </span>
      <p class={`tick wrap ${problem.value || heard?.problem ? 'bad' : ''}`} role="status">
        {problem.value ||
          (waiting
            ? late.value
              ? text.notAnswered
              : text.asking
            : heard?.problem
              ? text.notCarriedOut(heard.problem)
              : heard && text.heardAt(heard.step))}
      </p>
    </div>
  );
}
