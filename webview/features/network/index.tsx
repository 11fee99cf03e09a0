/** The network behind the layer: its feature maps, its norms, and its parameters with a picture of each. */
import { useEffect, useRef } from 'preact/hooks';
import type { NetworkView } from '../../../src/protocol/inspect';
import type { LayerInfo } from '../../../src/protocol/model';
import type { ActivityView, NormStatistics } from '../../../src/protocol/conditioner';
import { useFeature, AnswerView, useStore, Message } from '../../base/store/use-store';
import type { LayerFeature, Store } from '../../base/store/store';
import type { ViewData } from '../../base/view-data/view-data';
import { LinkButton, Button } from '../../base/controls/toolkit';
import { bare, Bars, Plot } from '../../base/charts/chart';
import { compact, count, shapeText, fixed } from '../../base/format/numbers';
import { DataTable } from '../../base/controls/data-table';
import { words } from '../../base/words';
import { Pager } from '../../base/controls/pager';
import { Heading } from '../../base/controls/heading';
import { text } from './text';
import { networkState } from './state';
import { FeatureMaps, stageName } from './feature-maps';
import { WeightPicture } from './weight-picture';
import './style.css';

function networkNumbers(store: Store): ViewData {
  const view = store.state(networkState).network.found.value;
  if (!view) return {};
  const all = [...view.parameters, ...view.state];
  return {
    columns: [
      { name: 'tensor', values: all.map(({ name }) => name) },
      { name: 'shape', values: all.map(({ shape }) => shape.join('x')) },
      ...(['count', 'min', 'mean', 'max', 'std', 'nan', 'inf'] as const).map((name) => ({
        name,
        values: all.map(({ stats }) => stats[name]),
      })),
    ],
  };
}

export const network: LayerFeature = {
  id: 'network',
  region: 'layer',
  title: () => text.tab,
  state: networkState,
  View: ({ layer }) => (
    <AnswerView question={useFeature(networkState).network}>
      {(view) => <NetworkTab layer={layer} view={view} />}
    </AnswerView>
  ),
  numbers: networkNumbers,
};

/** Names of tensors without the layer's. */
const shortOf =
  ({ name: layer }: LayerInfo) =>
  (name: string): string =>
    name.startsWith(`${layer}.`) ? name.slice(layer.length + 1) : name;

function NetworkTab({ layer, view }: { layer: LayerInfo; view: NetworkView }) {
  const { connection } = useStore();
  const network = useFeature(networkState);
  const { parameters, state, stages, norms } = view;
  const short = shortOf(layer);
  const choice = network.weightChoice.value;
  const shown = choice?.layer === layer.index ? choice : undefined;
  const pane = useRef<HTMLElement>(null);
  // The row that was chosen may be far below.
  useEffect(() => pane.current?.scrollIntoView({ block: 'nearest' }), [shown?.name]);
  if (parameters.length === 0 && state.length === 0)
    return <Message title={text.noParameters} why={text.noParametersWhy} />;
  return (
    <div class="conditioner">
      {connection.choices ? <p class="tick">{text.notInSavedPage}</p> : null}
      {stages.length === 0 ? null : <FeatureMaps layer={layer} stages={stages} />}
      {norms.length === 0 ? null : <NormComparison layer={layer} norms={norms} />}
      {shown ? (
        <section class="picture-pane" aria-label={short(shown.name)} ref={pane}>
          <header>
            <h3 class="mono">{short(shown.name)}</h3>
            <button
              type="button"
              class="text-button"
              aria-label={text.closePicture}
              title={text.closePicture}
              onClick={() => (network.weightChoice.value = undefined)}
            >
              ×
            </button>
          </header>
          <AnswerView
            question={network.weight}
            skeleton={<div class="skeleton pulse" style={{ height: '240px' }} />}
          >
            {(weight) => <WeightPicture choice={shown} view={weight} />}
          </AnswerView>
        </section>
      ) : null}
      {parameters.length ? (
        <TensorRows layer={layer} title={text.parameters} rows={parameters} withHistogram />
      ) : null}
      {state.length ? <TensorRows layer={layer} title={text.state} rows={state} /> : null}
    </div>
  );
}

type TensorRow = NetworkView['state'][number] & Partial<NetworkView['parameters'][number]>;

