import { type Uri, workspace } from 'vscode';

/** A pattern that fits this name alone. */
export function escapeGlob(name: string): string {
  return name.replace(/[[\]{}*?]/g, (character) => `[${character}]`);
}

export const localFilesByName = async (glob: string): Promise<Uri[]> =>
  (await filesByName(glob)).filter(({ scheme }) => scheme === 'file');

/** Files of the workspace to choose from, by name as in the Explorer. A search finds them in any order. */
export async function filesByName(
  glob: string,
  { most = 50, except = [] }: { most?: number; except?: readonly string[] } = {},
): Promise<Uri[]> {
  const ignored = `**/{${['node_modules', '.git', ...except].join(',')}}/**`;
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return (await workspace.findFiles(glob, ignored, most)).sort((a, b) =>
    compare(workspace.asRelativePath(a), workspace.asRelativePath(b)),
  );
}
