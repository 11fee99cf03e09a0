/** Which preset, with the time that it takes on these data and this computer. */
import { signal } from '@preact/signals';
import type { PresetGroup, TrainingChoice } from '../../src/protocol/preview-page';
import { count } from '../base/format/numbers';
import { type Estimate, type Estimates, recommendedSteps, secondsFor } from './estimates';
import { text } from './text';

export const presetState = () => ({
  groups: signal<readonly PresetGroup[]>([]),
  chosen: signal<string | undefined>(undefined),
  /** Labels of the groups that are unfolded. */
  open: signal<ReadonlySet<string>>(new Set()),
  /** As typed; undefined takes those that are recommended. */
  steps: signal<string | undefined>(undefined),
});

export type PresetState = ReturnType<typeof presetState>;

/** Those that are in sight, in the order in which they are measured: it takes the processor a second or more for each. */
export const shownPresets = ({ groups, open }: PresetState): string[] =>
  groups
    .peek()
    .filter(({ label }) => open.peek().has(label))
    .flatMap(({ presets }) => presets.map(({ name }) => name));

const isSteps = (typed: string): boolean => /^[1-9]\d{0,8}$/.test(typed.trim());

export function chosenTraining(
  { chosen, steps }: PresetState,
  estimates: Estimates,
): Pick<TrainingChoice, 'preset' | 'steps'> {
  const preset = chosen.value;
  if (preset === undefined) return {};
  const estimate = estimates.of.value[preset];
  const typed = steps.value;
  if (typed !== undefined && isSteps(typed)) return { preset, steps: Number(typed) };
  if (estimate?.status !== 'ready') return { preset };
  const recommended = recommendedSteps(estimate);
  return recommended < estimate.steps ? { preset, steps: recommended } : { preset };
}

/** Whether the chosen preset failed when it was timed. */
export const isImpossible = ({ chosen }: PresetState, estimates: Estimates): boolean =>
  estimates.of.value[chosen.value ?? '']?.status === 'failed';

export interface PresetsProps {
  state: PresetState;
  estimates: Estimates;
  onUnfold(): void;
}

export function Presets({ state, estimates, onUnfold }: PresetsProps) {
  const { groups, chosen, open, steps } = state;
  return (
    <section aria-labelledby="preset-title">
      <h2 id="preset-title">
        {text.preset} <span class="tick">{text.presetTime}</span>
      </h2>
      {groups.value.map(({ label, presets }) => (
        <details
          key={label}
          open={open.value.has(label)}
          onToggle={(event) => {
            const is = event.currentTarget.open;
            if (is === open.value.has(label)) return;
            open.value = new Set([...open.value].filter((each) => each !== label).concat(is ? [label] : []));
            if (is) onUnfold();
          }}
        >
          <summary class="tick">{label}</summary>
          {presets.map(({ name, title, about }) => (
            <label key={name} class="option">
              <input
                type="radio"
                name="preset"
                checked={chosen.value === name}
                onChange={() => {
                  chosen.value = name;
                  steps.value = undefined;
                }}
              />
              <span class="title">{title}</span>
              <span class="tick num">{timeOf(estimates.of.value[name])}</span>
              {chosen.value === name ? (
                <span class="tick about">{failureOf(estimates.of.value[name]) ?? about}</span>
              ) : null}
            </label>
          ))}
        </details>
      ))}
      <Steps state={state} estimate={estimates.of.value[chosen.value ?? '']} />
    </section>
  );
}

function Steps({ state: { steps }, estimate }: { state: PresetState; estimate: Estimate | undefined }) {
  if (estimate?.status !== 'ready') return null;
  const recommended = recommendedSteps(estimate);
  const typed = steps.value ?? String(recommended);
  const ok = isSteps(typed);
  return (
    <div class="steps flex-wrap">
      <label>
        <span>{text.steps}</span>
        <input
          type="text"
          inputMode="numeric"
          value={typed}
          aria-invalid={!ok}
          onInput={(event) => {
            steps.value = event.currentTarget.value;
          }}
        />
      </label>
      <span class="tick" role="status">
        {ok ? text.about(text.duration(secondsFor(estimate, Number(typed)))) : text.wholeNumber}
      </span>
      {recommended < estimate.steps && steps.value === undefined ? (
        <p class="tick">{text.fewerSteps(count(estimate.steps))}</p>
      ) : null}
    </div>
  );
}

const failureOf = (estimate: Estimate | undefined): string | undefined =>
  estimate?.status === 'failed' ? estimate.message : undefined;

function timeOf(estimate: Estimate | undefined): string {
  if (estimate?.status === 'ready')
    return text.about(text.duration(secondsFor(estimate, recommendedSteps(estimate))));
  return estimate?.status === 'measuring' ? text.measuring : estimate ? text.notPossible : '';
}
