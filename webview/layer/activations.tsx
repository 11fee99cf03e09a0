/** Input, log scale, shift and output of a layer: every channel, or every feature. */
import { useRef } from 'preact/hooks';
import type { LayerInfo, ModelSummary } from '../../src/protocol/model';
import type { TensorView } from '../../src/protocol/tensors';
import { ColourHistogram } from '../charts/colour-histogram';
import { Button } from '../controls/toolkit';
import { signedScale } from '../draw/colour-maps';
import { largest, planesOf } from '../draw/planes';
import { compact, count, fixed, roundUp, scientific, signed } from '../format/numbers';
import type { ShownLayer } from '../state/store';
import { useStore } from '../state/use-store';
import { featureName } from '../strip/layer-names';
import { text } from '../strings';
import { HeatMap } from '../views/canvas';
import { Legend } from '../views/legend';
import { movedOnly } from './moved';
import { workedElement, type Worked } from './worked';

const frameSize = 128;
const gap = 8;
const channelsAPage = 16;
const featuresAPage = 64;
/** Maps of more cells a side are drawn in fewer pixels than they have values. */
const largestMap = 128;

/** Ranges that colours and histograms share: x and y have one, so that they compare. */
export function rangesOf(view: ShownLayer): (tensor: TensorView) => number {
  const sizeOf = (tensor: TensorView): number => {
    const { min, max } = tensor.stats;
    return largest([min, max]) || largest(tensor.data);
  };
  const shared = Math.max(0, ...view.tensors.filter((t) => t.name === 'x' || t.name === 'y').map(sizeOf));
  return (tensor) => roundUp(tensor.name === 'x' || tensor.name === 'y' ? shared : sizeOf(tensor));
}

export function Activations(props: { model: ModelSummary; layer: LayerInfo; view: ShownLayer }) {
  const { model, layer } = props;
  const store = useStore();
  const view = {
    ...props.view,
    tensors: props.view.tensors.map((tensor) =>
      tensor.name === 's' || tensor.name === 't' ? movedOnly(tensor, props.view.mask) : tensor,
    ),
  };
  const image = view.tensors.some((tensor) => tensor.shape.length === 3);
  const worked = workedElement(view, store.marked.value);
  return (
    <>
      {store.example.value ? null : <p class="tick">{text.firstOfBatch}</p>}
      {image ? (
        <ChannelMaps view={view} worked={worked} />
      ) : (
        <FeatureRows model={model} view={view} worked={worked} />
      )}
      {worked && view.mask ? <WorkedLine model={model} worked={worked} image={image} /> : null}
      <Facts layer={layer} view={view} />
    </>
  );
}

function ChannelMaps({ view, worked }: { view: ShownLayer; worked?: Worked }) {
  const store = useStore();
  const group = useRef<HTMLDivElement>(null);
  const range = rangesOf(view);
  const channels = Math.max(...view.tensors.map((t) => t.shape[2] ?? 1));
  const pages = Math.ceil(channels / channelsAPage);
  const page = Math.min(store.channelPage.value, pages - 1);
  const offset = page * channelsAPage;
  const [height = 1, width = 1, depth = 1] = view.tensors[0]?.shape ?? [];
  const move = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -depth, ArrowRight: depth, ArrowUp: -width * depth, ArrowDown: width * depth }[
      event.key
    ];
    if (by === undefined || !worked) return;
    event.preventDefault();
    event.stopPropagation();
    const next = worked.index + by;
    if (next >= 0 && next < height * width * depth) store.marked.value = next;
  };
  return (
    <>
      {pages > 1 ? (
        <div class="pager">
          <Button
            icon
            label={text.previousPage}
            disabled={page === 0}
            onClick={() => (store.channelPage.value = page - 1)}
          >
            ‹
          </Button>
          <span class="tick">
            {text.channelsShown(offset, Math.min(channels, offset + channelsAPage) - 1, channels)}
          </span>
          <Button
            icon
            label={text.nextPage}
            disabled={page === pages - 1}
            onClick={() => (store.channelPage.value = page + 1)}
          >
            ›
          </Button>
        </div>
      ) : null}
      <div
        class="maps"
        ref={group}
        role="group"
        tabIndex={0}
        aria-label={text.markedElement}
        onKeyDown={move}
      >
        {view.tensors.map((tensor) => (
          <TensorMaps
            key={tensor.name}
            tensor={tensor}
            view={view}
            limit={range(tensor)}
            offset={offset}
            worked={worked}
          />
        ))}
      </div>
    </>
  );
}

interface TensorMapsProps {
  tensor: TensorView;
  view: ShownLayer;
  limit: number;
  offset: number;
  worked?: Worked;
}

