import type { ComponentChildren } from 'preact';

export interface HeadingProps {
  title: ComponentChildren;
  /** What has to be known to read it. */
  note?: ComponentChildren;
  /** In full, where the title may be cut. */
  hint?: string;
  class?: string;
}

/** The heading of a part of a view. */
export function Heading({ title, note, hint, class: name }: HeadingProps) {
  return (
    <h3 class={name}>
      <b {...(hint === undefined ? {} : { title: hint, class: 'ellipsis' })}>{title}</b>{' '}
      {note === undefined ? null : <span class="tick">{note}</span>}
    </h3>
  );
}
