import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { TextField, type TextFieldProps } from './toolkit';

export interface NumberFieldProps extends Pick<TextFieldProps, 'size' | 'disabled' | 'placeholder'> {
  label: string;
  /** The number as it is written now. */
  shown: string;
  /** Whether a number may be this one; any finite one may by default. */
  allows?(value: number): boolean;
  /** What is said where it may not. */
  expected?: string;
  onChange(value: number): void;
}

/** A number that is typed. What is none is marked and not taken; an empty field is no mistake where it says what it is for. */
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
    const value = Number(typed.replace('−', '-').replace(',', '.'));
    return typed.trim() !== '' && allows(value) ? value : undefined;
  };
  const mayBeEmpty = field.placeholder !== undefined && draft.value === '';
  const invalid = !mayBeEmpty && read(draft.value) === undefined;
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
