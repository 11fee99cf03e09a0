/** From x to z by hand or by itself. */
import { Dropdown } from '../../base/controls/toolkit';
import { PlayButton } from '../../base/controls/play-button';
import { Slider } from '../../base/controls/slider';
import { useFeature } from '../../base/store/use-store';
import { text } from './text';
import { planeState } from './state';

const speeds = [0.5, 1, 2];

export function Walk({ last, stageName }: { last: number; stageName: string }) {
  const planes = useFeature(planeState);
  const playing = planes.playing.value;
  return (
    <div class="walk">
      <PlayButton playing={playing} label={text.play} onClick={() => (planes.playing.value = !playing)} />
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
