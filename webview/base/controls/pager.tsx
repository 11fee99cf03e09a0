/** A page of many: buttons to the neighbors, and a slider when there are more than a few. */
import { Slider } from './slider';
import { words } from '../words';
import type { ComponentChildren } from 'preact';
import { Button } from './toolkit';

export interface PagerProps {
  /** First of the page. */
  offset: number;
  /** Size of a full page. */
  size: number;
  total: number;
  /** What they are, in the plural; features by default. */
  things?: string;
  /** Number of the first of all; 1 by default. */
  first?: number;
  /** Slider's name. */
  label?: string;
  onChange(offset: number): void;
}

/** Nothing when one page holds all. */
export function Pager({ offset, size, total, onChange, first = 1, ...rest }: PagerProps) {
  const { things = words.features, label = words.feature } = rest;
  if (total <= size) return null;
  const last = Math.ceil(total / size) - 1;
  const page = Math.min(last, Math.floor(offset / size));
  const shown = words.partOf(things, offset + first, Math.min(total, offset + size) - 1 + first, total);
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
          max={last}
          value={page}
          valueText={shown}
          onInput={(value) => onChange(value * size)}
        />
      ) : null}
    </div>
  );
}

interface NeighborsProps {
  names: readonly [previous: string, next: string];
  /** Whether there is one on each side. */
  has?: readonly [previous: boolean, next: boolean];
  go(by: -1 | 1): void;
  /** Between the buttons. */
  children?: ComponentChildren;
}

/** Buttons to what comes before and to what comes after. */
export function Neighbors({ names, has = [true, true], go, children }: NeighborsProps) {
  return (
    <>
      <Button icon label={names[0]} disabled={!has[0]} onClick={() => go(-1)}>
        ‹
      </Button>
      {children}
      <Button icon label={names[1]} disabled={!has[1]} onClick={() => go(1)}>
        ›
      </Button>
    </>
  );
}
