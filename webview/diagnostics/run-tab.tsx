/** How the model was trained: curves, status, and the checkpoints to step through. */
import type { MetricsRow, RunView } from '../../src/protocol/inspect';
import type { ModelSummary } from '../../src/protocol/model';
import { Curve, type Series } from '../charts/curve';
import { Sized } from '../charts/sized';
import { count, fixed } from '../format/numbers';
import { useStore } from '../state/use-store';
import { text } from '../strings';
import { Message } from '../views/state-box';

export function RunTab({ model, run }: { model: ModelSummary; run: RunView | null }) {
  const store = useStore();
  if (!run) return <Message title={text.noRun} why={text.noRunWhy} />;
  const image = run.metrics.some(
    (row) => row.validationBitsPerDim !== undefined || row.trainBitsPerDim !== undefined,
  );
  const series = (
    pick: (row: MetricsRow) => number | undefined,
    name: string,
    style: Series['style'],
  ): Series => ({
    name,
    style,
    points: run.metrics.flatMap((row) => {
      const y = pick(row);
      return y === undefined ? [] : [{ x: row.step, y }];
    }),
  });
  const loss = [
    series((row) => (image ? row.trainBitsPerDim : row.trainNats), 'train', 'dots'),
    series((row) => (image ? row.validationBitsPerDim : row.validationNats), 'validation', 'line'),
  ];
  const gradient = series((row) => row.gradientNorm, 'gradient', 'dots');
  const last = run.metrics.at(-1);
  if (!last) return <Message title={text.noMetrics} why={run.message ?? text.noMetricsWhy} />;
  const unit = image ? text.bitsPerDim : text.nats;
  return (
    <div class="charts three">
      <div class="chart">
        <h3>
          <b>{text.loss}</b>
          <span class="tick">{text.lossNote(unit)}</span>
        </h3>
        <Sized>
          {(width, height) => (
            <Curve
              width={width}
              height={height}
              series={loss}
              at={model.step}
              label={`${text.loss}, ${unit}`}
            />
          )}
        </Sized>
      </div>
      <div class="chart">
        <h3>
          <b>{text.gradient}</b>
          <span class="tick">{text.gradientNote}</span>
        </h3>
        <Sized>
          {(width, height) => (
            <Curve
              width={width}
              height={height}
              series={[gradient]}
              log
              at={model.step}
              label={text.gradient}
            />
          )}
        </Sized>
      </div>
      <div class="chart">
        <h3>
          <b>{text.statusNames[run.status]}</b>
          <span class="tick" title={run.message}>
            {`${text.step} ${count(last.step)}, ${text.seconds(last.seconds)}${run.message ? `. ${run.message}` : ''}`}
          </span>
        </h3>
        <h3>
          <b>{text.checkpoints}</b>
        </h3>
        <div class="run-list">
          {model.checkpoints.map((checkpoint) => (
            <button
              key={checkpoint.path}
              type="button"
              aria-current={checkpoint.path === model.path}
              disabled={store.connection.choices !== undefined}
              onClick={() => void store.connection.host.openCheckpoint(checkpoint.path)}
            >
              <span>{`${text.step} ${count(checkpoint.step)}`}</span>
              <span>{`${checkpoint.best ? `${text.best} ` : ''}${checkpoint.validationNats === undefined ? '' : `${fixed(checkpoint.validationNats, 2)} ${text.nats}`}`}</span>
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}
