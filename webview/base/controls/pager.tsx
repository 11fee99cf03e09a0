/** A page of many: buttons to the neighbors, and a slider when there are more than a few. */
import { Neighbors } from './neighbors';
import { Slider } from './slider';
import { words } from '../words';

export interface PagerProps {
  /** First of the page. */
  offset: number;
  /** Size of a full page. */
  size: number;
  total: number;
  /** What the page shows, in words. */
  shown: string;
  /** Slider's name. */
  label: string;
  onChange(offset: number): void;
}

/** Nothing when one page holds all. */
export function Pager({ offset, size, total, shown, label, onChange }: PagerProps) {
  if (total <= size) return null;
  const last = Math.ceil(total / size) - 1;
  const page = Math.min(last, Math.floor(offset / size));
  return (
    <div class="pager flex-center">
      <Neighbors
        names={[words.previousPage, words.nextPage]}
        has={[page > 0, page < last]}
        go={(by) => onChange((page + by) * size)}
      >
        <span class="tick">{shown}</span>
      </Neighbors>
      {last > 1 ? (
        <Slider
          label={label}
          min={0}
          max={last}
          step={1}
          value={page}
          valueText={shown}
          onInput={(value) => onChange(value * size)}
        />
      ) : null}
    </div>
  );
}
