/** How the model was trained: curves, status, requests to the training, and the checkpoints to step through. */
import { useMemo, useEffect } from 'preact/hooks';
import { LinkButton, Button, TextField } from '../../base/controls/toolkit';
import type { ModelSummary } from '../../../src/protocol/model';
import { RunChart, type RunChartProps, type RunLine } from '../../base/charts/run-chart';
import { compact, count, fixed, nextRound } from '../../base/format/numbers';
import { type RunData, runState } from '../../base/store/run-state';
import { useStore, AnswerView, Message } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { validationFigure } from '../../base/curves/validation-text';
import { ChartBox } from '../../base/takeaway/chart-box';
import { CurveControls, curveLookState } from '../../base/curves/curve-controls';
import { inBits, lineOf, placeOfStep, valueAt } from '../../base/curves/lines';
import { metricNames } from '../../../src/protocol/run';
import type { RegionFeature, Store } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { useSignal } from '@preact/signals';
import type { ControlRequest } from '../../../src/config/control';
import { largestLearningRate } from '../../../src/config/learning-rate';
import './style.css';
import { messageOf } from '../../base/host/page-api';

export const run: RegionFeature = { id: 'run', region: 'diagnostics', title: () => words.run, View: RunTab };

function RunTab({ model }: { model: ModelSummary }) {
  const store = useStore();
  const run = store.state(runState).run.data.value;
  // What is known stays in sight while more is asked for.
  if (run) return <Followed model={model} run={run} />;
  return (
    <AnswerView question={store.state(runState).run.question}>
      {() => <Message title={text.noRun} why={text.noRunWhy} />}
    </AnswerView>
  );
}

const unitOf = (run: RunData): string => (inBits(run) ? words.bitsPerDim : words.nats);

function Followed({ model, run }: { model: ModelSummary; run: RunData }) {
  const store = useStore();
  const { axis, log, smoothing } = store.state(curveLookState).curveLook.value;
  const bits = inBits(run);
  const unit = unitOf(run);
  const { charts, gradient, rate } = useMemo(() => {
    const line = (metric: Parameters<typeof lineOf>[1], name: string, style: RunLine['style'] = 'main') =>
      lineOf(run, metric, { name, style, axis });
    const loss = [
      ...line(bits ? 'trainBitsPerDim' : 'trainNats', text.train, 'faint'),
      ...line(bits ? 'validationBitsPerDim' : 'validationNats', words.validation),
    ];
    const lossNote = loss.length > 1 ? text.lossKey(unit) : `${unit}, ${words.validation}`;
    const trained = [
      { view: 'loss', title: text.loss, note: lossNote, lines: loss, label: `${text.loss}, ${unit}` },
      { view: 'error', ...text.velocityError, lines: line('velocityError', text.train) },
      { view: 'efficiency', ...text.efficiency, lines: line('efficiency', words.validation) },
    ] as const;
    const measured = trained.filter(({ lines }) => lines.length > 0);
    return {
      charts: measured.length > 0 ? measured : trained.slice(0, 1),
      gradient: line('gradientNorm', text.gradient),
      rate: line('learningRate', text.rate),
    };
  }, [run.steps, run.columns, axis]);
  const marks = run.rates.flatMap((change) => {
    const x = placeOfStep(run, change.step, axis);
    return x === undefined ? [] : [{ x, text: text.rateChanged(change.step, compact(change.learningRate)) }];
  });
  const place = { model, axis, end: axisEnd(run, axis), at: placeOfStep(run, model.step, axis), marks };
  const smooth = { ...place, smoothing };
  if (run.steps.length === 0)
    return <Message title={text.noMetrics} why={run.message ?? words.noMetricsWhy} />;
  return (
    <div class="run-tab flex-column">
      <div class="run-bar flex-wrap">
        <CurveControls />
        <AtStep model={model} run={run} />
      </div>
      <div class="charts run-charts">
        {charts.map((chart) => (
          <Chart key={chart.view} {...smooth} {...chart} log={log} />
        ))}
        <Chart {...smooth} view="gradient" title={text.gradient} note={text.gradientNote} lines={gradient} />
        <Chart {...place} view="rate" title={text.rate} note={words.logAxisShort} lines={rate} />
        <Status model={model} run={run} />
      </div>
    </div>
  );
}

/** While it trains, an axis that changes a few times in a run; afterwards the axis is what was measured. */
function axisEnd(run: RunData, axis: 'step' | 'time'): number | undefined {
  if (run.status !== 'running' && run.status !== 'paused') return undefined;
  const last = (axis === 'step' ? run.steps.at(-1) : run.columns.seconds?.at(-1)) ?? 0;
  const end = nextRound(last);
  return axis === 'step' && run.totalSteps !== undefined
    ? Math.max(last, Math.min(end, run.totalSteps))
    : end;
}

interface ChartProps extends Omit<RunChartProps, 'label'> {
  model: ModelSummary;
  view: keyof typeof runColumns;
  title: string;
  note: string;
  label?: string;
}

function Chart({ model, view, title, note, log = true, label = title, ...chart }: ChartProps) {
  const store = useStore();
  return (
    <ChartBox {...{ model, title, note }} numbers={() => runNumbers(view, store)} about="run" fileName={view}>
      <RunChart {...chart} log={log} label={label} />
    </ChartBox>
  );
}

