/** The flow from x to z, one row a layer: what it does to the example and to log p(x). */
import { sizeOf } from '../../../src/base/shape';
import { effect, signal, useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { solverLimits } from '../../../src/protocol/field';
import { isNorm, type LayerInfo, type ModelSummary } from '../../../src/protocol/model';
import { onlyMoves, isCoupling, isPlane } from '../../../src/protocol/questions';
import { Choice } from '../../base/controls/segmented';
import { Button, LinkButton } from '../../base/controls/toolkit';
import { fixed, roundUp, scientific, shapeText, signed, tickText, unknown } from '../../base/format/numbers';
import { isStale, latest, type RegionFeature, stateOf } from '../../base/store/store';
import { type ShownRow, type ShownStrip, stripState } from '../../base/store/strip-state';
import { useStore } from '../../base/store/use-store';
import { words } from '../../base/words';
import { text } from './text';
import { TakeAway } from '../../base/takeaway/take-away';
import { Legend } from '../../base/canvas/color-maps';
import { largest } from '../../base/canvas/planes';
import { PointsThumbnail } from '../../base/canvas/points';
import { Bars } from '../../base/layers/bars';
import { foldRows, scaleGroups } from './entries';
import {
  changedName,
  isLearned,
  isSumOfScales,
  layerNumber,
  layersName,
  normsName,
  layerTitle,
} from '../../base/layers/layer-names';
import { InputThumbnail, MaskThumbnail, OutputThumbnail, outputScale } from '../../base/layers/thumbnails';
import { useResized } from '../../base/size/resized';
import { stripNumbers } from './numbers';
import { planeView } from '../../base/store/plane-view';
import { subtitleOf, titleOf } from '../../base/model-title';
import './style.css';

/** Whether the strip's bars are of the example or the mean of the batch. */
const barsState = stateOf(({ example }) => {
  const barsOf = signal<'example' | 'mean'>('example');
  effect(() => void (barsOf.value = example.value ? 'example' : 'mean'));
  return barsOf;
});

export const strip: RegionFeature = {
  id: 'strip',
  region: 'strip',
  title: () => words.flow,
  state: barsState,
  View: FlowStrip,
  numbers: stripNumbers,
};

/** A title of more letters takes a line of its own. */
const longTitle = 30;

function barLimit(layers: readonly LayerInfo[], strip: ShownStrip | undefined): number {
  const drawn = new Set(layers.flatMap((layer) => (isLearned(layer) || isNorm(layer) ? [layer.index] : [])));
  const rows = strip?.rows.filter(({ layer }) => drawn.has(layer)) ?? [];
  const parts = rows.flatMap(({ example, mean }) => [example ?? [], mean ?? []].flat());
  return roundUp(largest(parts.flatMap(({ coupling, norm }) => [coupling, norm])));
}

function FlowStrip({ model }: { model: ModelSummary }) {
  const store = useStore();
  const answer = store.state(stripState).strip.answer.value;
  const shown = store.state(stripState).shownStrip.answer.value;
  const [strip, stale] = [latest(shown), isStale(shown)];
  const plane = isPlane(model);
  const masks = hasMasks(model);
  const field = model.recording?.field;
  const list = useRef<HTMLDivElement>(null);
  const opened = useSignal<ReadonlySet<string>>(new Set());
  const selected = store.layer.value;
  const groups = scaleGroups(model.layers, opened.value, selected);
  const rows = new Map(strip?.rows.map((row) => [row.layer, row]));
  const limit = barLimit(model.layers, strip);
  const scales = new Set(model.layers.map((l) => l.scale)).size;
  const firstBad = strip?.firstNonFinite?.layer;
  const points = plane ? store.state(planeView).found.value?.points : undefined;

  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>('[aria-selected=true]');
    if (list.current?.contains(document.activeElement)) row?.focus();
    else row?.scrollIntoView({ block: 'nearest' });
  }, [selected]);

  const open = (key: string): void => {
    opened.value = new Set([...opened.value, key]);
  };

  // The head of the columns is above the rows, also where these have a scroll bar.
  useResized(
    () => list.current?.parentElement,
    (scroller) =>
      scroller.parentElement?.style.setProperty(
        '--scroll-bar',
        `${scroller.offsetWidth - scroller.clientWidth}px`,
      ),
  );
  const bars = store.example.value ? (
    <Choice
      label={text.barsShow}
      of={store.state(barsState)}
      options={{ example: words.this, mean: words.mean }}
    />
  ) : null;
  const title = titleOf(model);
  const long = title.length > longTitle;
  const slow = answer.status === 'loading' && answer.slow;

  return (
    <section class={`strip flex-column ${masks ? '' : 'maskless'}`} aria-label={words.flow}>
      <header>
        <div class="ends">
          <h1 class="grow strong">{title}</h1>
          {long ? null : bars}
        </div>
        <div class="ends">
          <div class={`subtitle grow ${slow ? 'waits' : ''}`}>
            <p class="muted">{subtitleOf(model)}</p>
            {slow ? (
              <span class="wait-note flex-center">
                <span class="progress pulse" />
                <LinkButton onClick={() => store.state(stripState).strip.cancel()}>{words.cancel}</LinkButton>
              </span>
            ) : null}
          </div>
          {long ? bars : null}
          <TakeAway
            model={model}
            numbers={() => stripNumbers(store, model)}
            title={words.flow}
            fileName="strip"
            frame=".strip"
          />
        </div>
      </header>
      <div class="cols tick" aria-hidden="true">
        <span class="num">{words.number}</span>
        {masks ? <span class="mask-cell">{words.mask}</span> : null}
        <span>{text.out}</span>
        <span />
        <span class="axis-head" title={words.positiveRaises}>
          <em>{words.logDetNats}</em>
          <b>{`−${shortTick(limit)}`}</b>
          <b>{shortTick(limit).length > 3 ? '' : '0'}</b>
          <b>{shortTick(limit)}</b>
        </span>
        <span class="num">{store.state(barsState).value === 'mean' ? words.mean : words.sum}</span>
        <span class="num rt" title={field && text.sliceErrorHint}>
          {field ? text.sliceError : words.roundTrip}
        </span>
      </div>
      <div class={`flow ${stale ? 'stale-rows' : ''}`} aria-busy={answer.status === 'loading'}>
        <div class="item input-row" aria-hidden="true">
          <span class="idx">{plane ? 'x' : ''}</span>
          {masks ? <span class="mask-cell" /> : null}
          {points ? (
            <PointsThumbnail points={points[0]} />
          ) : (
            <InputThumbnail model={model} input={strip?.input} />
          )}
          <span class="name muted">{text.input}</span>
        </div>
        <div role="listbox" aria-label={words.flow} ref={list}>
          {groups.map((group) => (
            <div role="group" aria-label={words.scale(group.scale + 1)} key={group.key}>
              {scales > 1 && group.layers.length > 0 ? (
                <div class="scale-head" aria-hidden="true">
                  <b>{words.scale(group.scale + 1)}</b>
                  {shapeText(group.layers[0]!.inputShape)}
                </div>
              ) : null}
              {group.folded ? (
                <FoldedRow
                  layers={group.layers}
                  row={foldRows(group.layers.map((l) => rows.get(l.index)))}
                  limit={limit}
                  onOpen={() => open(group.key)}
                />
              ) : (
                group.layers.map((layer) => (
                  <LayerRow
                    key={layer.index}
                    model={model}
                    layer={layer}
                    row={rows.get(layer.index)}
                    limit={limit}
                    firstBad={firstBad}
                    selected={layer.index === selected}
                  />
                ))
              )}
            </div>
          ))}
        </div>
        {plane ? null : (
          <div class="item input-row" aria-hidden="true">
            <span />
            {masks ? <span class="mask-cell" /> : null}
            <OutputThumbnail output={strip?.latent} />
            <span class="name muted">{text.latent(sizeOf(model.shape))}</span>
          </div>
        )}
      </div>
      {answer.status === 'failed' && answer.reason !== 'cancelled' ? (
        <div class="sum failed" role="alert">
          <p class="bad">{answer.reason === 'notRecorded' ? words.notRecordedTitle : text.stripFailed}</p>
          <p class="tick wrap">{answer.message}</p>
          {answer.reason === 'error' ? (
            <span class="pair">
              <Button onClick={() => store.state(stripState).strip.retry()}>{words.retry}</Button>
              <Button onClick={() => void store.connection.host.showLog()}>{words.showLog}</Button>
            </span>
          ) : null}
        </div>
      ) : answer.status === 'failed' ? (
        <div class="sum failed">
          <p>{words.cancelled}</p>
          <Button onClick={() => store.state(stripState).strip.retry()}>{words.retry}</Button>
        </div>
      ) : (
        <Sums model={model} strip={strip} limit={limit} />
      )}
    </section>
  );
}

