/** Where latents are truncated, and what differs between the scales of a flow that factors out. */
import type { SampleQuery } from '../../../src/protocol/selection';
import type { ModelSummary } from '../../../src/protocol/model';
import { scaleCount } from '../../../src/protocol/questions';
import { useDraft } from '../../base/controls/draft';
import { Slider } from '../../base/controls/slider';
import { fixed } from '../../base/format/numbers';
import { words } from '../../base/words';
import { text } from './text';
import { Temperature } from '../../base/examples/controls';

export interface SamplingProps {
  query: SampleQuery;
  disabled: boolean;
  onChange(next: Partial<SampleQuery>): void;
}

/** The right end of the slider: nothing is cut off. */
const none = 4;

/** One bound for the latents of all scales. */
export function Truncation({ query, disabled, onChange }: SamplingProps) {
  const bounds = query.truncations ?? [null];
  const same = bounds.every((bound) => bound === bounds[0]);
  return (
    <Bound
      name={text.truncation}
      value={same ? bounds[0]! : undefined}
      disabled={disabled}
      onChange={(bound) => onChange({ truncations: bound === null ? undefined : [bound] })}
    />
  );
}

/** A factor of the temperature and a bound for each scale. */
export function ByScale({ model, query, disabled, onChange }: SamplingProps & { model: ModelSummary }) {
  const scales = scaleCount(model);
  if (scales < 2) return null;
  const factors = query.scaleTemperatures ?? Array.from({ length: scales }, () => 1);
  const truncations = query.truncations ?? [null];
  const bounds = Array.from(
    { length: scales },
    (_, k) => truncations[truncations.length === 1 ? 0 : k] ?? null,
  );
  const replaced = <T,>(all: readonly T[], at: number, value: T): T[] =>
    all.map((old, k) => (k === at ? value : old));
  return (
    <details class="by-scale">
      <summary>{text.byScale}</summary>
      {factors.map((factor, scale) => (
        <div key={scale} role="group" aria-label={words.scale(scale + 1)}>
          <p class="tick">{words.scale(scale + 1)}</p>
          <Temperature
            name={text.scaleTemperature(scale + 1)}
            value={factor}
            disabled={disabled}
            onChange={(value) => {
              const next = replaced(factors, scale, value);
              // All 1 is the same as none: one query, one answer.
              onChange({ scaleTemperatures: next.every((each) => each === 1) ? undefined : next });
            }}
          />
          <Bound
            name={text.scaleTruncation(scale + 1)}
            value={bounds[scale]}
            disabled={disabled}
            onChange={(bound) => {
              const next = replaced(bounds, scale, bound);
              const same = next.every((each) => each === next[0]);
              onChange({ truncations: !same ? next : next[0] === null ? undefined : [next[0]!] });
            }}
          />
        </div>
      ))}
    </details>
  );
}

interface BoundProps {
  name: string;
  value: number | null | undefined;
  disabled: boolean;
  onChange(bound: number | null): void;
}

/** @param value null for no bound, undefined where scales differ; it counts when the slider is let go */
function Bound({ name, value, disabled, onChange }: BoundProps) {
  const draft = useDraft<number | null | undefined>(value);
  const bound = draft.shown;
  const shown =
    bound === undefined ? text.byScaleShort : bound === null ? text.noTruncation : `|z| ≤ ${fixed(bound, 1)}`;
  const read = (at: number): number | null => (at >= none ? null : at);
  return (
    <div class="ctl">
      <span>{text.truncation}</span>
      <Slider
        label={name}
        min={0.2}
        max={none}
        step={0.1}
        value={bound ?? none}
        valueText={shown}
        disabled={disabled}
        onInput={(at) => draft.move(read(at))}
        onChange={(at) => {
          draft.settle();
          onChange(read(at));
        }}
      />
      <span class="num bound">{shown}</span>
    </div>
  );
}
