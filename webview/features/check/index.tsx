/** Whether the density of a flow is right, where it is wrong, and which layer to look at. */
import { hasCheck } from '../../../src/protocol/questions';
import {
  largestK,
  type CheckFinding,
  type CheckPart,
  type CheckReport,
  type WeightMap,
  type WorstDraw,
} from '../../../src/protocol/check';
import type { ModelSummary } from '../../../src/protocol/model';
import { type RegionFeature, type Store, stateOf, latest, ask } from '../../base/store/store';
import { vector, type ViewData } from '../../base/view-data/view-data';
import { Button, Dropdown, TextField } from '../../base/controls/toolkit';
import { count, fixed, percent, unknown, compact, signed } from '../../base/format/numbers';
import { FeaturePair } from '../../base/layers/feature-pair';
import { Verdict, VerdictMark } from '../../base/layers/verdict';
import { useFeature, AnswerView, useStore } from '../../base/store/use-store';
import { ChartBox } from '../../base/takeaway/chart-box';
import { PartedTab } from '../../base/store/parted-tab';
import { words } from '../../base/words';
import { planeAxes } from '../../base/canvas/points';
import { Board, HeatMap } from '../../base/canvas/canvas';
import { signedScale, Legend } from '../../base/canvas/color-maps';
import { Readout, useCursor } from '../../base/canvas/readout';
import { Rows } from '../../base/examples/rows';
import { text } from './text';
import { BlameBars, LogWeights, Tails } from './charts';
import { AgainstExamples, examplesNumbers, sentencesOf } from './examples';
import './style.css';
import { computed, signal } from '@preact/signals';
import { failed, runInParts } from '../../base/store/parted';

const checkState = stateOf((store) => {
  /** Features of the map: across, up. */
  const pair = signal<[number, number]>([0, 1]);
  const draws = signal(10_000);
  const chosen = signal<string | undefined>(undefined);
  const prior = signal('');
  const parted = runInParts(store, 'check', hasCheck, () => (pair.value = [0, 1]));
  const { part, status } = parted;
  const isMapped = (): boolean => {
    const { report, against } = part.value ?? {};
    return store.shows('check') && Boolean(report ?? against) && store.model.value!.shape[0]! > 1;
  };
  return {
    ...parted,
    ...{ draws, pair, prior },
    /** `FILE.py:FUNCTION` that was chosen or that the report is of, or the built-in target that the flow was trained on. */
    target: computed(() => chosen.value ?? part.value?.settings.target ?? store.model.value?.target),
    // The draws grow while it runs.
    map: ask(store.context, 'weightMap', () => (isMapped() ? { features: pair.value } : null), {
      cached: false,
    }),
    /** Has the user choose and allow a function. */
    choose() {
      store.connection.host.chooseTarget().then(
        (target) => {
          chosen.value = target ?? chosen.value;
          if (target) status.value = { kind: 'idle' };
        },
        (error: unknown) => (status.value = failed(error)),
      );
    },
    /** Against held-out examples where there is no target. */
    run(target?: string) {
      chosen.value = target ?? chosen.value;
      const against = target ? { target } : { prior: prior.value || undefined };
      parted.run({ ...against, draws: draws.value, seed: 0 });
    },
  };
});

/** One row for each end of each feature, or each observation. */
function checkNumbers(store: Store): ViewData {
  const { part, map } = store.state(checkState);
  const { report, against } = part.value ?? {};
  if (against) return examplesNumbers(against);
  if (!report) return {};
  const ends = report.features.flatMap(({ name, tails }) => tails.map((tail) => ({ name, ...tail })));
  const { worst, blame, histogram } = report;
  const cells = latest(map.answer.value);
  return {
    columns: [
      { name: 'feature', values: ends.map(({ name }) => name) },
      { name: 'end', values: ends.map(({ end }) => end) },
      { name: 'quantile', values: ends.map(({ at }) => at) },
      { name: 'target over flow', values: ends.map(({ byWeights }) => byWeights.ratio) },
      { name: 'error', values: ends.map(({ byWeights }) => byWeights.error) },
    ],
    arrays: {
      histogram: vector(histogram.counts),
      worst: {
        shape: [worst.length, worst[0]!.x.length],
        data: Float32Array.from(worst.flatMap(({ x }) => x)),
      },
      ...(blame ? { explained: vector(blame.layers.map(({ explained }) => explained)) } : {}),
      ...(cells ? { map: { shape: [cells.side, cells.side], data: cells.cells } } : {}),
    },
  };
}

