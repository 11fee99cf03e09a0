/** Whether the density of a flow is right, where it is wrong, and which layer to look at. */
import { largestK, type CheckFinding, type CheckPart, type CheckReport } from '../../../src/protocol/check';
import type { ModelSummary } from '../../../src/protocol/model';
import { Button, Dropdown } from '../../base/controls/toolkit';
import { count, fixed, percent, unknown } from '../../base/format/numbers';
import { FeaturePair } from '../../base/layers/feature-pair';
import { Verdict, VerdictMark } from '../../base/layers/verdict';
import { useFeature, Asked } from '../../base/store/use-store';
import { ChartBox } from '../../base/takeaway/chart-box';
import { PartedTab } from '../../base/store/parted-tab';
import { words } from '../../base/words';
import { BlameBars, LogWeights, Tails } from './charts';
import { checkState } from './state';
import { text } from './text';
import { WeightBoard, WorstDraws } from './worst';

const drawCounts = [2000, 10_000, 50_000];

/** A target without its folders. */
const fileOf = (target: string): string => target.replace(/^.*[\\/]/, '');

export function CheckTab({ model }: { model: ModelSummary }) {
  const state = useFeature(checkState);
  const part = state.part.value;
  return (
    <PartedTab
      of={state}
      part={part}
      unit={text.unit}
      title={text.notRun}
      why={text.why(model.context ? 'x, condition' : 'x')}
      failed={text.failed}
      about={part && `${count(part.total)} ${text.unit}, ${fileOf(part.settings.target)}`}
      settings={(run) => <Settings run={run} />}
    >
      {part?.report ? <Report model={model} part={{ ...part, report: part.report }} /> : undefined}
    </PartedTab>
  );
}

function Settings({ run: label }: { run: string }) {
  const {
    target: { value: target },
    draws,
    choose,
    run,
  } = useFeature(checkState);
  return (
    <>
      <Button primary={!target} onClick={choose}>
        {target ? text.other : text.choose}
      </Button>
      {target ? <code title={target}>{fileOf(target)}</code> : null}
      <span>{text.unit}</span>
      <Dropdown
        label={text.unit}
        value={String(draws.value)}
        options={drawCounts.map((n) => ({ value: String(n), text: count(n) }))}
        onChange={(value) => (draws.value = Number(value))}
      />
      <Button primary={Boolean(target)} disabled={!target} onClick={() => target && run(target)}>
        {label}
      </Button>
    </>
  );
}

function Report({ model, part }: { model: ModelSummary; part: CheckPart & { report: CheckReport } }) {
  const { report } = part;
  const { pair, map } = useFeature(checkState);
  const { pareto, blame, findings, nonFinite, histogram, features } = report;
  const isDoubtful = pareto !== undefined && pareto.k > largestK;
  const layer = findings.find(({ kind }) => kind === 'layer');
  const noBlame = part.done < part.total ? text.layersLast : report.noBlame!;
  const beyond = histogram.under + histogram.over;
  return (
    <div class={`check ${isDoubtful ? 'doubtful' : ''}`}>
      <Verdict mark={layer?.severity ?? 'unknown'}>{layer ? told(layer) : noBlame}</Verdict>
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
                {told(finding)}
              </Verdict>
            ))}
          <Tails report={report} />
        </ChartBox>
      </div>
      <div class="parts below">
        {features.length > 1 ? (
          <ChartBox title={text.where} note={text.whereNote} name="weighed">
            {features.length > 2 ? <FeaturePair model={model} pair={pair} /> : null}
            <Asked question={map}>{(value) => value && <WeightBoard map={value} />}</Asked>
          </ChartBox>
        ) : null}
        <ChartBox title={text.worst} note={text.worstNote} name="worst">
          <WorstDraws model={model} draws={report.worst} />
        </ChartBox>
      </div>
    </div>
  );
}

const told = ({ sentence, advice }: CheckFinding): string => [sentence, advice].filter(Boolean).join(' ');

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
              <span class="muted">{finding ? told(finding) : kind ? '' : text.divergence}</span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