interface TensorRowsProps {
  layer: LayerInfo;
  title: string;
  rows: readonly TensorRow[];
  withHistogram?: boolean;
}

/** Stored tensors of a layer: shapes, statistics, distributions, and a way to see their values. */
function TensorRows({ layer, title, rows, withHistogram }: TensorRowsProps) {
  const short = shortOf(layer);
  const network = useFeature(networkState);
  const choice = network.weightChoice;
  const shownName = choice.value?.layer === layer.index ? choice.value.name : undefined;
  return (
    <DataTable
      frame={{}}
      caption={
        <caption class="tick">{`${title}: ${count(rows.reduce((n, row) => n + row.stats.count, 0))}`}</caption>
      }
      rows={rows}
      tr={({ name }) => ({ title: name })}
      columns={[
        {
          head: words.name,
          td: 'mono',
          cell: ({ name, shape, axes }) =>
            axes ? (
              <LinkButton
                aria-pressed={name === shownName}
                aria-label={text.pictureOf(short(name))}
                onClick={() =>
                  (choice.value =
                    name === shownName
                      ? undefined
                      : { layer: layer.index, name, shape, axes, from: shape.map(() => 0) })
                }
              >
                {short(name)}
              </LinkButton>
            ) : (
              short(name)
            ),
        },
        { head: words.shape, cell: ({ shape }) => shapeText(shape) },
        { head: words.mean, num: ({ stats }) => compact(stats.mean) },
        { head: words.std, num: ({ stats }) => compact(stats.std) },
        { head: words.min, num: ({ stats }) => compact(stats.min) },
        { head: words.max, num: ({ stats }) => compact(stats.max) },
        {
          head: words.nanInf,
          td: ({ stats }) => ({ class: stats.nan + stats.inf ? 'bad' : '' }),
          num: ({ stats }) => stats.nan + stats.inf,
        },
        withHistogram && {
          head: words.distribution,
          class: 'after',
          cell: ({ histogram }) => <MiniHistogram counts={histogram?.counts ?? []} />,
        },
      ]}
    />
  );
}

function MiniHistogram({ counts }: { counts: number[] }) {
  return (
    <Plot
      {...bare}
      width={72}
      height={16}
      x={{ low: 0, high: counts.length }}
      y={{ low: 0, high: Math.max(1, ...counts) }}
    >
      <Bars values={counts} from={(i) => i} gap={0.4} />
    </Plot>
  );
}

const channelsAPage = 16;

/** Running statistics of the layer’s norms next to statistics of the chosen batch, and dead channels. */
function NormComparison({ layer, norms }: { layer: LayerInfo; norms: readonly string[] }) {
  const { batch } = useStore();
  const network = useFeature(networkState);
  const compared = network.compared;
  const open = compared.value?.layer === layer.index;
  return (
    <section class="norms" aria-label={text.batchNorms}>
      <Heading title={text.batchNorms} note={text.compareNormsNote} />
      {open ? (
        <AnswerView
          question={network.activity}
          skeleton={<div class="skeleton pulse" style={{ height: `${24 * (norms.length + 1)}px` }} />}
        >
          {(view) => <Comparison layer={layer} view={view} />}
        </AnswerView>
      ) : (
        <Button onClick={() => (compared.value = { layer: layer.index, norm: 0, offset: 0 })}>
          {text.compareNorms(batch.value.count)}
        </Button>
      )}
    </section>
  );
}

/** (batch mean − running mean) / running σ of each channel. */
function shiftsOf({ running, batch }: NormStatistics): number[] {
  return [...running.mean].map(
    (mean, c) => (batch.mean[c]! - mean) / Math.sqrt(Math.max(running.variance[c]!, 1e-12)),
  );
}

function Comparison({ layer, view }: { layer: LayerInfo; view: ActivityView }) {
  const short = shortOf(layer);
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
      {norm ? <Channels norm={norm} name={short(norm.name)} /> : null}
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

function Channels({ norm, name }: { norm: NormStatistics; name: string }) {
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
        {...{ things: words.channels, first: 0 }}
        onChange={(next) => (compared.value = { ...choice, offset: next })}
      />
      <DataTable
        frame={{}}
        class="channel-table"
        caption={<caption class="tick mono">{name}</caption>}
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
