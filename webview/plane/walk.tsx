/** From x to z by hand or by itself. */
import { Dropdown } from '../controls/toolkit';
import { Slider } from '../controls/slider';
import { useStore } from '../state/use-store';
import { text } from '../strings';

const speeds = [0.5, 1, 2];

export function Walk({ last, stageName }: { last: number; stageName: string }) {
  const { planes } = useStore();
  const playing = planes.playing.value;
  return (
    <div class="walk">
      <button
        type="button"
        class="play"
        aria-label={playing ? text.pause : text.play}
        title={playing ? text.pause : text.play}
        onClick={() => (planes.playing.value = !playing)}
      >
        <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
          <path d={playing ? 'M2 1h3v10H2zM7 1h3v10H7z' : 'M2 1l9 5-9 5z'} fill="currentColor" />
        </svg>
      </button>
      <span class="tick">x</span>
      <Slider
        label={text.walk}
        min={0}
        max={last}
        step={1}
        value={planes.stage.value}
        valueText={stageName}
        onInput={(value) => {
          planes.playing.value = false;
          planes.setStage(value);
        }}
      />
      <span class="tick">z</span>
      <Dropdown
        label={text.pace}
        value={String(planes.speed.value)}
        options={speeds.map((speed) => ({ value: String(speed), text: text.times(speed) }))}
        onChange={(value) => (planes.speed.value = Number(value))}
      />
    </div>
  );
}
