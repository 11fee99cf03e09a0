/** Running statistics of the layer's norms next to statistics of the chosen batch, and dead channels. */
import type { ActivityView, NormStatistics } from '../../../src/protocol/conditioner';
import type { LayerInfo } from '../../../src/protocol/model';
import { Button, LinkButton } from '../../base/controls/toolkit';
import { compact, count, fixed } from '../../base/format/numbers';
import { useStore, useFeature, Asked } from '../../base/store/use-store';
import { DataTable } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { text } from './text';
import { Pager } from '../../base/controls/pager';
import { Heading } from '../../base/controls/heading';
import { stageName } from './feature-maps';
import { networkState } from './state';

const channelsAPage = 16;

export interface NormComparisonProps {
  layer: LayerInfo;
  norms: readonly string[];
  short(name: string): string;
}

export function NormComparison({ layer, norms, short }: NormComparisonProps) {
  const { batch } = useStore();
  const network = useFeature(networkState);
  const compared = network.compared;
  const open = compared.value?.layer === layer.index;
  return (
    <section class="norms" aria-label={text.batchNorms}>
      <Heading title={text.batchNorms} note={text.compareNormsNote} />
      {open ? (
        <Asked
          question={network.activity}
          skeleton={<div class="skeleton pulse" style={{ height: `${24 * (norms.length + 1)}px` }} />}
        >
          {(view) => <Comparison layer={layer} view={view} short={short} />}
        </Asked>
      ) : (
        <Button onClick={() => (compared.value = { layer: layer.index, norm: 0, offset: 0 })}>
          {text.compareNorms(batch.value.count)}
        </Button>
      )}
    </section>
  );
}

/** (batch mean − running mean) / running σ of each channel. */
export function shiftsOf({ running, batch }: NormStatistics): number[] {
  return [...running.mean].map(
    (mean, c) => (batch.mean[c]! - mean) / Math.sqrt(Math.max(running.variance[c]!, 1e-12)),
  );
}

interface ComparisonProps {
  layer: LayerInfo;
  view: ActivityView;
  short(name: string): string;
}

function Comparison({ layer, view, short }: ComparisonProps) {
  const { compared } = useFeature(networkState);
  const chosen = compared.value?.norm ?? 0;
  const norm = view.norms[chosen] ?? view.norms[0];
  return (
    <>
      <DataTable
        frame={{}}
        rows={view.norms.map((one) => ({ ...one, label: short(one.name) }))}
        tr={({ label }) => ({ 'data-norm': label })}
        columns={[
          {
            head: words.name,
            td: 'mono',
            cell: ({ name, label }, i) => (
              <LinkButton
                aria-pressed={name === norm?.name}
                aria-label={text.listChannels(label)}
                onClick={() => (compared.value = { layer: layer.index, norm: i, offset: 0 })}
              >
                {label}
              </LinkButton>
            ),
          },
          { head: words.count, num: ({ running }) => count(running.mean.length) },
          {
            head: `${text.normShift}, ${text.normShiftUnit}`,
            num: (one) => fixed(Math.max(...shiftsOf(one).map(Math.abs)), 2),
          },
          {
            head: text.varianceRatio,
            num({ running, batch }) {
              const ratios = Array.from(
                batch.variance,
                (value, c) => value / Math.max(running.variance[c]!, 1e-12),
              );
              return `${fixed(Math.min(...ratios), 2)} – ${fixed(Math.max(...ratios), 2)}`;
            },
          },
        ]}
      />
      {norm ? <Channels norm={norm} short={short} /> : null}
      {view.stages.length ? (
        <p class="tick" data-dead>
          {`${text.deadOverBatch(view.count)}: `}
          {view.stages.every(({ dead }) => dead === 0)
            ? text.noneDead
            : view.stages
                .map(
                  ({ name, channels, dead }) =>
                    `${stageName(name, layer.name)} ${count(dead)} ${words.of(channels)}`,
                )
                .join('; ')}
        </p>
      ) : null}
    </>
  );
}

function Channels({ norm, short }: { norm: NormStatistics; short(name: string): string }) {
  const { compared } = useFeature(networkState);
  const choice = compared.value!;
  const total = norm.running.mean.length;
  const offset = Math.min(choice.offset, Math.floor((total - 1) / channelsAPage) * channelsAPage);
  const end = Math.min(total, offset + channelsAPage);
  const shifts = shiftsOf(norm);
  return (
    <>
      <Pager
        offset={offset}
        size={channelsAPage}
        total={total}
        label={words.channel}
        shown={words.channelsShown(offset, end - 1, total)}
        onChange={(next) => (compared.value = { ...choice, offset: next })}
      />
      <DataTable
        frame={{}}
        class="channel-table"
        caption={<caption class="tick mono">{short(norm.name)}</caption>}
        rows={Array.from({ length: end - offset }, (_, i) => offset + i)}
        columns={[
          { head: words.channel, cell: (c) => c },
          { head: text.channelMeanRunning, num: (c) => compact(norm.running.mean[c]) },
          { head: text.channelMeanBatch, num: (c) => compact(norm.batch.mean[c]) },
          { head: text.channelShift, num: (c) => fixed(shifts[c], 2) },
          { head: text.channelStdRunning, num: (c) => compact(Math.sqrt(norm.running.variance[c]!)) },
          { head: text.channelStdBatch, num: (c) => compact(Math.sqrt(norm.batch.variance[c]!)) },
        ]}
      />
    </>
  );
}
