/** What the charts of commands share: an SVG with its title, a page around it, and the file that either goes to. */
import path from 'node:path';
import { escaped } from '../base/escaped';
import { writeAtomically } from '../files/atomic';
import { checkOutput } from './output-file';

/** As attributes have it: a tenth of a pixel is enough. */
export const coordinate = (value: number): string => String(Number(value.toFixed(1)));

export interface Drawing {
  width: number;
  height: number;
  title: string;
  /** Left edge of the title. */
  left: number;
  /** Styles besides the page's, the grid's, the axes', and small and bold text. */
  style?: string;
  content: string;
}

export function svgOf({ width, height, title, left, style = '', content }: Drawing): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escaped(title)}">
<style>.page{fill:#fff}.grid{stroke:#e3e6ea}.axis{stroke:#5b6b7f}.small{font-size:11.5px;fill:#44505e}.head{font-weight:600;fill:#1b2430}${style}</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="head" x="${left}" y="24">${escaped(title)}</text>
${content}
</svg>
`;
}

/** @param tables rows of each, its head first */
export function chartPage(
  title: string,
  svg: string,
  tables: readonly (readonly (readonly string[])[])[],
): string {
  const row = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const shown = tables.map(
    ([head = [], ...body]) =>
      `<table>\n${row(head, 'th')}\n${body.map((cells) => row(cells, 'td')).join('\n')}\n</table>\n`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>body{max-width:760px;margin:24px auto;padding:0 16px;font:14px system-ui,sans-serif;color:#1b2430;background:#fff}table{border-collapse:collapse;margin-top:16px}th,td{padding:4px 12px 4px 0;text-align:right}th:first-child,td:first-child{text-align:left}</style>
<h1>${escaped(title)}</h1>
${svg}${shown.join('')}</html>
`;
}

/** Drawn as .svg, or as .html with tables; undefined where there is nothing to draw. */
interface Chart {
  svg(): string | undefined;
  page(): string | undefined;
}

/**
 * Checks a name before anything is computed.
 * @returns what writes the chart there at once, and its path where something was drawn
 * @throws UserError
 */
export async function chartFile(
  file: string | undefined,
): Promise<(chart: Chart) => Promise<string | undefined>> {
  if (file === undefined) return () => Promise.resolve(undefined);
  const format = await checkOutput(file, ['.svg', '.html'], '--chart');
  const target = path.resolve(file);
  return async (chart) => {
    const drawn = format === '.svg' ? chart.svg() : chart.page();
    if (drawn === undefined) return undefined;
    await writeAtomically(target, Buffer.from(drawn));
    return target;
  };
}
