export interface SliderProps {
  label: string;
  /** 0 by default. */
  min?: number;
  max: number;
  /** 1 by default. */
  step?: number;
  value: number;
  valueText?: string;
  disabled?: boolean;
  /** While dragging. */
  onInput(value: number): void;
  /** When let go. */
  onChange?(value: number): void;
}

export function Slider(props: SliderProps) {
  const read = (event: Event): number => Number((event.currentTarget as HTMLInputElement).value);
  return (
    <input
      type="range"
      aria-label={props.label}
      aria-valuetext={props.valueText}
      min={props.min ?? 0}
      max={props.max}
      step={props.step ?? 1}
      value={props.value}
      disabled={props.disabled}
      onInput={(event) => props.onInput(read(event))}
      onChange={(event) => props.onChange?.(read(event))}
    />
  );
}
