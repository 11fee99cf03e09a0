/** The one line over everything of a training that failed: what happened at which step, and what to try. */
import { saferTraining } from '../../src/config/safer-training';
import type { ModelSummary } from '../../src/protocol/model';
import { Button } from '../base/controls/toolkit';
import { decimal } from '../base/format/numbers';
import { layerTitle } from '../base/layers/layer-names';
import { notFiniteAt, type RunData } from '../base/store/run-state';
import { useStore } from '../base/store/use-store';
import { text } from './text';

export function FailedNote({ model, run }: { model: ModelSummary; run: RunData }) {
  const { host, choices } = useStore().connection;
  const failure = notFiniteAt(run);
  const now = run.training;
  const next = failure && now && saferTraining(now);
  return (
    <section class="origin failed-run" role="alert" data-failed>
      <p>
        <b>
          {failure
            ? text.failedAt(failure.step, named(model, failure.where))
            : text.failed(run.message ?? '')}
        </b>{' '}
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

/** With the page's own names: trainings know layers by those of their parameters. */
function named({ layers }: ModelSummary, where: string): string {
  return [...layers]
    .sort((a, b) => b.name.length - a.name.length)
    .reduce((said, layer) => said.replaceAll(`layer ${layer.name}`, layerTitle(layer)), where);
}
