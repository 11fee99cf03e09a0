/** The sentence that a view begins with: what is to be seen in it, with its numbers. */
export function Verdict({ mark, children }: { mark: 'ok' | 'notice' | 'error'; children: string }) {
  return (
    <p class="view-verdict">
      <i class={`verdict-mark ${mark}`} aria-hidden="true">
        {{ ok: '✓', notice: '!', error: '✕' }[mark]}
      </i>
      <span>{children}</span>
    </p>
  );
}
