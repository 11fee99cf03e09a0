/** Controls and notes that several modes of the gallery have. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { useDraft } from '../controls/draft';
import type { ExampleRef } from '../../../src/protocol/selection';
import { Slider } from '../controls/slider';
import { Button } from '../controls/toolkit';
import { NumberField, type NumberFieldProps } from '../controls/number-field';
import { item } from '../canvas/planes';
import { fixed } from '../format/numbers';
import { useStore, Message } from '../store/use-store';
import { words } from '../words';
import { text } from './text';

export interface TemperatureProps {
  /** Name of the slider, where it says more than the text before it. */
  name?: string;
  value: number;
  disabled: boolean;
  onChange(value: number): void;
  /** Whether an answer is being waited for; without it, a value counts when the slider is let go. */
  busy?: boolean;
}

/** A temperature. While the slider is dragged, the next one counts when what the one before asked for is there. */
export function Temperature({
  name = words.temperature,
  value,
  disabled,
  onChange,
  busy = true,
}: TemperatureProps) {
  const { shown, move, settle } = useDraft(value);
  useLayoutEffect(() => {
    if (!busy && shown !== value) onChange(shown);
  });
  return (
    <div class="ctl">
      <span>{words.temperature}</span>
      <Slider
        label={name}
        max={1.5}
        step={0.05}
        value={shown}
        valueText={fixed(shown, 2)}
        disabled={disabled}
        onInput={move}
        onChange={(next) => {
          settle();
          onChange(next);
        }}
      />
      <span class="num">{fixed(shown, 2)}</span>
    </div>
  );
}

export interface WholeNumberProps extends Pick<NumberFieldProps, 'label' | 'size' | 'disabled' | 'onChange'> {
  value: number;
  below?: number;
}

/** A whole number from 0. */
export function WholeNumber({ value, below = Infinity, onChange, ...field }: WholeNumberProps) {
  return (
    <NumberField
      {...field}
      shown={String(value)}
      allows={(number) => Number.isSafeInteger(number) && number >= 0 && number < below}
      onChange={(number) => {
        if (number !== value) onChange(number);
      }}
    />
  );
}

interface SeedControlsProps {
  seed: number;
  disabled: boolean;
  /** What drawing with the next seed is called. */
  action: string;
  onChange(seed: number): void;
  /** Other choices, between the seed and the button. */
  children?: ComponentChildren;
}

/** The seed of what is drawn, and a button that draws with the next one. */
export function SeedControls({ seed, disabled, action, onChange, children }: SeedControlsProps) {
  return (
    <div class="ctl">
      <span>{words.seed}</span>
      <WholeNumber label={words.seed} value={seed} size={4} disabled={disabled} onChange={onChange} />
      {children}
      <span class="spring" />
      {disabled ? null : (
        <Button primary onClick={() => onChange(seed + 1)} label={`${action}: ${words.seed} + 1`}>
          {action}
        </Button>
      )}
    </div>
  );
}

/** What was picked, and the way to make it the example that the rest of the page shows. */
export function Picked({ label, example }: { label: string; example: ExampleRef }) {
  const store = useStore();
  return (
    <div class="ctl picked">
      <span data-picked>{label}</span>
      <span class="spring" />
      {store.fixed.value ? null : (
        <Button onClick={() => store.selectExample(example)}>{words.useAsExample}</Button>
      )}
    </div>
  );
}

function nonFiniteCount(values: { shape: number[]; data: Float32Array }): number {
  const n = values.shape[0]!;
  let bad = 0;
  for (let i = 0; i < n; i++) if (!item(values, i).data.every(Number.isFinite)) bad++;
  return bad;
}

/** Says so when values are not finite; draws `children` unless none is. */
export function WhereFinite({
  values,
  children,
}: {
  /** [n, …]. */
  values: { shape: number[]; data: Float32Array };
  children(): ComponentChildren;
}) {
  const n = values.shape[0]!;
  const bad = nonFiniteCount(values);
  if (n > 0 && bad === n)
    return <Message title={text.notFiniteSamples(bad, n)} why={text.notFiniteSamplesWhy} bad />;
  return (
    <>
      {children()}
      {bad > 0 ? <p class="bad">{text.notFiniteSamples(bad, n)}</p> : null}
    </>
  );
}
