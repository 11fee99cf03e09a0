import type { ComponentChildren } from 'preact';

/** Names and what they stand for, each pair in a box of its own. */
export function Pairs({
  class: name,
  of,
}: {
  class: string;
  of: readonly (readonly [string, ComponentChildren])[];
}) {
  return (
    <dl class={name}>
      {of.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
