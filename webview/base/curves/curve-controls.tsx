/** How the curves of runs are drawn: axes and smoothing, the same for all of them. */
import { Segmented } from '../controls/segmented';
import { Slider } from '../controls/slider';
import { useFeature } from '../store/use-store';
import { words } from '../words';
import { bilingual, fixed } from '../format/numbers';
import { signal } from '@preact/signals';
import { stateOf } from '../store/store';

const text = bilingual({
  horizontal: ['Horizontal axis', 'Waagrechte Achse'],
  byTime: ['time', 'Zeit'],
  vertical: ['Vertical axis', 'Senkrechte Achse'],
  linearAxis: 'linear',
  smoothing: ['Smoothing', 'Glättung'],
  smoothingValue: (value: string) => [
    `Smoothing ${value}; the faint line is not smoothed`,
    `Glättung ${value}; die blasse Linie ist ungeglättet`,
  ],
});

export function CurveControls() {
  const { curveLook } = useFeature(curveLookState);
  const { axis, log, smoothing } = curveLook.value;
  const change = (part: Partial<typeof curveLook.value>): void => {
    curveLook.value = { ...curveLook.value, ...part };
  };
  return (
    <div class="curve-controls flex-wrap">
      <Segmented
        label={text.horizontal}
        value={axis}
        options={[
          { value: 'step', text: words.stepAxis },
          { value: 'time', text: text.byTime },
        ]}
        onChange={(value) => change({ axis: value })}
      />
      <Segmented
        label={text.vertical}
        value={log ? 'log' : 'linear'}
        options={[
          { value: 'linear', text: text.linearAxis },
          { value: 'log', text: words.logAxisShort },
        ]}
        onChange={(value) => change({ log: value === 'log' })}
      />
      <span class="pair">
        <span class="label">{text.smoothing}</span>
        <Slider
          label={text.smoothing}
          max={0.99}
          step={0.01}
          value={smoothing}
          valueText={text.smoothingValue(fixed(smoothing))}
          onInput={(value) => change({ smoothing: value })}
        />
        <span class="num">{fixed(smoothing)}</span>
      </span>
    </div>
  );
}

export interface CurveLook {
  axis: 'step' | 'time';
  log: boolean;
  /** Weight of what was before in the running mean, [0, 1). */
  smoothing: number;
}

const usual: CurveLook = { axis: 'step', log: false, smoothing: 0 };

/** How curves are drawn; the same for all of them, and kept with the selection. */
export const curveLookState = stateOf(() => {
  const curveLook = signal(usual);
  return {
    curveLook,
    kept: curveLook,
    reset: (_, kept) => void (curveLook.value = (kept as CurveLook | undefined) ?? usual),
  };
}, 'curveLook');
