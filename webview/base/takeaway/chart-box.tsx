import type { ComponentChildren } from 'preact';
import { Heading } from '../controls/heading';
import { TakeAway, type TakeAwayProps } from './take-away';

export interface ChartBoxProps extends Omit<TakeAwayProps, 'frame' | 'content'> {
  /** Its class among the charts of a view. */
  name?: string;
  note: string;
  children: ComponentChildren;
}

/** A chart below its title, with what can be taken along of it. */
export function ChartBox({ name = '', note, children, ...taken }: ChartBoxProps) {
  return (
    <div class={`chart ${name}`}>
      <Heading title={taken.title} note={note} />
      <TakeAway {...taken} frame=".chart" />
      {children}
    </div>
  );
}
