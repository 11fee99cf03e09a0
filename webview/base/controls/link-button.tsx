import type { ButtonHTMLAttributes } from 'preact';

/** A button that looks like a link. */
export function LinkButton(attributes: ButtonHTMLAttributes) {
  return <button type="button" class="linklike" {...attributes} />;
}
