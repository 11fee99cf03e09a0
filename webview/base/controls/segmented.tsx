import type { Signal } from '@preact/signals';
import { cellStep } from './arrow-keys';

/** A choice of a few, all visible: a radio group drawn as one control. */
export interface SegmentedProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; text: string; disabled?: boolean }[];
  onChange(value: T): void;
}

export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  const move = (event: KeyboardEvent): void => {
    const [down, right] = cellStep(event.key) ?? [0, 0];
    const by = down + right;
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const enabled = options.filter((option) => !option.disabled);
    const at = enabled.findIndex((option) => option.value === value);
    const next = enabled[(at + by + enabled.length) % enabled.length];
    if (!next) return;
    onChange(next.value);
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-value="${next.value}"]`)?.focus();
  };
  return (
    <div class="segmented" role="radiogroup" aria-label={label} onKeyDown={move}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          data-value={option.value}
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          disabled={option.disabled}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  of: Signal<T>;
  /** Texts by value. */
  options: Readonly<Record<T, string>>;
}

/** The same for a signal, which holds the choice. */
export function Choice<T extends string>({ label, of, options }: ChoiceProps<T>) {
  const values = Object.keys(options) as T[];
  return (
    <Segmented
      label={label}
      value={of.value}
      options={values.map((value) => ({ value, text: options[value] }))}
      onChange={(value) => (of.value = value)}
    />
  );
}
