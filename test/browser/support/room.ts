/** How a page uses its room, found in the page itself. Each function runs in the page and knows nothing from outside of it. */
import type { Drawn } from './drawn';

/** What the user cannot read to its end: text, choices and fields that their box is too small for; in words. */
export function cutTexts(): string[] {
  const bad = new Set<string>();
  const { shown, texts } = (window as unknown as { drawn: Drawn }).drawn;
  const named = (element: Element, text: string): string =>
    `${element.closest('section')?.className ?? 'page'} ${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} "${text.trim().slice(0, 50)}"`;
  /** The next box that hides what is beyond it to a side, and what is beyond it above or below. */
  const around = (element: Element, axis: 'overflowX' | 'overflowY'): DOMRect | undefined => {
    for (let at: Element | null = element; at && at !== document.body; at = at.parentElement) {
      const overflow = getComputedStyle(at)[axis];
      if (overflow === 'hidden' || overflow === 'clip') return at.getBoundingClientRect();
      if (overflow !== 'visible') return undefined;
    }
    return undefined;
  };
  for (const { element, said, boxes } of texts()) {
    const [across, down] = [around(element, 'overflowX'), around(element, 'overflowY')];
    if (!across && !down) continue;
    for (const { left, right, top, bottom } of boxes)
      if (
        (across && (left < across.left - 1.5 || right > across.right + 1.5)) ||
        (down && (top < down.top - 4 || bottom > down.bottom + 4))
      )
        bad.add(`cut: ${named(element, said)}`);
  }
  // Tables are wide, and the strip of a narrow page lies; all else that scrolls does so up and down.
  for (const element of document.querySelectorAll('main, main *'))
    if (
      /auto|scroll/.test(getComputedStyle(element).overflowX) &&
      element.scrollWidth > element.clientWidth + 1 &&
      shown(element) &&
      !element.matches('.scroll-x, .flow')
    )
      bad.add(`scrolls sideways: ${element.getAttribute('class')}`);
  for (const element of document.querySelectorAll('vscode-dropdown, vscode-text-field')) {
    if (!shown(element)) continue;
    const inside = element.shadowRoot?.querySelector<HTMLElement>('.selected-value, input');
    if (!inside || element.getBoundingClientRect().width === 0) continue;
    const said = inside instanceof HTMLInputElement ? inside.value : inside.textContent;
    if (inside.scrollWidth > inside.clientWidth + 1) bad.add(`cut: ${named(element, said)}`);
  }
  return [...bad];
}

/** Share of the page that the largest rectangle without anything drawn takes, and where it is. */
export function largestGap(): { share: number; where: string } {
  const step = 8;
  const [columns, rows] = [Math.floor(innerWidth / step), Math.floor(innerHeight / step)];
  const full = new Uint8Array(columns * rows);
  const fill = ({ left, right, top, bottom }: DOMRect, frame: Element | null): void => {
    let [l, r, t, b] = [left, right, top, bottom];
    for (let at = frame; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflow === 'visible') continue;
      const box = at.getBoundingClientRect();
      [l, r, t, b] = [
        ...[Math.max(l, box.left), Math.min(r, box.right)],
        ...[Math.max(t, box.top), Math.min(b, box.bottom)],
      ] as [number, number, number, number];
    }
    for (let y = Math.max(0, Math.floor(t / step)); y < Math.min(rows, b / step); y++)
      for (let x = Math.max(0, Math.floor(l / step)); x < Math.min(columns, r / step); x++)
        full[y * columns + x] = 1;
  };
  const { shown, texts } = (window as unknown as { drawn: Drawn }).drawn;
  for (const { element, boxes } of texts()) for (const box of boxes) fill(box, element);
  // A chart is drawn where its shapes are; their box counts, as space between ticks and lines belongs to it.
  for (const drawn of document.querySelectorAll('canvas, svg, input, vscode-dropdown, vscode-text-field'))
    if (shown(drawn) && (drawn.tagName !== 'svg' || drawn.childElementCount > 0))
      fill(drawn.getBoundingClientRect(), drawn.parentElement);
  let best = { area: 0, where: '' };
  const heights = new Int32Array(columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) heights[x] = full[y * columns + x] ? 0 : heights[x]! + 1;
    for (let x = 0; x < columns; x++) {
      let low = heights[x]!;
      for (let wide = 1; low > 0 && x + wide <= columns; wide++) {
        low = Math.min(low, heights[x + wide - 1]!);
        if (low * wide > best.area)
          best = {
            area: low * wide,
            where: `${wide * step}×${low * step} at ${x * step}, ${(y - low + 1) * step}`,
          };
      }
    }
  }
  return { share: best.area / (columns * rows), where: best.where };
}

/** Charts of the diagnostics that are not to be seen as a whole. */
export function hiddenCharts(): string[] {
  // One of five steps back where five have no room.
  const charts = [...document.querySelectorAll('.diag .charts .chart')].filter(
    (chart) => getComputedStyle(chart).display !== 'none',
  );
  if (charts.length < 4) return [`there are ${charts.length} charts`];
  return charts.flatMap((chart) => {
    const box = chart.getBoundingClientRect();
    const panel = chart.closest('.panel')!.getBoundingClientRect();
    const name = chart.querySelector('h3')?.textContent ?? '';
    if (box.height < 40) return [`${name} is ${Math.round(box.height)} high`];
    const inside = box.top >= panel.top - 1 && box.bottom <= Math.min(panel.bottom, innerHeight) + 1;
    return inside ? [] : [`${name} ends at ${Math.round(box.bottom)} of ${Math.round(panel.bottom)}`];
  });
}