interface RowProps {
  model: ModelSummary;
  layer: LayerInfo;
  row?: ShownRow;
  limit: number;
  firstBad?: number;
  selected: boolean;
}

/** Planes show which of their features is moved with the layer's name. */
function hasMasks(model: ModelSummary): boolean {
  return !isPlane(model) && model.layers.some(isCoupling);
}

function LayerRow({ model, layer, row, limit, firstBad, selected }: RowProps) {
  const store = useStore();
  const plane = isPlane(model);
  const mean = store.state(barsState).value === 'mean' || !row?.example;
  const part = mean ? row?.mean : row.example;
  const coupling = isCoupling(layer);
  // In a plane, what a coupling changes says more than what a recording calls it.
  const called = plane && coupling ? undefined : layer.called;
  const moves = onlyMoves(layer);
  const sum = part ? part.coupling + part.norm : undefined;
  // The norm of a coupling has a bar of its own; a layer that is a norm has no other.
  const drawn =
    part &&
    (isNorm(layer)
      ? { coupling: 0, norm: part.coupling + part.norm }
      : coupling && layer.hasNorm
        ? { coupling: part.coupling, norm: part.norm }
        : { coupling: part.coupling + part.norm });
  const mark = coupling || isNorm(layer) ? markOf(mean ? row?.example : row.mean) : undefined;
  // A layer that only moves values does not make them bad; its neighbors say how many there are.
  const bad = row && row.nonFinite > 0 && (!moves || layer.index === firstBad);
  const points = plane ? store.state(planeView).found.value?.points[layer.index + 1] : undefined;
  // What the eye has from pictures and position; the texts of the row follow.
  const spoken = [layerTitle(layer, model), words.layerDescription(layer)].join(', ');
  return (
    <div
      role="option"
      id={`layer-${layer.index}`}
      aria-selected={selected}
      tabIndex={selected ? 0 : -1}
      class={`item ${isLearned(layer) || isNorm(layer) || plane ? '' : 'slim'}`}
      title={spoken}
      data-layer={layer.index}
      onClick={() => store.selectLayer(layer.index)}
    >
      <span class="sr">
        {[spoken, ...(sum === undefined || moves ? [] : [`${signed(sum, 2)} ${words.nats}`])].join(', ')}
      </span>
      <span class="idx" aria-hidden="true">
        {layer.slice?.number ?? layerNumber(layer, model)}
      </span>
      {hasMasks(model) ? (
        <span class="mask-cell">{coupling ? <MaskThumbnail layer={layer.index} /> : null}</span>
      ) : null}
      {plane ? (
        <PointsThumbnail points={points} />
      ) : isLearned(layer) || isNorm(layer) ? (
        <OutputThumbnail output={row?.thumbnail} />
      ) : (
        <span />
      )}
      <span class={`name ${coupling ? '' : 'muted'} ${moves ? 'wide' : ''}`}>
        {called === undefined
          ? changedName(layer, model)
          : (called.length > 20 ? `${called.slice(0, 19)}…` : called)
              .split(/(?<=[a-z])(?=[A-Z])/)
              .map((part) => [part, <wbr key={part} />])}
        {layer.slice ? <small>{text.runs(layer.slice.runs)}</small> : null}
      </span>
      {moves ? null : drawn ? <Bars {...drawn} {...{ limit, mark }} /> : <span class="bars" />}
      {bad ? (
        <span class="two-cells">
          {layer.index === firstBad ? (
            <span class="badge-nan">{text.nonFiniteFirst(row.nonFinite)}</span>
          ) : (
            <span class="bad">{text.nonFiniteLater(row.nonFinite)}</span>
          )}
        </span>
      ) : moves ? null : (
        <>
          <span class="num" aria-hidden="true">
            {sum === undefined ? unknown : signed(sum, sumDecimals(sum, limit, plane))}
          </span>
          {layer.slice ? (
            <span class={`num rt ${isOff(layer.slice.error, model) ? 'bad' : ''}`}>
              {scientific(layer.slice.error)}
            </span>
          ) : (
            <span class="num rt">{model.recording?.field ? '' : scientific(row?.roundTrip)}</span>
          )}
        </>
      )}
    </div>
  );
}

