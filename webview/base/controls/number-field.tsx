import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { decimal } from '../format/numbers';
import { TextField, type TextFieldProps } from './toolkit';

export interface NumberFieldProps extends Pick<TextFieldProps, 'size' | 'disabled' | 'placeholder'> {
  label: string;
  /** The current number, as text. */
  shown: string;
  /** Accepts a number; any finite one by default. */
  allows?(value: number): boolean;
  /** Follows the label while the text is refused. */
  expected?: string;
  onChange(value: number): void;
}

/** Text that is not an accepted number is marked, and nothing changes. A field with a placeholder may be empty. */
export function NumberField({
  label,
  shown,
  allows = Number.isFinite,
  expected,
  onChange,
  ...field
}: NumberFieldProps) {
  const draft = useSignal(shown);
  useLayoutEffect(() => void (draft.value = shown), [shown]);
  const read = (typed: string): number | undefined => {
    // A comma is a decimal mark only in a language that writes it so: 1,000 must not become 1.
    const value = Number(typed.replace('−', '-').replace(decimal('.'), '.'));
    return typed.trim() !== '' && allows(value) ? value : undefined;
  };
  // The current number may be too large to be written without a power of ten.
  const isTyped = draft.value !== shown && !(field.placeholder !== undefined && draft.value === '');
  const invalid = isTyped && read(draft.value) === undefined;
  return (
    <TextField
      {...field}
      label={invalid && expected ? `${label}: ${expected}` : label}
      value={draft.value}
      invalid={invalid}
      onInput={(typed) => (draft.value = typed)}
      onCommit={(typed) => {
        const value = read(typed);
        if (value !== undefined && typed !== shown) onChange(value);
      }}
    />
  );
}