/** What was measured at the step that the page shows. */
function AtStep({ model, run }: { model: ModelSummary; run: RunData }) {
  const store = useStore();
  const bits = inBits(run);
  const { step } = model;
  if (step === undefined) return null;
  const figure = (name: string, value: number | undefined) =>
    value === undefined ? [] : [`${name} ${fixed(value, 3)}`];
  const costs = [
    ...figure(words.validation, valueAt(run, bits ? 'validationBitsPerDim' : 'validationNats', step)),
    ...figure(text.train, valueAt(run, bits ? 'trainBitsPerDim' : 'trainNats', step)),
  ];
  const learningRate = valueAt(run, 'learningRate', step);
  const figures = [
    ...(costs.length > 0 ? [`${costs.join(', ')} ${unitOf(run)}`] : []),
    ...figure(text.efficiency.title, valueAt(run, 'efficiency', step)),
    ...(learningRate === undefined ? [] : [`${text.learningRate} ${compact(learningRate)}`]),
  ];
  return (
    <p class="at-step tick" data-at-step={step}>
      <b>{text.lookingAt(step)}</b>
      {figures.length > 0 ? `: ${figures.join(', ')}` : ''}
      {store.checkpoint.shown.value === undefined || store.isSaved ? null : (
        <>
          {' '}
          <LinkButton onClick={() => void store.connection.host.openCheckpoint(model.path)}>
            {text.openByItself}
          </LinkButton>
        </>
      )}
    </p>
  );
}

function Status({ model, run }: { model: ModelSummary; run: RunData }) {
  const store = useStore();
  const last = Math.max(run.steps.at(-1) ?? 0, run.step ?? 0);
  const seconds = run.columns.seconds?.at(-1);
  const live = run.status === 'running' || run.status === 'paused';
  const checkpoints = store.state(runState).checkpoints.value;
  const shown = [
    run.totalSteps === undefined ? `${words.step} ${count(last)}` : text.progressOf(last, run.totalSteps),
    ...(seconds === undefined ? [] : [words.seconds(seconds)]),
  ].join(', ');
  return (
    <div class="chart run-status flex-column">
      <h3>
        <b data-run-status={run.status}>{text.statusNames[run.status]}</b>
        <span class="tick" title={run.message}>
          {`${shown}${run.message && !live && !run.notFinite ? `. ${run.message}` : ''}`}
        </span>
      </h3>
      {store.isSaved ? null : <ControlPanel run={run} />}
      <h3>
        <b>{text.checkpoints}</b>
        <span class="tick">{checkpoints.some(validationFigure) ? unitOf(run) : ''}</span>
        {live && !store.isSaved ? (
          <label class="tick follow">
            <input
              type="checkbox"
              checked={store.checkpoint.follow.value}
              onChange={(event) => (store.checkpoint.follow.value = event.currentTarget.checked)}
            />
            {text.followNewest}
          </label>
        ) : null}
      </h3>
      <div class="run-list">
        {checkpoints.map((checkpoint) => (
          <button
            key={checkpoint.path}
            type="button"
            class="bare ends"
            aria-current={checkpoint.path === model.path}
            disabled={store.isSaved}
            onClick={() => store.checkpoint.look(checkpoint.path)}
          >
            <span>{`${words.step} ${count(checkpoint.step)}`}</span>
            <span>{`${checkpoint.best ? `${words.best} ` : ''}${validationFigure(checkpoint)}`}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

/** What is measured of the loss comes first. */
const runColumns = {
  loss: metricNames.slice(0, metricNames.indexOf('velocityError')),
  error: ['seconds', 'velocityError'],
  efficiency: ['seconds', 'efficiency', 'logEvidence', 'logEvidenceError'],
  gradient: ['seconds', 'gradientNorm'],
  rate: ['seconds', 'learningRate'],
} as const;

/** Rows as they were measured, without the smoothing of the curves. */
function runNumbers(id: keyof typeof runColumns, store: Store): ViewData {
  const run = store.state(runState).run.data.value;
  if (!run) return {};
  const used = runColumns[id].flatMap((name) => {
    const values = run.columns[name];
    return values ? [{ name, values: Array.from(values) }] : [];
  });
  const steps = Array.from(run.steps);
  return {
    columns: [
      { name: 'step', values: steps },
      // What was not measured at a step is not a number.
      ...used.map(({ name, values }) => ({
        name,
        values: values.map((value) => (Number.isNaN(value) ? undefined : value)),
      })),
    ],
    arrays: {
      step: vector(steps),
      ...Object.fromEntries(used.map(({ name, values }) => [name, vector(values)])),
    },
  };
}

const patience = 10_000;
const resumable: ReadonlySet<RunData['status']> = new Set(['stopped', 'failed', 'interrupted']);

/** Requests to a training from the page, and whether it received them. */
function ControlPanel({ run }: { run: RunData }) {
  const store = useStore();
  const requestId = useSignal<string | undefined>(undefined);
  const problem = useSignal('');
  const late = useSignal(false);
  const invalid = useSignal(false);
  const waiting = requestId.value !== undefined && run.answered?.id !== requestId.value;
  useEffect(() => {
    late.value = false;
    if (!waiting) return;
    const timer = setTimeout(() => (late.value = true), patience);
    return () => clearTimeout(timer);
  }, [requestId.value, waiting]);
  const ask = async (request: ControlRequest): Promise<void> => {
    problem.value = '';
    try {
      requestId.value = (await store.connection.host.control(request)).id;
    } catch (error) {
      problem.value = messageOf(error);
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
  const heard =
    requestId.value !== undefined && run.answered?.id === requestId.value ? run.answered : undefined;
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