/** An error of a solver, in nats, that one has to know of. */
function isOff(error: number | undefined, { kind }: ModelSummary): boolean {
  return error !== undefined && error > solverLimits[kind === 'image' ? kind : 'vector'].notice;
}

function shortTick(value: number): string {
  return value >= 1000 ? `${tickText(value / 1000)}k` : tickText(value);
}

/** Thousands leave no room for a decimal, nor does it say anything next to them. */
function sumDecimals(sum: number, limit: number, plane: boolean): number {
  if (plane || (Math.abs(sum) < 10 && limit < 3)) return 2;
  return Math.abs(sum) >= 1000 ? 0 : 1;
}

function markOf(part: { coupling: number; norm: number } | undefined): number | undefined {
  return part && Number.isFinite(part.coupling + part.norm) ? part.coupling + part.norm : undefined;
}

interface FoldedRowProps {
  layers: LayerInfo[];
  row?: ShownRow;
  limit: number;
  onOpen(): void;
}

function FoldedRow({ layers, row, limit, onOpen }: FoldedRowProps) {
  const store = useStore();
  const part = store.state(barsState).value === 'mean' || !row?.example ? row?.mean : row.example;
  return (
    <div
      role="option"
      aria-selected="false"
      title={text.foldedHint}
      tabIndex={0}
      class="item"
      onClick={onOpen}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onOpen();
      }}
    >
      <span class="idx">▸</span>
      <span class="mask-cell" />
      <span />
      <span class="name">{text.folded(layers.length)}</span>
      {part ? <Bars coupling={part.coupling} norm={part.norm} limit={limit} /> : <span class="bars" />}
      {row && row.nonFinite > 0 ? (
        <span class="two-cells bad">{text.nonFiniteLater(row.nonFinite)}</span>
      ) : (
        <>
          <span class="num">
            {part
              ? signed(part.coupling + part.norm, sumDecimals(part.coupling + part.norm, limit, false))
              : unknown}
          </span>
          <span class="num rt">{scientific(row?.roundTrip)}</span>
        </>
      )}
    </div>
  );
}