function TensorMaps({ tensor, view, limit, offset, worked }: TensorMapsProps) {
  const store = useStore();
  const planes = planesOf(tensor, channelsAPage, offset);
  const columns = Math.ceil(Math.sqrt(planes.length || 1));
  const [height = 1, width = 1, channels = 1] = tensor.shape;
  const tooLarge = Math.max(height, width) > largestMap;
  const size = (frameSize - (columns - 1) * gap) / columns;
  const cell = size / Math.max(height, width);
  const crisp = cell >= 1 ? Math.floor(cell) : cell;
  const conditional = tensor.name === 's' || tensor.name === 't';
  const scale = (light: boolean) => signedScale(limit, light);
  const unit = tensor.name === 's' ? text.nats : undefined;
  const sameShape = worked !== undefined && tensor.data?.length === tensor.shape.reduce((a, b) => a * b, 1);
  return (
    <div class="map" data-tensor={tensor.name}>
      <h3>
        <b>{tensor.name}</b>
        <span class="tick">{text.roles[tensor.name] ?? ''}</span>
      </h3>
      <div class="frame" style={{ gridTemplateColumns: `repeat(${columns}, max-content)`, gap: `${gap}px` }}>
        {planes.length === 0 ? (
          <p class="nothing">{text.valuesNotShown(tensor.stats.count)}</p>
        ) : (
          planes.map((plane, p) => {
            const channel = offset + p;
            const here = sameShape && worked.place[2] === channel && worked.place.length === 3;
            return (
              <span key={channel}>
                <HeatMap
                  plane={plane}
                  scale={scale}
                  size={crisp * Math.max(height, width)}
                  name={`${tensor.name}[${channel}]`}
                  label={`${tensor.name}, ${text.channel} ${channel}`}
                  hatched={
                    conditional && view.mask
                      ? (i) => view.mask!.data[i * channels + channel]! > 0.5
                      : undefined
                  }
                  onPick={(index) => (store.marked.value = index * channels + channel)}
                />
                {here && !tooLarge && worked.place[0]! < height && worked.place[1]! < width ? (
                  <i
                    class="mark"
                    style={{
                      left: `${worked.place[1]! * crisp}px`,
                      top: `${worked.place[0]! * crisp}px`,
                      width: `${Math.max(3, crisp)}px`,
                      height: `${Math.max(3, crisp)}px`,
                    }}
                  />
                ) : null}
              </span>
            );
          })
        )}
      </div>
      <ColourHistogram
        histogram={tensor.histogram}
        low={-limit}
        high={limit}
        mean={tensor.stats.mean}
        label={`${text.distribution} ${tensor.name}, ${text.mean} ${compact(tensor.stats.mean)}`}
      />
      <Legend scale={scale} unit={unit} width={frameSize} />
      <Stats tensor={tensor} />
    </div>
  );
}

export function Stats({ tensor }: { tensor: TensorView }) {
  const { stats } = tensor;
  const bad = stats.nan + stats.inf > 0;
  return (
    <dl class="stat">
      <dt>{text.min}</dt>
      <dd>{compact(stats.min)}</dd>
      <dt>{text.mean}</dt>
      <dd>{compact(stats.mean)}</dd>
      <dt>{text.max}</dt>
      <dd>{compact(stats.max)}</dd>
      <dt>{text.nanInf}</dt>
      <dd>
        <span class={bad ? 'bad' : undefined}>{`${count(stats.nan)}, ${count(stats.inf)}`}</span>{' '}
        <span class="muted">{text.of(stats.count)}</span>
      </dd>
    </dl>
  );
}