export const check: RegionFeature = {
  id: 'check',
  region: 'diagnostics',
  title: () => text.tab,
  applies: hasCheck,
  state: checkState,
  View: CheckTab,
  numbers: checkNumbers,
};

const drawCounts = [2000, 10_000, 50_000];

const fileOf = (target: string): string => target.replace(/^.*[\\/]/, '');

function CheckTab({ model }: { model: ModelSummary }) {
  const state = useFeature(checkState);
  const part = state.part.value;
  return (
    <PartedTab
      of={state}
      part={part}
      unit={part?.against ? text.parts : text.unit}
      title={text.notRun}
      why={[
        model.target ? text.whyOfTarget(model.target) : text.why(model.context ? 'x, condition' : 'x'),
        ...(model.splits.length > 0 ? [text.whyExamples] : []),
      ].join(' ')}
      failed={text.failed}
      about={part && aboutOf(part)}
      settings={(run) => <Settings run={run} />}
    >
      {part?.report ? (
        <Report model={model} part={{ ...part, report: part.report }} />
      ) : part?.against ? (
        <AgainstExamples report={part.against} map={<Where model={model} note={text.whereOfExamples} />} />
      ) : undefined}
    </PartedTab>
  );
}

const aboutOf = ({ total, settings, against }: CheckPart): string =>
  against
    ? [`${count(against.examples)} ${text.examples}`, settings.prior].filter(Boolean).join(', ')
    : `${count(total)} ${text.unit}, ${fileOf(settings.target!)}`;

function Settings({ run: label }: { run: string }) {
  const { draws, prior, choose, run, ...state } = useFeature(checkState);
  const target = state.target.value;
  const { splits } = useStore().model.value!;
  return (
    <>
      <Button primary={!target} onClick={choose}>
        {target ? text.other : text.choose}
      </Button>
      {target ? <code title={target}>{fileOf(target)}</code> : null}
      <span class="draws">{text.unit}</span>
      <Dropdown
        label={text.unit}
        value={String(draws.value)}
        options={drawCounts.map((n) => ({ value: String(n), text: count(n) }))}
        onChange={(value) => (draws.value = Number(value))}
      />
      <Button primary={Boolean(target)} disabled={!target} onClick={() => target && run(target)}>
        {label}
      </Button>
      {splits.some(({ name }) => name === 'validation') ? (
        <>
          <Button onClick={() => run()}>{text.againstExamples}</Button>
          <TextField
            label={text.prior}
            value={prior.value}
            placeholder={text.priorHint}
            onCommit={(typed) => (prior.value = typed.trim())}
          />
        </>
      ) : null}
    </>
  );
}

/** A map over two features that may be chosen. */
function Where({ model, note }: { model: ModelSummary; note: string }) {
  const { pair, map } = useFeature(checkState);
  if (model.shape[0]! < 2) return null;
  return (
    <ChartBox title={text.where} note={note} name="weighed">
      <FeaturePair model={model} pair={pair} />
      <AnswerView question={map}>{(value) => value && <WeightBoard map={value} />}</AnswerView>
    </ChartBox>
  );
}

function Report({ model, part }: { model: ModelSummary; part: CheckPart & { report: CheckReport } }) {
  const { report } = part;
  const { pareto, blame, findings, nonFinite, histogram } = report;
  const isDoubtful = pareto !== undefined && pareto.k > largestK;
  const layer = findings.find(({ kind }) => kind === 'layer');
  const noBlame = part.done < part.total ? text.layersLast : report.noBlame!;
  const beyond = histogram.under + histogram.over;
  return (
    <div class={`check ${isDoubtful ? 'doubtful' : ''}`}>
      <Verdict mark={layer?.severity ?? 'unknown'}>{layer ? sentencesOf(layer) : noBlame}</Verdict>
      <Facts report={report} />
      {nonFinite > 0 ? <p class="tick bad">{text.nonFinite(count(nonFinite))}</p> : null}
      <div class="panels">
        <ChartBox title={text.weights} note={text.weightsNote}>
          <LogWeights report={report} />
          {beyond > 0 ? (
            <p class="tick">{text.beyond(count(histogram.under), count(histogram.over))}</p>
          ) : null}
        </ChartBox>
        <ChartBox title={text.blame} note={text.blameNote}>
          {blame ? <BlameBars model={model} blame={blame} /> : <p class="muted">{noBlame}</p>}
        </ChartBox>
        <ChartBox title={text.tails} note={text.tailsNote(report.rows !== undefined)} name="weighed">
          {findings
            .filter(({ kind }) => kind === 'tails' || kind === 'missed')
            .map((finding) => (
              <Verdict key={finding.kind} mark={isDoubtful ? 'notice' : finding.severity}>
                {sentencesOf(finding)}
              </Verdict>
            ))}
          <Tails report={report} />
        </ChartBox>
      </div>
      <div class="parts below">
        <Where model={model} note={text.whereNote} />
        <ChartBox title={text.worst} note={text.worstNote} name="worst">
          <WorstDraws model={model} draws={report.worst} />
        </ChartBox>
      </div>
    </div>
  );
}