function Sums({ model, strip, limit }: { model: ModelSummary; strip?: ShownStrip; limit: number }) {
  const store = useStore();
  const nll = store.state(barsState).value === 'mean' ? strip?.mean : (strip?.example ?? strip?.mean);
  const bits = (nats: number | undefined): string => {
    if (nats === undefined || nll?.bitsPerDim === undefined || !Number.isFinite(nll.nats)) return unknown;
    return `${signed((nats * nll.bitsPerDim) / nll.nats, 2)} ${words.bitsPerDim}`;
  };
  const field = model.recording?.field;
  const layers = field ? text.slices : layersName(model);
  const norms = normsName(model);
  const keys = [
    ...(layers === undefined
      ? []
      : [
          {
            of: '',
            name: model.layers.every(isSumOfScales)
              ? text.sumOfScales(layers)
              : field
                ? layers
                : text.transforms,
          },
        ]),
    ...(norms === undefined ? [] : [{ of: 'norm', name: norms }]),
  ];
  const lines = [
    ...(model.levels === undefined ? [] : [{ name: words.levels(model.levels), nats: nll?.quantization }]),
    { name: words.logPZ, nats: nll?.prior },
    { name: words.logPX, nats: nll && -nll.nats },
  ];
  return (
    <div class="sum tick">
      {lines.map(({ name, nats }) => (
        <Fragment key={name}>
          <span class={name === words.logPX ? 'strong' : ''}>{name}</span>
          <span class={`num ${name === words.logPX ? 'strong' : ''}`} data-sum={name}>
            {nats === undefined || !Number.isFinite(nats)
              ? unknown
              : `${signed(nats, isPlane(model) || limit < 3 ? 2 : 1)} ${words.nats}`}
          </span>
          <span class="num of-dim">{nll?.bitsPerDim === undefined ? '' : bits(nats)}</span>
        </Fragment>
      ))}
      {field?.error === undefined ? null : (
        <>
          <span title={text.solverErrorHint}>{text.solverError}</span>
          <span class={`num ${isOff(field.error, model) ? 'bad' : ''}`}>
            {`${scientific(field.error)} ${words.nats}`}
          </span>
          <span class="of-dim" />
        </>
      )}
      <span class="keys flex-wrap">
        {keys.map(({ of, name }) => (
          <span key={name}>
            <i class={`key ${of}`} />
            {name}
          </span>
        ))}
        <span class="note">
          {field
            ? text.convention(field)
            : hasMasks(model)
              ? text.maskKey
              : isPlane(model)
                ? words.positiveRaises
                : null}
        </span>
        {isPlane(model) ? null : (
          <span class="outputs">
            {`${text.outKey} ${fixed(-3, 0)}`}
            <span class="gradient">
              <Legend scale={outputScale} width={48} />
            </span>
            <span>3</span>
          </span>
        )}
      </span>
    </div>
  );
}
