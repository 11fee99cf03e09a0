/** What is wrong with where things stand, found in the page itself. Each function runs in the page and knows nothing from outside of it. */
import type { Drawn } from './drawn';

/** Puts a word over the first heading. */
export function spoil(): void {
  const box = document.querySelector('h1')!.getBoundingClientRect();
  const word = document.createElement('p');
  word.id = 'spoil';
  word.textContent = 'a word';
  word.style.cssText = `position:fixed;left:${box.left}px;top:${box.top}px`;
  document.body.append(word);
}

/** Runs in the page: what stands beside the pane, over something else, or is cut off; in words. */
export function misplaced(): string[] {
  const bad: string[] = [];
  const width = window.innerWidth;
  if (document.documentElement.scrollWidth > width)
    bad.push(`the page is ${document.documentElement.scrollWidth} wide in ${width}`);
  const named = (element: Element): string =>
    `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} "${element.textContent.trim().slice(0, 40)}"`;
  const scrolls = (element: Element): boolean => {
    for (let at = element.parentElement; at; at = at.parentElement)
      if (
        at !== document.body &&
        /auto|scroll/.test(getComputedStyle(at).overflowX) &&
        at.scrollWidth > at.clientWidth
      )
        return true;
    return false;
  };
  /** What of a box is seen through the boxes around it. */
  const visible = (
    from: Element | null,
    box: DOMRect,
  ): { l: number; t: number; r: number; b: number } | undefined => {
    const seen = { l: box.left, t: box.top, r: box.right, b: box.bottom };
    for (let at = from; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflow === 'visible') continue;
      const around = at.getBoundingClientRect();
      seen.l = Math.max(seen.l, around.left);
      seen.t = Math.max(seen.t, around.top);
      seen.r = Math.min(seen.r, around.right);
      seen.b = Math.min(seen.b, around.bottom);
    }
    return seen.r - seen.l > 1 && seen.b - seen.t > 1 ? seen : undefined;
  };
  interface Part {
    element: Element;
    box: { l: number; t: number; r: number; b: number };
  }
  const parts: Part[] = [];
  const { shown, texts } = (window as unknown as { drawn: Drawn }).drawn;
  for (const { element, boxes } of texts()) {
    for (const box of boxes) {
      const seen = visible(element, box);
      if (seen) parts.push({ element, box: seen });
    }
    // Cut off without an ellipsis or without a place that has the whole.
    const style = getComputedStyle(element);
    if (
      style.overflowX === 'hidden' &&
      element.scrollWidth > element.clientWidth + 1 &&
      !(style.textOverflow === 'ellipsis' && element.closest('[title], [aria-label]'))
    )
      bad.push(`cut off: ${named(element)}`);
  }
  const controls =
    'button, input, select, summary, vscode-button, vscode-dropdown, vscode-text-field, [role=tab]';
  for (const element of document.querySelectorAll(controls)) {
    if (!shown(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0) continue;
    if ((box.right > width + 0.5 || box.left < -0.5) && !scrolls(element))
      bad.push(`beside the pane: ${named(element)}`);
    const seen = visible(element.parentElement, box);
    if (seen && !element.parentElement?.closest(controls)) parts.push({ element, box: seen });
  }
  for (const { element, box } of parts)
    if (box.r > width + 1 && !scrolls(element)) bad.push(`beside the pane: ${named(element)}`);
  for (let i = 0; i < parts.length; i++)
    for (let j = i + 1; j < parts.length; j++) {
      const [a, b] = [parts[i]!, parts[j]!];
      if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
      const across = Math.min(a.box.r, b.box.r) - Math.max(a.box.l, b.box.l);
      const down = Math.min(a.box.b, b.box.b) - Math.max(a.box.t, b.box.t);
      if (across > 2 && down > 3) bad.push(`${named(a.element)} lies over ${named(b.element)}`);
    }
  return [...new Set(bad)].slice(0, 12);
}