function Facts({ report }: { report: CheckReport }) {
  const { efficiency, pareto, logEvidence, leakage, divergence, findings } = report;
  const interval = [efficiency.low, efficiency.high].map((end) => percent(end, 1)).join(' – ');
  const facts: [CheckFinding['kind'] | undefined, name: string, value: string, note: string][] = [
    ['efficiency', text.efficiency, percent(efficiency.value, 1), pareto ? interval : ''],
    ['paretoK', text.paretoK, pareto ? fixed(pareto.k, 2) : unknown, `≤ ${fixed(largestK, 2)}`],
    ['evidence', text.evidence, fixed(logEvidence.value, 3), `± ${fixed(logEvidence.error, 3)}`],
    ['leakage', text.outside, percent(leakage.share, 2), `± ${percent(leakage.error, 2)}`],
    [undefined, 'KL', fixed(divergence.reverse, 3), `${fixed(divergence.forward, 3)} ${words.nats}`],
  ];
  return (
    <ul class="check-facts">
      {facts.map(([kind, name, value, note]) => {
        const finding = findings.find((one) => one.kind === kind);
        return (
          <li key={name} class="view-verdict" data-fact={kind}>
            {kind ? <VerdictMark mark={finding?.severity ?? 'unknown'} /> : null}
            <div class="parts">
              <span>
                {name} <b>{value}</b> <span class="tick">{note}</span>
              </span>
              <span class="muted">{finding ? sentencesOf(finding) : kind ? '' : text.divergence}</span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** Side of the map, px. */
const size = 234;
/** The same colors for every pair, nats. */
const scale = (light: boolean) => signedScale(1, light);

function WeightBoard({ map: { cells, side, range, names } }: { map: WeightMap }) {
  const rows = Array.from({ length: side }, (_, i) => [...cells.subarray(i * side, (i + 1) * side)]);
  // From the top.
  const values = Float32Array.from(rows.reverse().flat());
  const cursor = useCursor({ width: side, height: side }, (i) => !Number.isNaN(values[i]));
  const [x, y] = range;
  const middle = ([low, high]: [number, number], cell: number): string =>
    compact(low + ((cell + 0.5) / side) * (high - low));
  return (
    <>
      <div class="fit layered" role="group" tabIndex={0} aria-label={words.cellHint} onKeyDown={cursor.keys}>
        <HeatMap
          plane={{ width: side, height: side, values }}
          {...{ scale, size }}
          name="weight-map"
          label={`${text.where}: ${names.join(', ')}`}
          hatched={(i) => values[i] === -Infinity}
          blank={(i) => Number.isNaN(values[i])}
          onPoint={cursor.point}
        />
        <Board width={size} height={size} draw={(board) => planeAxes(board, { size, x, y }, names)} />
      </div>
      <Legend scale={scale} unit={words.nats} width={size} />
      <Readout of={cursor.at} hint={words.cellHint}>
        {(i) =>
          `${names[0]} ${middle(x, i % side)}, ${names[1]} ${middle(y, side - 1 - Math.floor(i / side))}: log w ${signed(values[i], 2)}`
        }
      </Readout>
    </>
  );
}

/** Single draws where the weights are large or small. */
function WorstDraws({ model, draws }: { model: ModelSummary; draws: readonly WorstDraw[] }) {
  const store = useStore();
  const context = model.context && store.context.ofExample?.value;
  return (
    <Rows
      model={model}
      label={text.worst}
      values={{
        shape: [draws.length, model.shape[0]!],
        data: Float32Array.from(draws.flatMap(({ x }) => x)),
      }}
      count={draws.length}
      name={(row) => String(draws[row]!.index)}
      disabled={() => store.fixed.value}
      lead={[
        { head: text.kind, cell: (row) => text.kinds[draws[row]!.kind] },
        { head: 'log w', num: (row) => signed(draws[row]!.logWeight ?? -Infinity, 2) },
        { head: text.share, num: (row) => percent(draws[row]!.share, 2) },
      ]}
      onPick={(row) =>
        store.selectExample({
          ...{ kind: 'values', values: draws[row]!.x },
          ...(context ? { context: [...context] } : {}),
        })
      }
    />
  );
}
