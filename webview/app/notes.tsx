/** Notes over everything, of one line each. */
import { saferTraining } from '../../src/config/safer-training';
import type { ModelSummary, ModelOrigin, RecordingInfo } from '../../src/protocol/model';
import type { NotFinite } from '../../src/protocol/run';
import { Button, LinkButton } from '../base/controls/toolkit';
import { decimal } from '../base/format/numbers';
import { layerTitle } from '../base/layers/layer-names';
import type { RunData } from '../base/store/run-state';
import { useStore } from '../base/store/use-store';
import { text } from './text';

/** About a training that failed: what happened at which step, and what to try. */
export function FailedNote({ model, run }: { model: ModelSummary; run: RunData }) {
  const { host, choices } = useStore().connection;
  const failure = run.notFinite;
  const now = run.training;
  const next = failure && now && saferTraining(now);
  return (
    <section class="origin failed-run" role="alert" data-failed>
      <p>
        <b>{failure ? text.failedAt(failure.step, named(model, failure)) : text.failed(run.message ?? '')}</b>{' '}
        {next
          ? text.tryNext(
              ...([now, next].flatMap((t) => [
                decimal(String(t.learningRate)),
                decimal(String(t.clipNorm)),
              ]) as Four),
            )
          : ''}
      </p>
      {next && !choices ? (
        <Button primary onClick={() => void host.command('trainAgain')}>
          {text.trainAgain}
        </Button>
      ) : null}
    </section>
  );
}

type Four = [string, string, string, string];

/** With the page's own name of the layer: trainings know it by that of its parameters. */
function named(model: ModelSummary, { where, layer }: NotFinite): string {
  const found = model.layers.find(({ name }) => name === layer);
  return found ? where.replace(`layer ${found.name}`, layerTitle(found, model)) : where;
}

/** About a flow that another library wrote: where it comes from, and what had to be assumed to read it. */
export function OriginNote({ origin }: { origin: ModelOrigin }) {
  const { connection } = useStore();
  const { library, assumptions, guesses, searched } = origin;
  // The title of a graph says no more than which way it goes.
  const title = library.startsWith('ONNX') ? `${library}, ${origin.title}` : origin.title;
  const change = (): void => void connection.host.command('changeImport');
  return (
    <section class={`origin ${guesses ? 'guessed' : ''}`} aria-label={text.origin}>
      <p>
        {guesses ? <b role="alert">{text.guessed(guesses)} </b> : null}
        {assumptions.length > 0 ? text.fromAssuming(title, assumptions) : text.from(title)}
        {searched ? ` ${text.searched(searched)}` : ''}
      </p>
      {connection.choices ? null : guesses ? (
        <Button primary onClick={change}>
          {text.confirmGuess}
        </Button>
      ) : assumptions.length > 0 ? (
        <LinkButton title={text.changeImportHint} onClick={change}>
          {text.changeImport}
        </LinkButton>
      ) : null}
    </section>
  );
}

/** About a recording: what it is, what it holds, and what cannot be asked of it. */
export function RecordingNote({ recording, title }: { recording: RecordingInfo; title: string }) {
  const { notes } = recording;
  return (
    <section class="origin" aria-label={text.recording}>
      <p title={[text.recordingHint, text.recordingHolds, ...notes].join('\n')}>
        {text.recorded(title, recording)} {recording.field ? `${text.solved(recording.field)} ` : ''}
        {text.recordingHint} {text.recordingHolds}
        {notes.length > 0 ? <span class="muted">{` ${notes.join('; ')}.`}</span> : null}
      </p>
    </section>
  );
}
