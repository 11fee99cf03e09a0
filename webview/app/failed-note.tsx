/** The one line over everything of a training that failed: what happened at which step, and what to try. */
import { saferTraining } from '../../src/config/safer-training';
import type { ModelSummary } from '../../src/protocol/model';
import type { NotFinite } from '../../src/protocol/run';
import { Button } from '../base/controls/toolkit';
import { decimal } from '../base/format/numbers';
import { layerTitle } from '../base/layers/layer-names';
import type { RunData } from '../base/store/run-state';
import { useStore } from '../base/store/use-store';
import { text } from './text';

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
