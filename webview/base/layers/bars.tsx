/** Diverging bars of log-dets on a shared axis: solid for the coupling, hollow for its batch norm. */
export interface BarsProps {
  coupling: number;
  norm?: number;
  /** Value at the end of the axis; what is larger is cut to a point. */
  limit: number;
  /** Thin line at the other of example and mean. */
  mark?: number;
}

function bar(value: number, limit: number, name: string) {
  if (!Number.isFinite(value)) return null;
  const share = Math.min(1, Math.abs(value) / limit) * 50;
  const cut = Math.abs(value) > limit ? (value > 0 ? 'cut-right' : 'cut-left') : '';
  return (
    <i
      key={name}
      class={`${name} ${cut}`}
      style={{
        '--from': `${value < 0 ? 50 - share : 50}%`,
        '--long': `${share}%`,
        '--c': value < 0 ? 'var(--neg)' : 'var(--pos)',
      }}
    />
  );
}

export function Bars({ coupling, norm, limit, mark }: BarsProps) {
  return (
    <span class="bars" aria-hidden="true">
      {bar(coupling, limit, norm === undefined ? 'solo' : 'coupling')}
      {norm === undefined ? null : bar(norm, limit, 'norm')}
      {mark !== undefined && Math.abs(mark) <= limit ? (
        <u style={{ '--from': `${50 + (mark / limit) * 50}%` }} />
      ) : null}
    </span>
  );
}