function FeatureRows({ model, view, worked }: { model: ModelSummary; view: ShownLayer; worked?: Worked }) {
  const store = useStore();
  const range = rangesOf(view);
  const features = Math.max(...view.tensors.map((t) => t.shape[0] ?? 1));
  const pages = Math.ceil(features / featuresAPage);
  const page = Math.min(store.channelPage.value, pages - 1);
  const offset = page * featuresAPage;
  const rows = Array.from({ length: Math.min(featuresAPage, features - offset) }, (_, i) => offset + i);
  const move = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (!by || !worked) return;
    event.preventDefault();
    event.stopPropagation();
    const next = worked.index + by;
    if (next >= 0 && next < features) store.marked.value = next;
  };
  return (
    <>
      {pages > 1 ? (
        <div class="pager">
          <Button
            icon
            label={text.previousPage}
            disabled={page === 0}
            onClick={() => (store.channelPage.value = page - 1)}
          >
            ‹
          </Button>
          <span class="tick">{text.featuresShown(offset + 1, offset + rows.length, features)}</span>
          <Button
            icon
            label={text.nextPage}
            disabled={page === pages - 1}
            onClick={() => (store.channelPage.value = page + 1)}
          >
            ›
          </Button>
        </div>
      ) : null}
      <div class="scroll-x" role="group" tabIndex={0} aria-label={text.markedElement} onKeyDown={move}>
        <table class="rows-table">
          <thead>
            <tr>
              <th>{text.feature}</th>
              {view.tensors.map((tensor) => (
                <th key={tensor.name} colSpan={2}>
                  <b>{tensor.name}</b> {text.roles[tensor.name] ?? ''}, ±{compact(range(tensor))}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((index) => (
              <tr
                key={index}
                aria-selected={worked?.index === index}
                onClick={() => (store.marked.value = index)}
              >
                <td>{featureName(model, index)}</td>
                {view.tensors.map((tensor) => (
                  <FeatureCell
                    key={tensor.name}
                    value={tensor.data?.[index]}
                    limit={range(tensor)}
                    passes={
                      (tensor.name === 's' || tensor.name === 't') && (view.mask?.data[index] ?? 0) > 0.5
                    }
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="maps">
        {view.tensors.map((tensor) => (
          <div class="map" key={tensor.name}>
            <ColourHistogram
              histogram={tensor.histogram}
              low={-range(tensor)}
              high={range(tensor)}
              mean={tensor.stats.mean}
              label={`${text.distribution} ${tensor.name}, ${text.mean} ${compact(tensor.stats.mean)}`}
            />
            <Legend
              scale={(light) => signedScale(range(tensor), light)}
              unit={tensor.name === 's' ? text.nats : undefined}
              width={frameSize}
            />
            <Stats tensor={tensor} />
          </div>
        ))}
      </div>
    </>
  );
}

function FeatureCell({ value, limit, passes }: { value?: number; limit: number; passes: boolean }) {
  if (passes)
    return (
      <td colSpan={2} class="hatched-cell" aria-label={text.passesUnchanged}>
        {' '}
      </td>
    );
  const finite = value !== undefined && Number.isFinite(value);
  const share = finite ? Math.min(1, Math.abs(value) / limit) * 50 : 0;
  return (
    <>
      <td>
        <span class="cell-bar" aria-hidden="true">
          <i
            style={{
              left: `${finite && value < 0 ? 50 - share : 50}%`,
              width: `${share}%`,
              background: finite && value < 0 ? 'var(--neg)' : 'var(--pos)',
            }}
          />
        </span>
      </td>
      <td class={`num ${value !== undefined && !finite ? 'bad' : ''}`}>{fixed(value, 3)}</td>
    </>
  );
}

function WorkedLine({ model, worked, image }: { model: ModelSummary; worked: Worked; image: boolean }) {
  const { place, x, s, t, y, form } = worked;
  const where = image
    ? `(${place[0]}, ${place[1]}) ${text.channel} ${place[2]}:`
    : `${featureName(model, place[0]!)}:`;
  const value = (number: number | undefined, name: string) => (
    <>
      <b data-value={name}>{fixed(number, 2)}</b> <span class="muted">{name}</span>
    </>
  );
  return (
    <div
      class="worked"
      aria-live="polite"
      title={form && form.kind !== 'unchanged' ? `y = ${form.kind}` : undefined}
    >
      <span class="muted">{where}</span>
      {form?.kind === 'unchanged' ? (
        <span>
          {value(x, 'x')} <span class="muted">{text.passesUnchanged}</span>
        </span>
      ) : form?.kind === 'x·exp(s) + t' ? (
        <span>
          {value(x, 'x')} · exp( {value(s, 's')} ) + {value(t, 't')}
        </span>
      ) : form?.kind === '(x + t)·exp(s)' ? (
        <span>
          ( {value(x, 'x')} + {value(t, 't')} ) · exp( {value(s, 's')} )
        </span>
      ) : form?.kind === '(x − t)·exp(−s)' ? (
        <span>
          ( {value(x, 'x')} − {value(t, 't')} ) · exp( − {value(s, 's')} )
        </span>
      ) : form ? (
        <span>
          {value(x, 'x')} · exp( − {value(s, 's')} ) {form.kind === 'x·exp(−s) − t' ? '−' : '+'}{' '}
          {value(t, 't')}
        </span>
      ) : (
        <span>
          {value(x, 'x')}, {value(s, 's')}, {value(t, 't')}
        </span>
      )}
      {form?.normed ? (
        <span>
          = <b>{fixed(form.value, 2)}</b> <span class="muted">→ {text.norm} →</span>
        </span>
      ) : (
        <span class="muted">→</span>
      )}
      <span>{value(y, 'y')}</span>
    </div>
  );
}

export function Facts({ layer, view }: { layer: LayerInfo; view: ShownLayer }) {
  const store = useStore();
  const part = view.logDetExample;
  const facts: [string, string][] = [
    [
      store.example.value ? text.logDetThis : text.logDetFirst,
      part ? `${signed(part.coupling + part.norm, 2)} ${text.nats}` : '–',
    ],
  ];
  if (part && layer.coupling !== undefined) {
    facts.push([text.couplingSum, `${signed(part.coupling, 2)} ${text.nats}`]);
    if (layer.hasNorm) facts.push([text.norm, `${signed(part.norm, 2)} ${text.nats}`]);
  }
  facts.push([text.roundTrip, scientific(view.roundTrip)]);
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
