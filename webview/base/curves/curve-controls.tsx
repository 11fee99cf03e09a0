/** How the curves of runs are drawn: axes and smoothing, the same for all of them. */
import { Segmented } from '../controls/segmented';
import { Slider } from '../controls/slider';
import { useFeature } from '../store/use-store';
import { text } from '../../strings';
import { curveLookState } from './curve-look';

export function CurveControls() {
  const { curveLook } = useFeature(curveLookState);
  const { axis, log, smoothing } = curveLook.value;
  const change = (part: Partial<typeof curveLook.value>): void => {
    curveLook.value = { ...curveLook.value, ...part };
  };
  return (
    <div class="curve-controls">
      <Segmented
        label={text.run.horizontal}
        value={axis}
        options={[
          { value: 'step', text: text.run.byStep },
          { value: 'time', text: text.run.byTime },
        ]}
        onChange={(value) => change({ axis: value })}
      />
      <Segmented
        label={text.run.vertical}
        value={log ? 'log' : 'linear'}
        options={[
          { value: 'linear', text: text.run.linearAxis },
          { value: 'log', text: text.run.logAxisShort },
        ]}
        onChange={(value) => change({ log: value === 'log' })}
      />
      <span class="pair">
        <span class="label">{text.run.smoothing}</span>
        <Slider
          label={text.run.smoothing}
          min={0}
          max={0.99}
          step={0.01}
          value={smoothing}
          valueText={text.run.smoothingValue(smoothing.toFixed(2))}
          onInput={(value) => change({ smoothing: value })}
        />
        <span class="num">{smoothing.toFixed(2)}</span>
      </span>
    </div>
  );
}
