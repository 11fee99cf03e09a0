/** What a conditional flow is given: the example's own context, the mean, or numbers of the user's. */
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { classOf, withClass, type ContextInfo } from '../../src/protocol/model';
import { Segmented } from '../base/controls/segmented';
import { Slider } from '../base/controls/slider';
import { NumberField } from '../base/controls/number-field';
import { Dropdown } from '../base/controls/toolkit';
import { fixed } from '../base/format/numbers';
import { OutputThumbnail } from '../base/layers/thumbnails';
import { stripState } from '../base/store/strip-state';
import { useStore } from '../base/store/use-store';
import { text } from './text';

/** Deviations around the mean that a slider reaches. */
const reach = 3;
/** A slider passes many values while it is dragged; the views follow when it rests for a moment. */
const restMs = 120;

export function ContextControls({ context }: { context: ContextInfo }) {
  return context.shape ? (
    <ContextImage shape={context.shape} mean={context.mean} />
  ) : (
    <ContextNumbers context={context} />
  );
}

/** An image has too many numbers for sliders: what it is, and that none came with the examples. */
function ContextImage({ shape, mean }: Required<Pick<ContextInfo, 'shape' | 'mean'>>) {
  const image = { shape: [...shape], data: Float32Array.from(mean) };
  return (
    <div class="pair context" role="group" aria-label={text.condition} title={text.conditionImageWhy}>
      <OutputThumbnail output={image} size={24} />
      <span class="tick">{text.conditionImage(shape)}</span>
    </div>
  );
}

function ContextNumbers({ context }: { context: ContextInfo }) {
  const store = useStore();
  const draft = useSignal<readonly number[] | undefined>(undefined);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const exampleContext = store.state(stripState).shownStrip.found.value?.context;
  const chosen = store.contextOverride.value;
  const values = draft.value ?? chosen ?? (exampleContext ? [...exampleContext] : context.mean);
  const isMean = chosen !== undefined && chosen.every((value, i) => value === context.mean[i]);
  const choose = (next: readonly number[] | undefined): void => {
    clearTimeout(timer.current);
    draft.value = undefined;
    store.contextOverride.value = next;
  };
  const change = (index: number, value: number): void => {
    const next = values.map((before, i) => (i === index ? value : before));
    draft.value = next;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => choose(next), restMs);
  };
  const { classes } = context;
  const isClass = (i: number): boolean =>
    classes !== undefined && i >= classes.start && i < classes.start + classes.count;
  // A saved page answers what it was asked when it was saved.
  return (
    <div class="pair context" role="group" aria-label={text.condition}>
      <Segmented
        label={text.condition}
        value={chosen === undefined ? 'own' : isMean ? 'mean' : 'chosen'}
        options={[
          { value: 'own', text: text.exampleCondition },
          { value: 'mean', text: text.meanCondition, disabled: store.isSaved },
          ...(chosen !== undefined && !isMean ? [{ value: 'chosen', text: text.chosenCondition }] : []),
        ]}
        onChange={(value) => {
          if (value !== 'chosen') choose(value === 'own' ? undefined : [...context.mean]);
        }}
      />
      <span class="context-numbers flex-wrap">
        <ContextClass {...{ context, values }} onChange={choose} />
        {context.names.map((name, i) =>
          isClass(i) ? null : (
            <ContextNumber
              key={name}
              {...{ context, values }}
              index={i}
              onChange={(value) => change(i, value)}
            />
          ),
        )}
      </span>
    </div>
  );
}

interface GivenProps {
  context: ContextInfo;
  /** All of it, as it is now. */
  values: readonly number[];
}

/** The class by its name; a mean or a mixture of classes is not a class. */
function ContextClass({
  context,
  values,
  onChange,
}: GivenProps & { onChange(all: readonly number[]): void }) {
  const { isSaved } = useStore();
  const { classes, mean } = context;
  if (!classes) return null;
  const { start, count } = classes;
  const none = values.map((value, i) => (i >= start && i < start + count ? mean[i]! : value));
  const chosen = classOf(classes, values);
  const name = classes.name ?? text.class;
  return (
    <span class="pair tight" data-context-class={chosen ?? ''}>
      <span title={name} class="context-name ellipsis">
        {name}
      </span>
      <Dropdown
        label={text.conditionNumber(name)}
        value={chosen === undefined ? '' : String(chosen)}
        disabled={isSaved}
        options={[
          { value: '', text: text.noClass },
          ...context.names
            .slice(start, start + count)
            .map((option, i) => ({ value: String(i), text: option })),
        ]}
        onChange={(value) => onChange(value === '' ? none : withClass(classes, values, Number(value)))}
      />
    </span>
  );
}

type ContextNumberProps = GivenProps & { index: number; onChange(value: number): void };

function ContextNumber({ context, values, index, onChange }: ContextNumberProps) {
  const { isSaved } = useStore();
  const [name, mean, std] = [context.names[index]!, context.mean[index]!, context.std[index]!];
  const value = values[index]!;
  const [low, high] = [Math.min(mean - reach * std, value), Math.max(mean + reach * std, value)];
  const shown = fixed(value, 3);
  return (
    <span class="pair tight" data-context={name}>
      <span title={name} class="context-name ellipsis">
        {name}
      </span>
      <Slider
        label={text.conditionNumber(name)}
        min={low}
        max={high}
        step={(high - low) / 200}
        value={value}
        valueText={shown}
        disabled={isSaved}
        onInput={onChange}
      />
      <NumberField label={text.conditionNumber(name)} shown={shown} size={7} onChange={onChange} />
    </span>
  );
}

/** Values to show; an embedding may have thousands. */
const mostShown = 32;

/** What the flow was given with the example of a recording: it can be read, and not be changed. */
export function RecordedCondition({ names }: { names: readonly string[] }) {
  const values = useStore().state(stripState).shownStrip.found.value?.context;
  const more = names.length - mostShown;
  return (
    <div class="pair context" role="group" aria-label={text.condition}>
      <span>{text.recordedCondition}</span>
      {/* Many scroll, which a keyboard does as well. */}
      <span class="context-numbers flex-wrap" tabIndex={0} role="list" aria-label={text.recordedCondition}>
        {names.slice(0, mostShown).map((name, i) => (
          <span key={name} role="listitem" class="pair tight" data-context={name}>
            <span title={name} class="context-name ellipsis muted">
              {name}
            </span>
            <span class="num">{fixed(values?.[i], 3)}</span>
          </span>
        ))}
        {more > 0 ? <span class="muted">{text.moreNumbers(more)}</span> : null}
      </span>
    </div>
  );
}
