import type { ComponentChildren } from 'preact';
import { Button } from './toolkit';

export interface NeighborsProps {
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
